//! What a namespace's labels ask of its pods.
//!
//! Upstream: pod-security-admission/api/helpers.go and attributes of its configuration.

use crate::{admission::pod::text, failure::Cause};
use serde_json::Value;
use std::fmt;

const PREFIX: &str = "pod-security.kubernetes.io/";

/// How much pods may do, the most first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    Privileged,
    Baseline,
    Restricted,
}

/// A level as one release of Kubernetes defines it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Standard {
    pub(super) level: Level,
    /// The minor version; `None` is the newest.
    pub(super) minor: Option<u32>,
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        };
        match self.minor {
            None => write!(f, "{level}:latest"),
            Some(minor) => write!(f, "{level}:v1.{minor}"),
        }
    }
}

/// What becomes of pods that do too much.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Policy {
    /// They are refused.
    pub(super) enforce: Standard,
    /// The audit log is told.
    pub(super) audit: Standard,
    /// The client is told.
    pub(super) warn: Standard,
}

impl Policy {
    /// What holds where a namespace says nothing: what the plugin was told, or nothing at all.
    pub(super) fn of_configuration(defaults: &Value) -> Self {
        let standard = |mode: &str| Standard {
            level: level(text(&defaults[mode])).unwrap_or(Level::Privileged),
            minor: minor(text(&defaults[format!("{mode}-version")])).unwrap_or(None),
        };
        Self { enforce: standard("enforce"), audit: standard("audit"), warn: standard("warn") }
    }

    /// With what a namespace's labels say; what is wrong with them. A level that cannot be read is
    /// the strictest.
    pub(super) fn with_labels(mut self, labels: &Value) -> (Self, Vec<Cause>) {
        let mut faults = Vec::new();
        let said = |name: &str| labels[format!("{PREFIX}{name}")].as_str();
        for (mode, standard) in
            [("enforce", &mut self.enforce), ("audit", &mut self.audit), ("warn", &mut self.warn)]
        {
            if let Some(value) = said(mode) {
                standard.level = level(value).unwrap_or_else(|| {
                    let rule = "must be one of privileged, baseline, restricted";
                    faults.push(fault(mode, value, rule));
                    Level::Restricted
                });
            }
            let version = format!("{mode}-version");
            if let Some(value) = said(&version) {
                standard.minor = minor(value).unwrap_or_else(|| {
                    faults.push(fault(&version, value, "must be \"latest\" or \"v1.x\""));
                    None
                });
            }
        }
        // Whoever makes a controller is to hear that its pods will be refused.
        let stricter = self.enforce.level > self.warn.level;
        if said("warn").is_none() && said("enforce").is_some() && stricter {
            self.warn.level = self.enforce.level;
            if said("warn-version").is_none() {
                self.warn.minor = self.enforce.minor;
            }
        }
        (self, faults)
    }
}

fn fault(label: &str, value: &str, rule: &str) -> Cause {
    Cause {
        reason: "FieldValueInvalid",
        message: format!("Invalid value: {value:?}: {rule}"),
        field: format!("metadata.labels[{PREFIX}{label}]"),
    }
}

fn level(text: &str) -> Option<Level> {
    match text {
        "privileged" => Some(Level::Privileged),
        "baseline" => Some(Level::Baseline),
        "restricted" => Some(Level::Restricted),
        _ => None,
    }
}

/// `latest` is `Some(None)`, `v1.7` is `Some(Some(7))`.
fn minor(text: &str) -> Option<Option<u32>> {
    if text == "latest" {
        return Some(None);
    }
    let digits = text.strip_prefix("v1.")?;
    let plain = digits == "0" || !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels_are_read() {
        let nothing = Policy::of_configuration(&Value::Null);
        let read = |labels: Value| {
            let (policy, faults) = nothing.with_labels(&labels);
            let modes = [policy.enforce, policy.audit, policy.warn].map(|one| one.to_string());
            (modes.join(" "), faults.iter().map(|fault| fault.message.clone()).collect::<Vec<_>>())
        };
        let cases = [
            (json!({}), "privileged:latest privileged:latest privileged:latest", 0),
            (
                json!({"pod-security.kubernetes.io/enforce": "baseline",
                    "pod-security.kubernetes.io/enforce-version": "v1.24"}),
                "baseline:v1.24 privileged:latest baseline:v1.24",
                0,
            ),
            (
                json!({"pod-security.kubernetes.io/warn": "restricted"}),
                "privileged:latest privileged:latest restricted:latest",
                0,
            ),
            (
                json!({"pod-security.kubernetes.io/enforce": "strict",
                    "pod-security.kubernetes.io/audit-version": "1.2"}),
                "restricted:latest privileged:latest restricted:latest",
                2,
            ),
        ];
        for (labels, expected, faults) in cases {
            let (found, said) = read(labels.clone());
            assert_eq!((found.as_str(), said.len()), (expected, faults), "{labels}");
        }
    }
}

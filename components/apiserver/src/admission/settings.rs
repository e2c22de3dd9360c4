//! Which plugins run, and how they are told to.
//!
//! Upstream: apiserver/pkg/server/options/admission.go and admission/config.go.

use super::{ABSENT, PLUGINS};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// `--enable-admission-plugins`, `--disable-admission-plugins` and what
/// `--admission-control-config-file` says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    enabled: BTreeSet<String>,
    disabled: BTreeSet<String>,
    /// By plugin.
    configurations: BTreeMap<String, Value>,
}

/// Why plugins cannot be set so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// There is no such plugin.
    #[error("{flag} plugin {name:?} is unknown")]
    Unknown {
        /// Which flag names it.
        flag: &'static str,
        /// The name.
        name: String,
    },
    /// It exists upstream, and is not served here.
    #[error("enable-admission-plugins plugin {0:?} is not served")]
    Absent(String),
    /// A plugin is to run and not to run.
    #[error("{0:?} in enable-admission-plugins and disable-admission-plugins overlapped")]
    Both(Vec<String>),
}

impl Settings {
    /// Checks the plugins' names.
    ///
    /// # Errors
    /// A name that no plugin has, or that is on both lists.
    pub fn new(
        enabled: &[String],
        disabled: &[String],
        configurations: BTreeMap<String, Value>,
    ) -> Result<Self, BadSettings> {
        let there = |name: &str| PLUGINS.iter().any(|plugin| plugin.name == name);
        for (flag, names) in
            [("enable-admission-plugins", enabled), ("disable-admission-plugins", disabled)]
        {
            let unknown =
                names.iter().find(|name| !there(name) && !ABSENT.contains(&name.as_str()));
            if let Some(name) = unknown {
                return Err(BadSettings::Unknown { flag, name: name.clone() });
            }
        }
        if let Some(name) = enabled.iter().find(|name| !there(name)) {
            return Err(BadSettings::Absent(name.clone()));
        }
        let enabled: BTreeSet<String> = enabled.iter().cloned().collect();
        let disabled: BTreeSet<String> = disabled.iter().cloned().collect();
        let both: Vec<String> = enabled.intersection(&disabled).cloned().collect();
        if !both.is_empty() {
            return Err(BadSettings::Both(both));
        }
        Ok(Self { enabled, disabled, configurations })
    }

    /// Whether a plugin runs.
    pub(super) fn runs(&self, name: &str, by_default: bool) -> bool {
        self.enabled.contains(name) || (by_default && !self.disabled.contains(name))
    }

    /// What a plugin was told; null where nothing.
    pub(crate) fn of(&self, name: &str) -> &Value {
        self.configurations.get(name).unwrap_or(&Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let set = |on: &[&str], off: &[&str]| {
            let all = |names: &[&str]| -> Vec<String> {
                names.iter().map(|name| (*name).to_owned()).collect()
            };
            Settings::new(&all(on), &all(off), BTreeMap::new())
        };
        let refused = |on: &[&str], off: &[&str]| set(on, off).unwrap_err().to_string();
        assert_eq!(refused(&["X"], &[]), "enable-admission-plugins plugin \"X\" is unknown");
        assert_eq!(refused(&[], &["Y"]), "disable-admission-plugins plugin \"Y\" is unknown");
        assert_eq!(
            refused(&["LimitRanger"], &["LimitRanger"]),
            "[\"LimitRanger\"] in enable-admission-plugins and disable-admission-plugins overlapped"
        );
        let only = set(&["AlwaysPullImages"], &["LimitRanger", "PodGroupProtection"]).unwrap();
        assert!(only.runs("AlwaysPullImages", false) && only.runs("NamespaceLifecycle", true));
        assert!(!only.runs("LimitRanger", true) && !only.runs("EventRateLimit", false));
    }
}

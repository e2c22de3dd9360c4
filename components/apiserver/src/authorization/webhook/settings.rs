//! What a webhook of an `AuthorizationConfiguration` is told of itself.
//!
//! Upstream: apiserver/pkg/apis/apiserver/v1/{types,defaults}.go,
//! pkg/apis/apiserver/validation/validation.go (ValidateWebhookConfiguration).

use super::{AuthorizationWebhook, Conditions};
use crate::{
    faults::{invalid, not_supported, required},
    remote::Remote,
};
use api::validation::Errors;
use host::Host;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::time::Duration;

/// An attempt may have so long.
const TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// `webhook` of one entry.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(in super::super) struct Settings {
    #[serde(rename = "authorizedTTL")]
    authorized_ttl: Span,
    cache_authorized_requests: bool,
    #[serde(rename = "unauthorizedTTL")]
    unauthorized_ttl: Span,
    cache_unauthorized_requests: bool,
    timeout: Span,
    subject_access_review_version: String,
    match_condition_subject_access_review_version: String,
    failure_policy: String,
    connection_info: Connection,
    match_conditions: Vec<Condition>,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Connection {
    #[serde(rename = "type")]
    kind: String,
    kube_config_file: Option<String>,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Condition {
    pub(super) expression: String,
}

/// A duration as Go writes it, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
struct Span(i64);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let read = cel::value::Duration::parse(&text);
        let wrong = || D::Error::custom(format!("time: invalid duration {text:?}"));
        read.map(|it| Self(it.nanos)).ok_or_else(wrong)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.told())
    }
}

impl Span {
    fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000_000_000)
    }

    fn told(self) -> String {
        cel::value::Duration { nanos: self.0 }.to_string()
    }

    fn duration(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0).unwrap_or_default())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            authorized_ttl: Span::seconds(300),
            cache_authorized_requests: true,
            unauthorized_ttl: Span::seconds(30),
            cache_unauthorized_requests: true,
            timeout: Span::default(),
            subject_access_review_version: String::new(),
            match_condition_subject_access_review_version: String::new(),
            failure_policy: String::new(),
            connection_info: Connection::default(),
            match_conditions: Vec::new(),
        }
    }
}

impl Settings {
    /// The webhook itself. It reads files, and so blocks.
    ///
    /// # Errors
    /// Its kubeconfig cannot be followed.
    pub(in super::super) fn webhook(&self, host: &Host) -> Result<AuthorizationWebhook, String> {
        let Some(path) = &self.connection_info.kube_config_file else {
            return Err("unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and \
                        KUBERNETES_SERVICE_PORT must be defined"
                .into());
        };
        let lasts = |cached: bool, span: Span| match cached {
            true => span.duration(),
            false => Duration::ZERO,
        };
        let (conditions, _) = Conditions::compile(&self.match_conditions, "");
        Ok(AuthorizationWebhook {
            remote: Remote::from_kubeconfig(host, path)?,
            version: self.subject_access_review_version.clone(),
            timeout: self.timeout.duration(),
            authorized: lasts(self.cache_authorized_requests, self.authorized_ttl),
            unauthorized: lasts(self.cache_unauthorized_requests, self.unauthorized_ttl),
            fails_closed: self.failure_policy == "Deny",
            conditions,
        })
    }

    pub(in super::super) fn faults(
        &self,
        field: &str,
        exists: &dyn Fn(&str) -> Result<(), String>,
    ) -> Errors {
        let at = |name: &str| format!("{field}.{name}");
        let mut faults = Errors::new();
        let (timeout, told) = (self.timeout.0, self.timeout.told());
        match timeout {
            0 => faults.push(required(&at("timeout"), "")),
            _ if timeout < 0 || self.timeout.duration() > TIMEOUT_MAX => {
                faults.push(invalid(&at("timeout"), told, "must be > 0s and <= 30s"));
            }
            _ => {}
        }
        for (name, span) in
            [("authorizedTTL", self.authorized_ttl), ("unauthorizedTTL", self.unauthorized_ttl)]
        {
            match span.0 {
                0 => faults.push(required(&at(name), "")),
                ..0 => faults.push(invalid(&at(name), span.told(), "must be > 0s")),
                _ => {}
            }
        }
        let choices: [(&str, &str, &[&str]); 2] = [
            ("subjectAccessReviewVersion", &self.subject_access_review_version, &["v1", "v1beta1"]),
            ("failurePolicy", &self.failure_policy, &["NoOpinion", "Deny"]),
        ];
        for (name, value, known) in choices {
            match value {
                "" => faults.push(required(&at(name), "")),
                value if known.contains(&value) => {}
                other => faults.push(not_supported(&at(name), other, known)),
            }
        }
        faults.extend(self.matching_faults(field));
        faults.extend(self.connection_info.faults(&at("connectionInfo"), exists));
        faults
    }

    fn matching_faults(&self, field: &str) -> Errors {
        let place = format!("{field}.matchConditionSubjectAccessReviewVersion");
        let (_, mut faults) = Conditions::compile(&self.match_conditions, field);
        match self.match_condition_subject_access_review_version.as_str() {
            "" if !self.match_conditions.is_empty() => {
                let why = "required if match conditions are specified";
                faults.insert(0, required(&place, why));
            }
            "" | "v1" => {}
            other => faults.insert(0, not_supported(&place, other, &["v1"])),
        }
        faults
    }
}

impl Connection {
    fn faults(&self, field: &str, exists: &dyn Fn(&str) -> Result<(), String>) -> Errors {
        let place = format!("{field}.kubeConfigFile");
        let path = self.kube_config_file.as_deref();
        let fault = match (self.kind.as_str(), path) {
            ("", _) => required(&format!("{field}.type"), ""),
            ("InClusterConfig", Some(path)) => {
                invalid(&place, path, "can only be set when type=KubeConfigFile")
            }
            ("InClusterConfig", None) => return Vec::new(),
            ("KubeConfigFile", None | Some("")) => required(&place, ""),
            ("KubeConfigFile", Some(path)) if !path.starts_with('/') => {
                invalid(&place, path, "must be an absolute path")
            }
            ("KubeConfigFile", Some(path)) => match exists(path) {
                Ok(()) => return Vec::new(),
                Err(why) => invalid(&place, path, format!("error loading file: {why}")),
            },
            (other, _) => {
                let known = ["InClusterConfig", "KubeConfigFile"];
                not_supported(&format!("{field}.type"), other, &known)
            }
        };
        vec![fault]
    }
}

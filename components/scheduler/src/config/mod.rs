//! `KubeSchedulerConfiguration`: which profiles there are, and what all of them share.
//!
//! Members about Go's runtime and upstream's client (`parallelism`, profiling, content types,
//! `delayCacheUntilActive`) are known and mean nothing here.
//!
//! Upstream: kube-scheduler/config/v1/types.go, pkg/scheduler/apis/config/v1/defaults.go.

mod extender;
mod fields;
mod profiles;

pub use extender::{Extender, Verbs};
pub use fields::ConfigError;

use crate::{
    framework::{Profile, Registry},
    plugins,
    queue::Backoff,
};
use client::{Rate, election::Timing};
use fields::{Fields, duration};
use serde_json::{Value, json};
use std::time::Duration;

/// What a scheduler is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// At least one; pods choose by name.
    pub profiles: Vec<Profile>,
    /// Who else is asked.
    pub extenders: Vec<Extender>,
    /// How long pods that had no place wait.
    pub backoff: Backoff,
    /// Pods are tried again after this time without a change.
    pub patience: Duration,
    /// Only one replica of several decides.
    pub elect: bool,
    /// Namespace and name of the lease.
    pub lease: (String, String),
    /// The times of the election.
    pub timing: Timing,
    /// How many requests are made at most.
    pub rate: Rate,
    /// Where the way to the API server is told; empty: not here.
    pub kubeconfig: String,
}

/// How a configuration says what it is.
pub const API_VERSION: &str = "kubescheduler.config.k8s.io/v1";
const KIND: &str = "KubeSchedulerConfiguration";

impl Default for Config {
    fn default() -> Self {
        let nothing = json!({"apiVersion": API_VERSION, "kind": KIND});
        Self::read(&nothing, &plugins::registry()).expect("invariant: the defaults are valid")
    }
}

impl Config {
    /// Reads YAML or JSON.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let value: Value = serde_yaml_ng::from_str(text)
            .map_err(|error| ConfigError(format!("couldn't decode the configuration: {error}")))?;
        Self::read(&value, &plugins::registry())
    }

    /// Reads a configuration whose profiles may use these plugins.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(value: &Value, registry: &Registry) -> Result<Self, ConfigError> {
        let (version, kind) = (value["apiVersion"].as_str(), value["kind"].as_str());
        if version != Some(API_VERSION) || kind != Some(KIND) {
            let said = format!("apiVersion {version:?}, kind {kind:?}");
            return Err(ConfigError(format!("couldn't decode as {KIND}, got {said}")));
        }
        let fields = Fields::of(
            value,
            "",
            &[
                "apiVersion",
                "kind",
                "parallelism",
                "leaderElection",
                "clientConnection",
                "enableProfiling",
                "enableContentionProfiling",
                "percentageOfNodesToScore",
                "podInitialBackoffSeconds",
                "podMaxBackoffSeconds",
                "profiles",
                "extenders",
                "delayCacheUntilActive",
            ],
        )?;
        let election = Fields::of(
            &value["leaderElection"],
            "leaderElection.",
            &[
                "leaderElect",
                "leaseDuration",
                "renewDeadline",
                "retryPeriod",
                "resourceLock",
                "resourceName",
                "resourceNamespace",
            ],
        )?;
        let connection = Fields::of(
            &value["clientConnection"],
            "clientConnection.",
            &["kubeconfig", "acceptContentTypes", "contentType", "qps", "burst"],
        )?;
        let extenders = extender::read(&value["extenders"])?;
        let ignored: Vec<String> = extenders.iter().flat_map(|one| one.ignored.clone()).collect();
        let first = fields.number("podInitialBackoffSeconds", 1, (1, i64::MAX))?;
        let most = fields.number("podMaxBackoffSeconds", 10, (1, i64::MAX))?;
        if most < first {
            let why = "must be greater than or equal to PodInitialBackoffSeconds";
            return Err(ConfigError(format!("podMaxBackoffSeconds: Invalid value: {most}: {why}")));
        }
        let seconds = |number: i64| Duration::from_secs(number.unsigned_abs());
        let burst = connection.number("burst", 100, (0, i64::from(u32::MAX)))?;
        Ok(Self {
            profiles: profiles::read(value, &ignored, registry)?,
            extenders,
            backoff: Backoff { first: seconds(first), most: seconds(most) },
            patience: Duration::from_secs(300),
            elect: election.flag("leaderElect", true),
            lease: (
                election.text("resourceNamespace", "kube-system"),
                election.text("resourceName", "kube-scheduler"),
            ),
            timing: timing(&election)?,
            rate: Rate {
                qps: connection.value("qps").as_f64().unwrap_or(50.0),
                burst: u32::try_from(burst).unwrap_or(u32::MAX),
            },
            kubeconfig: connection.text("kubeconfig", ""),
        })
    }
}

fn timing(election: &Fields<'_>) -> Result<Timing, ConfigError> {
    let default = Timing::default();
    let timing = Timing {
        lease: duration(election, "leaseDuration", default.lease)?,
        renew: duration(election, "renewDeadline", default.renew)?,
        retry: duration(election, "retryPeriod", default.retry)?,
    };
    timing.check().map_err(|error| ConfigError(format!("leaderElection: {error}")))
}

#[cfg(test)]
mod tests;

//! Who else is asked about nodes, over HTTP.
//!
//! Upstream: kube-scheduler/config/v1/types.go (Extender).

use super::fields::{ConfigError, Fields, duration};
use crate::objects::{items, text};
use serde_json::Value;
use std::time::Duration;

/// What an extender is asked for; an empty one is not asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verbs {
    /// Which nodes will do.
    pub filter: String,
    /// How good they are.
    pub prioritize: String,
    /// To bind the pod itself.
    pub bind: String,
}

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extender {
    /// Where it is asked; verbs are appended.
    pub url: String,
    /// What for.
    pub verbs: Verbs,
    /// How much its scores count.
    pub weight: i64,
    /// At most for an answer.
    pub timeout: Duration,
    /// It knows nodes: names are enough.
    pub names_only: bool,
    /// It is asked only about pods that ask for one of these; about all where there are none.
    pub resources: Vec<String>,
    /// Resources of those that the scheduler itself does not count.
    pub ignored: Vec<String>,
    /// A pod is placed without it where it does not answer.
    pub ignorable: bool,
    /// PEM of who signed its certificate; none: the certificate is not looked at.
    pub authority: Option<String>,
}

pub(super) fn read(list: &Value) -> Result<Vec<Extender>, ConfigError> {
    list.as_array().into_iter().flatten().map(one).collect()
}

fn one(value: &Value) -> Result<Extender, ConfigError> {
    let fields = Fields::of(
        value,
        "extenders.",
        &[
            "urlPrefix",
            "filterVerb",
            "preemptVerb",
            "prioritizeVerb",
            "weight",
            "bindVerb",
            "enableHTTPS",
            "tlsConfig",
            "httpTimeout",
            "nodeCacheCapable",
            "managedResources",
            "ignorable",
        ],
    )?;
    let verbs = Verbs {
        filter: fields.text("filterVerb", ""),
        prioritize: fields.text("prioritizeVerb", ""),
        bind: fields.text("bindVerb", ""),
    };
    if !fields.text("preemptVerb", "").is_empty() {
        return Err(ConfigError("extenders.preemptVerb: Unsupported value".to_owned()));
    }
    let weight = fields.number("weight", 0, (0, i64::MAX))?;
    if !verbs.prioritize.is_empty() && weight == 0 {
        let why = "must have a positive weight applied to it";
        return Err(ConfigError(format!("extenders.weight: Invalid value: {weight}: {why}")));
    }
    let resources = || items(value, "managedResources");
    let ignored = resources().filter(|it| it["ignoredByScheduler"].as_bool() == Some(true));
    Ok(Extender {
        url: fields.text("urlPrefix", ""),
        verbs,
        weight,
        timeout: duration(&fields, "httpTimeout", Duration::from_secs(5))?,
        names_only: fields.flag("nodeCacheCapable", false),
        resources: resources().map(|it| text(it, "name").to_owned()).collect(),
        ignored: ignored.map(|it| text(it, "name").to_owned()).collect(),
        ignorable: fields.flag("ignorable", false),
        authority: value["tlsConfig"]["caData"].as_str().map(str::to_owned),
    })
}

//! A story to be run: one type that is parsed, generated from a seed, shrunk and printed.
//!
//! A hand-written story, a generated run, a minimal failing case and a regression test are the same
//! file. Steps say *when* and *what* and carry no logic; what needs an `if` is Rust.
//!
//! - [`Scenario::parse`] reads a file and names what is wrong with its line;
//! - [`Scenario::drawn`] makes everything explicit that a seed decides: chaos becomes steps;
//! - [`shrink()`] finds the smallest scenario that still fails;
//! - [`Scenario::print`] writes it, byte for byte the same for the same scenario.

mod chaos;
mod check;
mod cluster;
mod condition;
mod general;
mod schedule;
mod seed;
mod shrink;
mod step;
mod swarm;
mod traffic;

pub use chaos::{Chaos, Intensity};
pub use check::Invalid;
pub use cluster::{Cluster, Settings, System};
pub use condition::{Condition, NotACondition};
pub use schedule::{Due, Schedule};
pub use seed::{NotASeed, Seed};
pub use shrink::{Failing, Shrunk, shrink};
pub use step::{Step, Traffick, What, When};
pub use swarm::Swarm;
pub use traffic::{Mix, Traffic};

use faults::{Budget, Span};
use serde::{Deserialize, Serialize};

/// Everything that decides a run, but for the seed of a story that has none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What happens, in one sentence.
    pub title: String,
    /// What it would mean for a user if this went wrong.
    pub why: String,
    /// Absent in a story: whoever runs it picks several. Present in a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Seed>,
    /// What is placed on the machines.
    #[serde(default)]
    pub cluster: Cluster,
    /// Who uses it.
    #[serde(default)]
    pub traffic: Traffic,
    /// What each seed decides for itself; nothing is left of it once drawn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub swarm: Vec<Swarm>,
    /// Faults that chance draws; steps once drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chaos: Option<Chaos>,
    /// How much may be broken at once.
    #[serde(default)]
    pub budget: Budget,
    /// What happens when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// How long faults may strike and clients may work. Then everything heals.
    pub duration: Span,
    /// What must hold.
    #[serde(default)]
    pub promises: Promises,
    /// Deliberate bugs that are switched on: only in the museum and in `negative/`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defects: Vec<String>,
    /// The oracle that must object: only in `negative/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaks: Option<String>,
}

/// What must hold, by the oracles' names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Promises {
    /// At every moment. The one word `all` stands for every oracle.
    #[serde(default)]
    pub always: Vec<String>,
    /// After everything healed: the cluster is back, and stays.
    #[serde(default)]
    pub eventually: Vec<String>,
    /// How long after everything healed `eventually` is; the default is 30 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
}

impl Promises {
    /// The word that stands for every oracle.
    pub const ALL: &str = "all";
    /// The default of `within`.
    pub const WITHIN: Span = Span::secs(30);

    /// How long the cluster has to come back.
    pub fn within(&self) -> Span {
        self.within.unwrap_or(Self::WITHIN)
    }

    /// True when an oracle of this name is asked for.
    pub fn want(&self, oracle: &str) -> bool {
        self.names().any(|name| name == Self::ALL || name == oracle)
    }

    /// Every name that is written.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.always.iter().chain(&self.eventually).map(String::as_str)
    }
}

impl Scenario {
    /// Reads a scenario and checks what types cannot say.
    ///
    /// # Errors
    /// What is wrong, with its line where there is one.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let scenario: Self = serde_yaml_ng::from_str(text).map_err(Invalid::Yaml)?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Writes it as YAML, byte for byte the same for the same scenario.
    ///
    /// # Panics
    /// Never for what [`Scenario::parse`] or [`Scenario::drawn`] gave.
    pub fn print(&self) -> String {
        serde_yaml_ng::to_string(self).expect("a scenario holds nothing that YAML cannot write")
    }

    /// Everything at once: every family, every limit, every promise, all drawn.
    ///
    /// # Panics
    /// Never: a test reads the same file.
    pub fn general() -> Self {
        let text = include_str!("../../../scenarios/etcd/swarm.yaml");
        Self::parse(text).expect("scenarios/etcd/swarm.yaml is a scenario")
    }

    /// The general hunt, by names: everything at once, and each part of etcd under the trouble that
    /// is worst for it. Seeds take them in turn.
    ///
    /// # Panics
    /// Never: a test reads the same files.
    pub fn general_hunt() -> Vec<(&'static str, Self)> {
        let parse = |text| Self::parse(text).expect("the stories of scenarios/etcd are scenarios");
        general::STORIES.iter().map(|(name, text)| (*name, parse(text))).collect()
    }

    /// As [`Scenario::general_hunt`], for API servers.
    ///
    /// # Panics
    /// Never: a test reads the same files.
    pub fn apiserver_hunt() -> Vec<(&'static str, Self)> {
        let parse = |text| Self::parse(text).expect("those of scenarios/apiserver are scenarios");
        general::APISERVER.iter().map(|(name, text)| (*name, parse(text))).collect()
    }

    /// A scenario made from nothing but a seed: the general hunt, drawn.
    pub fn generate(seed: u64) -> Self {
        Self::general().drawn(seed)
    }

    /// True when nothing is left for a seed to decide about the schedule.
    pub fn is_explicit(&self) -> bool {
        self.chaos.is_none() && self.swarm.is_empty() && self.seed.is_some()
    }

    /// How many of its steps are faults.
    pub fn fault_count(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step.what, What::Fault(_))).count()
    }
}

#[cfg(test)]
mod tests;

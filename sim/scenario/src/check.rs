//! What types cannot say about a scenario.

use crate::{Cluster, Promises, Scenario, What, When};
use faults::{Span, Target};

/// Most voting members: etcd's own advice is seven at most.
const MEMBERS_MAX: u16 = 9;
/// Most API servers.
const APISERVERS_MAX: u16 = 9;
/// The longest run, so that a slip of the pen does not run for a day.
const DURATION_MAX: Span = Span::secs(3_600 * 24);

/// What is wrong with a scenario.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// It is not YAML, or a word or value is wrong.
    #[error("{0}")]
    Yaml(serde_yaml_ng::Error),
    /// It makes no sense.
    #[error("{0}")]
    Senseless(String),
    /// A name that nobody has.
    #[error("unknown {what} '{name}'; there are: {list}")]
    Unknown {
        /// A name of what.
        what: &'static str,
        /// The name.
        name: String,
        /// Those there are.
        list: String,
    },
}

fn senseless<T>(text: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid::Senseless(text.into()))
}

impl Scenario {
    /// Checks what types cannot say.
    ///
    /// # Errors
    /// The first thing that makes no sense.
    pub fn check(&self) -> Result<(), Invalid> {
        let members = self.cluster.members;
        if members == 0 || members > MEMBERS_MAX {
            return senseless(format!("cluster.members is {members}, not 1 to {MEMBERS_MAX}"));
        }
        if self.duration == Span(0) || self.duration > DURATION_MAX {
            let is = self.duration;
            return senseless(format!("duration is {is}, not more than 0s and at most 24h"));
        }
        if self.traffic.clients > 0 && self.traffic.mix.sum() == 0 {
            return senseless("traffic.mix has no weight at all: clients have nothing to ask");
        }
        let traffic = &self.traffic;
        if self.cluster.apiservers > APISERVERS_MAX {
            return senseless(format!("cluster.apiservers is more than {APISERVERS_MAX}"));
        }
        let users = traffic.objects + traffic.object_watchers + traffic.estate;
        let components = traffic.followers + traffic.replicas + u16::from(traffic.webhook);
        if self.cluster.apiservers == 0 && users + components > 0 {
            return senseless("traffic has users of objects, but cluster has no apiservers");
        }
        if self.breaks.is_some() && self.defects.is_empty() {
            return senseless("'breaks' needs 'defects': nothing else may break a promise");
        }
        self.check_steps()?;
        let only = self.chaos.iter().flat_map(|chaos| &chaos.only);
        let faults: Vec<&str> = faults::ALL.iter().map(|entry| entry.name).collect();
        only.into_iter().try_for_each(|name| known("fault", name, &faults))
    }

    /// Checks the names of oracles against those that there are.
    ///
    /// # Errors
    /// The first unknown name.
    pub fn check_oracles(&self, oracles: &[&str]) -> Result<(), Invalid> {
        let named = self.promises.names().filter(|name| *name != Promises::ALL);
        named.chain(self.breaks.as_deref()).try_for_each(|name| known("oracle", name, oracles))
    }

    fn check_steps(&self) -> Result<(), Invalid> {
        for (index, step) in self.steps.iter().enumerate() {
            let number = index + 1;
            if let When::At(at) = step.when
                && at > self.duration
            {
                let end = self.duration;
                return senseless(format!("step {number} is at {at}, after the end at {end}"));
            }
            if let What::Fault(fault) = &step.what {
                check_target(fault.target(), &self.cluster, number)?;
            }
        }
        Ok(())
    }
}

fn check_target(target: &Target, cluster: &Cluster, step: usize) -> Result<(), Invalid> {
    let groups = cluster.groups();
    if groups.contains(&target.group.as_str()) {
        return Ok(());
    }
    let there = groups.join(" and ");
    senseless(format!("step {step} strikes '{target}', but there are only {there}"))
}

fn known(what: &'static str, name: &str, all: &[&str]) -> Result<(), Invalid> {
    if all.contains(&name) {
        return Ok(());
    }
    Err(Invalid::Unknown { what, name: name.to_owned(), list: all.join(", ") })
}

//! A definition's conditions, as they follow from it and from those of its group.

use crate::{
    failure::Failure,
    registry::{Registry, Target, Writing, metadata},
};
use api::definition::{Condition, approval, condition_is, is_trusted, names, set_condition};
use serde_json::Value;

impl Registry {
    /// Brings a definition's status up to date.
    pub(super) async fn settle_definition(
        &self,
        target: &Target,
        definition: &Value,
        all: &[&Value],
    ) -> Result<(), Failure> {
        let now = metadata::time(self.host.clock.wall());
        if settled(definition, all, &now) == *definition {
            return Ok(());
        }
        let decide = |present: &Value| Ok(settled(present, all, &now));
        self.modify(target, &Writing::own(), decide).await.map(drop)
    }

    /// Writes what is to be said of a definition.
    pub(super) async fn tell(
        &self,
        target: &Target,
        change: impl Fn(&mut Value, &str),
    ) -> Result<(), Failure> {
        let now = metadata::time(self.host.clock.wall());
        let decide = |present: &Value| {
            let mut new = present.clone();
            change(&mut new, &now);
            Ok(new)
        };
        self.modify(target, &Writing::own(), decide).await.map(drop)
    }
}

/// The definition with the status that it should have.
fn settled(definition: &Value, all: &[&Value], now: &str) -> Value {
    let mut new = definition.clone();
    let own = definition["metadata"]["name"].as_str().unwrap_or_default();
    let others = all.iter().copied().filter(|other| other["metadata"]["name"] != own);
    let named = names(definition, others.chain([definition]));
    let decided = named.is_some();
    if let Some(accepted) = named {
        new["status"]["acceptedNames"] = accepted.names;
        for condition in &accepted.conditions {
            set_condition(&mut new, condition, now);
        }
    }
    if let Some(condition) = approval(definition) {
        set_condition(&mut new, &condition, now);
    }
    // What is accepted is served by now, here at least.
    let established = condition_is(&new, "Established");
    if !decided && condition_is(&new, "NamesAccepted") && !established {
        set_condition(&mut new, &established_condition(definition), now);
    }
    new
}

/// A definition whose conversion webhook nobody could believe is not served.
fn established_condition(definition: &Value) -> Condition {
    let trusted = is_trusted(definition);
    let (reason, message) = match trusted {
        true => ("InitialNamesAccepted", "the initial names have been accepted"),
        false => ("InvalidCABundle", "The conversion webhook CABundle is invalid"),
    };
    Condition { name: "Established", holds: trusted, reason, message: message.into() }
}

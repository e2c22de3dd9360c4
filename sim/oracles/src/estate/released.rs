//! What services had and have no more is found again, and what they have is kept for them.

use super::{Deeds, items, services::SERVICES};
use crate::{
    Broken, Kind, Observation, Oracle, World,
    facts::SECOND,
    history::{History, Time},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// When all has been well for long, every address that is kept is a service's, and every service's
/// address is kept.
#[derive(Debug, Default)]
pub struct ServicesReleased {
    healed: Option<Time>,
    end: Time,
}

/// Servers wait so long before they take an address from a service that seems not to have it
/// (upstream: a minute), and look from time to time.
const FREED_AFTER: Time = 100 * SECOND;
/// A service that somebody wrote gets its address's object back so soon.
const KEPT_AFTER: Time = 30 * SECOND;

impl Oracle for ServicesReleased {
    const NAME: &'static str = "services_released";
    const KIND: Kind = Kind::Eventually;
    const PROMISE: &'static str = "The API server repairs: it finds IPs and ports that leaked and \
        releases them, and those that are used and not allocated (pkg/registry/core/service)";
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::World { at, event: World::Healed } => self.healed = Some(*at),
            Observation::World { at, event: World::End } => self.end = *at,
            Observation::History(record) => return self.judge(record.history),
            Observation::Fact(_) | Observation::World { .. } => {}
        }
        Ok(())
    }
}

/// What a key holds at the end, and since when.
type State<'a> = BTreeMap<&'a str, (Time, &'a Value)>;

impl ServicesReleased {
    fn judge(&self, history: &History) -> Result<(), Broken> {
        let deeds = Deeds::of(&history.estate.log);
        let Some(healed) = self.healed.filter(|_| deeds.is_whole()) else { return Ok(()) };
        let mut state = State::new();
        for deed in deeds.all() {
            match deed.after() {
                Some(object) => drop(state.insert(&deed.change.key, (deed.change.at, object))),
                None => drop(state.remove(&*deed.change.key)),
            }
        }
        let of = |prefix: &'static str| {
            state.iter().filter_map(move |(key, it)| Some((key.strip_prefix(prefix)?, *it)))
        };
        let used: BTreeSet<&str> =
            of(SERVICES).flat_map(|(_, (_, service))| addresses(service)).collect();
        let kept: BTreeSet<&str> = of("ipaddresses/").map(|(name, _)| name).collect();
        let old = |at: Time, span: Time| at.max(healed) + span < self.end;
        for (name, (at, object)) in of("ipaddresses/") {
            // It may have been taken by a service that went just now.
            if !used.contains(name) && old(last_used(&deeds, name).max(at), FREED_AFTER) {
                return Err(self.broken(format!("{name} is kept for nobody"), object));
            }
        }
        for (name, (at, object)) in of(SERVICES) {
            let lost = addresses(object).find(|address| !kept.contains(address));
            if let Some(lost) = lost.filter(|_| old(at, KEPT_AFTER)) {
                return Err(self.broken(format!("{lost} is not kept for {name}"), object));
            }
        }
        Ok(())
    }

    fn broken(&self, text: String, object: &Value) -> Broken {
        Broken::new(self.end, text).with(object)
    }
}

/// When a service that had the address was last changed.
fn last_used(deeds: &Deeds<'_>, address: &str) -> Time {
    let services = deeds.all().filter(|deed| deed.change.key.starts_with(SERVICES));
    let had = services.filter(|deed| {
        let mut states = deed.before.into_iter().chain(deed.after());
        states.any(|service| addresses(service).any(|one| one == address))
    });
    had.map(|deed| deed.change.at).max().unwrap_or(0)
}

fn addresses(service: &Value) -> impl Iterator<Item = &str> {
    let all = items(&service["spec"]["clusterIPs"]).filter_map(Value::as_str);
    all.filter(|one| !matches!(*one, "" | "None"))
}

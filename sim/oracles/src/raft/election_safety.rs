//! A term has one leader.

use std::collections::BTreeMap;

use crate::{Broken, Kind, Observation, Oracle, raft::Members};

/// At most one leader is elected in a given term.
#[derive(Debug, Default)]
pub struct ElectionSafety {
    members: Members,
    leaders: BTreeMap<u64, u64>,
}

impl Oracle for ElectionSafety {
    const NAME: &'static str = "raft_election_safety";
    const KIND: Kind = Kind::Always;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "Election Safety: at most one leader can be elected in a term";
    const FACTS: Option<&'static [&'static str]> = Some(&["raft/start", "raft/state"]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Some((fact, member)) = self.members.follow(observation)? else { return Ok(()) };
        if fact.name != "raft/state" || !member.leads {
            return Ok(());
        }
        let other = *self.leaders.entry(member.term).or_insert(member.id);
        if other != member.id {
            let text = format!("{} and {other} both lead term {}", member.id, member.term);
            return Err(Broken::new(fact.at, text).with(fact));
        }
        Ok(())
    }
}

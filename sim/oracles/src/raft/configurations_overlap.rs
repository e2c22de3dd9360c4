//! Two configurations that follow each other cannot decide apart.

use std::collections::BTreeMap;

use crate::{
    Broken, Fact, Kind, Observation, Oracle,
    raft::{Configuration, Member, Members},
};

/// Any two quorums of neighbouring configurations share a member, and all members agree on them.
///
/// As changes take effect when they are applied, that is only enough while nobody acts on an older
/// configuration than it could (etcd #7625): a leader proposes a change when it has applied the one
/// before, and nobody stands with a committed change unapplied.
#[derive(Debug, Default)]
pub struct ConfigurationsOverlap {
    members: Members,
    configurations: BTreeMap<u64, Configuration>,
}

/// Members whose subsets are tried; larger configurations are not judged.
const MEMBERS_MAX: usize = 14;

impl Oracle for ConfigurationsOverlap {
    const NAME: &'static str = "raft_configurations_overlap";
    const KIND: Kind = Kind::Always;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "There must be no point at which two majorities of old and new \
        configuration can decide independently (Raft 6)";
    const FACTS: Option<&'static [&'static str]> = Some(&[
        "raft/start",
        "raft/conf",
        "raft/log",
        "raft/snapshot",
        "raft/state",
        "raft/commit",
        "wal/durable",
        "etcd/apply",
    ]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Some((fact, member)) = self.members.follow(observation)? else { return Ok(()) };
        acts_on_the_newest(&fact, member)?;
        let Some(new) = member.configuration.clone().filter(|_| fact.name == "raft/conf") else {
            return Ok(());
        };
        let index = fact.number("index")?;
        // A restart replays the first members one by one.
        let first = self.configurations.get(&0).map_or(0, |first| first.voters.len() as u64);
        if (1..=first).contains(&index) {
            return Ok(());
        }
        let fail = |text: String, other: &Configuration| {
            Err(Broken::new(fact.at, text).with(fact).with(format!("other: {other:?}")))
        };
        if let Some(other) = self.configurations.get(&index).filter(|other| **other != new) {
            return fail(format!("two configurations at {index}"), other);
        }
        let before = self.configurations.range(..index).next_back();
        let after = self.configurations.range(index + 1..).next();
        for (at, other) in before.into_iter().chain(after) {
            if can_decide_apart(&new, other) {
                return fail(format!("configurations at {at} and {index} can decide apart"), other);
            }
        }
        self.configurations.insert(index, new);
        Ok(())
    }
}

/// Proposing and standing ask that earlier changes are applied.
fn acts_on_the_newest(fact: &Fact<'_>, member: &Member) -> Result<(), Broken> {
    let (until, what) = match fact.name {
        "raft/log" if member.leads && fact.number("change").unwrap_or(0) == 1 => {
            (fact.number("index")?, "proposes another")
        }
        "raft/state" if fact.text("role")?.ends_with("candidate") => {
            (member.commit.saturating_add(1), "stands")
        }
        _ => return Ok(()),
    };
    let first = member.applied.saturating_add(1);
    let waiting = (first < until).then(|| member.log.changes.range(first..until).next()).flatten();
    match waiting {
        Some(index) => {
            let text =
                format!("{} {what} with the change at {index} not yet applied", member.machine);
            Err(Broken::new(fact.at, text).with(fact))
        }
        None => Ok(()),
    }
}

fn can_decide_apart(one: &Configuration, other: &Configuration) -> bool {
    let halves = [&one.voters, &one.outgoing, &other.voters, &other.outgoing];
    let mut all: Vec<u64> = halves.into_iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    if all.len() > MEMBERS_MAX {
        return false;
    }
    (0..1_u32 << all.len()).any(|subset| {
        let inside =
            |id: u64| all.iter().position(|&at| at == id).is_some_and(|at| subset >> at & 1 == 1);
        one.is_quorum(inside) && other.is_quorum(|id| !inside(id))
    })
}

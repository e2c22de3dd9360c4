//! A commit index only grows, and points at an entry that is there.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Broken, Kind, Observation, Oracle, raft::Members};

/// Commit and applied index do not go back within a boot, nor behind what was durable.
#[derive(Debug, Default)]
pub struct CommitMonotonic {
    members: Members,
    commits: BTreeMap<u64, u64>,
    applied: BTreeMap<u64, u64>,
    durable_commits: BTreeMap<u64, u64>,
    /// Where the snapshots end that a member received since it started. Its log goes on from there
    /// at once, its store when what was committed before is applied.
    snapshots: BTreeMap<u64, BTreeSet<u64>>,
}

impl Oracle for CommitMonotonic {
    const NAME: &'static str = "raft_commit_monotonic";
    const KIND: Kind = Kind::Always;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "commitIndex and lastApplied increase monotonically (Raft \
        figure 2), and no entry is skipped; what was durable of them survives a restart";
    const FACTS: Option<&'static [&'static str]> = Some(&[
        "raft/start",
        "raft/log",
        "raft/commit",
        "raft/snapshot",
        "etcd/apply",
        "wal/durable",
    ]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        if let Observation::World { event: crate::World::Wiped { machine }, .. } = observation {
            let wiped = self.members.iter().find(|member| member.machine == *machine);
            if let Some(id) = wiped.map(|member| member.id) {
                self.durable_commits.remove(&id);
            }
        }
        let Some((fact, member)) = self.members.follow(observation)? else { return Ok(()) };
        let fail = |text: String| Err(Broken::new(fact.at, text).with(fact));
        let id = member.id;
        match fact.name {
            "raft/start" => {
                self.commits.insert(id, member.commit);
                self.applied.remove(&id);
                self.snapshots.remove(&id);
                let durable = self.durable_commits.get(&id).copied().unwrap_or(0);
                if member.commit < durable {
                    return fail(format!("{id} forgot its durable commit index {durable}"));
                }
            }
            "raft/commit" => {
                let before = self.commits.insert(id, member.commit).unwrap_or(0);
                if member.commit < before {
                    return fail(format!("the commit index of {id} went back from {before}"));
                }
            }
            "raft/snapshot" => {
                self.snapshots.entry(id).or_default().insert(fact.number("index")?);
            }
            "etcd/apply" => {
                let index = fact.number("index")?;
                let before = self.applied.insert(id, index);
                if before.is_some_and(|before| !follows(before, index, self.snapshots.get(&id))) {
                    return fail(format!("{id} applied {index} after {before:?}"));
                }
            }
            "wal/durable" => {
                self.durable_commits.insert(id, member.durable.commit);
            }
            _ => {}
        }
        if member.commit > member.log.last && matches!(fact.name, "raft/start" | "raft/commit") {
            let last = member.log.last;
            return fail(format!("{id} committed {} and its log ends at {last}", member.commit));
        }
        Ok(())
    }
}

/// True when one entry may be applied right after the other: they are neighbours, or a snapshot that
/// was received lies between.
fn follows(before: u64, index: u64, snapshots: Option<&BTreeSet<u64>>) -> bool {
    let Some(last) = index.checked_sub(1) else { return false };
    let received = || snapshots.is_some_and(|all| all.contains(&last));
    before == last || (before < last && received())
}

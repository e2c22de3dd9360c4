//! What is committed at an index is committed for ever and for all.

use std::collections::BTreeMap;

use crate::{
    Broken, Fact, Kind, Observation, Oracle,
    raft::{
        Members,
        members::{ENTRIES_MAX, Entry},
    },
};

/// No two members commit or apply different entries at one index.
#[derive(Debug, Default)]
pub struct StateMachineSafety {
    members: Members,
    committed: BTreeMap<u64, (Entry, u64)>,
    /// Up to here each member's commits were compared.
    compared: BTreeMap<u64, u64>,
}

impl Oracle for StateMachineSafety {
    const NAME: &'static str = "raft_state_machine_safety";
    const KIND: Kind = Kind::Always;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "State Machine Safety: if a server has applied a log entry at a \
        given index, no other server will ever apply a different entry for the same index";
    const FACTS: Option<&'static [&'static str]> = Some(&[
        "raft/start",
        "raft/log",
        "raft/snapshot",
        "raft/commit",
        "wal/durable",
        "etcd/apply",
    ]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Some((fact, member)) = self.members.follow(observation)? else { return Ok(()) };
        let id = member.id;
        match fact.name {
            "raft/start" => {
                self.compared.insert(id, member.commit);
            }
            "raft/commit" => {
                let from = self.compared.insert(id, member.commit).unwrap_or(0);
                let new = member.log.entries.range(from + 1..);
                let new = new.take_while(|(index, _)| **index <= member.commit);
                for (&index, &entry) in new {
                    agree(&mut self.committed, index, entry, id, &fact)?;
                }
            }
            "etcd/apply" => {
                let entry = (fact.number("term")?, fact.number("entry")?);
                agree(&mut self.committed, fact.number("index")?, entry, id, &fact)?;
            }
            _ => {}
        }
        while self.committed.len() > ENTRIES_MAX {
            self.committed.pop_first();
        }
        Ok(())
    }
}

fn agree(
    committed: &mut BTreeMap<u64, (Entry, u64)>,
    index: u64,
    entry: Entry,
    id: u64,
    fact: &Fact<'_>,
) -> Result<(), Broken> {
    let &mut (other, by) = committed.entry(index).or_insert((entry, id));
    if other == entry {
        return Ok(());
    }
    let text = format!(
        "{id} has term {} at committed index {index}, where {by} has term {}",
        entry.0, other.0
    );
    Err(Broken::new(fact.at, text).with(fact).with(format!("{other:?} and {entry:?}")))
}

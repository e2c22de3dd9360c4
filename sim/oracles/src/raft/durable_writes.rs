//! What a client is told is done is on the disks of a quorum.

use std::collections::BTreeMap;

use crate::{
    Broken, Kind, Observation, Oracle, World,
    raft::{
        Members,
        members::{Configuration, Member},
    },
};

/// An entry whose effect is acknowledged outlives a power loss of all machines at that moment.
///
/// The quorum is that of whoever committed the entry: a leader counts by the configuration that it
/// has applied, which is the one before the entry, or, while that waits to be applied, the one
/// before that. More cannot wait: a leader takes the next change when it has applied the last.
#[derive(Debug, Default)]
pub struct DurableWrites {
    members: Members,
    /// The terms of applied entries that may be acknowledged yet.
    terms: BTreeMap<u64, u64>,
    /// Each configuration by the index of the entry that made it.
    configurations: BTreeMap<u64, Configuration>,
    /// Members whose disks were taken away, as they were: their word was good when they gave it, and
    /// a leader counts on it.
    destroyed: BTreeMap<u64, Member>,
}

/// Applied entries whose terms are remembered.
const TERMS_MAX: usize = 10_000;

impl Oracle for DurableWrites {
    const NAME: &'static str = "durable_writes";
    const KIND: Kind = Kind::Always;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "Durability: any completed operations are durable; all accessible \
        data is also durable data";
    const FACTS: Option<&'static [&'static str]> = Some(&[
        "raft/start",
        "raft/log",
        "raft/snapshot",
        "raft/conf",
        "wal/durable",
        "etcd/apply",
        "etcd/ack",
    ]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        if let Observation::World { event: World::Wiped { machine }, .. } = observation {
            let had = |member: &&Member| member.machine == *machine && member.durable.index > 0;
            let destroyed =
                self.members.iter().filter(had).map(|member| (member.id, member.clone()));
            self.destroyed.extend(destroyed.collect::<Vec<_>>());
        }
        let Some((fact, member)) = self.members.follow(observation)? else { return Ok(()) };
        if let ("raft/conf", Some(configuration)) = (fact.name, &member.configuration) {
            let index = fact.number("index")?;
            let before = self.configurations.range(..=index).next_back();
            if before.is_none_or(|(_, before)| before != configuration) {
                self.configurations.insert(index, configuration.clone());
            }
        }
        if fact.name == "etcd/apply" {
            self.terms.insert(fact.number("index")?, fact.number("term")?);
            if self.terms.len() > TERMS_MAX {
                self.terms.pop_first();
            }
        }
        if fact.name != "etcd/ack" {
            return Ok(());
        }
        let index = fact.number("index")?;
        let term = self.terms.get(&index).copied();
        let has = |id| {
            let now_or_once = [self.members.get(id), self.destroyed.get(&id)];
            now_or_once.into_iter().flatten().any(|member| holds(member, index, term))
        };
        let mut judges = self.configurations.range(..index).rev().take(2).peekable();
        if judges.peek().is_none() || judges.any(|(_, judge)| judge.is_quorum(has)) {
            return Ok(());
        }
        let text = format!("entry {index} was acknowledged before it was durable on a quorum");
        let broken = Broken::new(fact.at, text).with(fact);
        Err(self.members.iter().fold(broken, |broken, member| {
            broken.with(format!("{} ({}): {:?}", member.machine, member.id, member.durable))
        }))
    }
}

fn holds(member: &Member, index: u64, term: Option<u64>) -> bool {
    let same = match (member.log.disk.get(&index), term) {
        (Some((own, _)), Some(term)) => *own == term,
        // What no fact has told is not held against it.
        (Some(_), None) | (None, _) => true,
    };
    member.durable.index >= index && same
}

//! What a member promises to another is on its disk before it is said.

use std::collections::BTreeMap;

use crate::{
    Broken, Fact, Kind, Observation, Oracle, World,
    raft::{Members, members::Durable, members::Member},
};

/// A vote or an accepted entry outlives a power loss of its giver from the moment it is sent.
#[derive(Debug, Default)]
pub struct DurablePromises {
    members: Members,
    /// What each member must still know at its next start, and from where its log was not synced.
    promised: BTreeMap<u64, (Durable, u64)>,
}

impl Oracle for DurablePromises {
    const NAME: &'static str = "durable_promises";
    const KIND: Kind = Kind::Always;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "Persistent state (currentTerm, votedFor, log) is updated on \
        stable storage before responding to RPCs (Raft figure 2)";
    const FACTS: Option<&'static [&'static str]> =
        Some(&["raft/start", "raft/log", "raft/snapshot", "raft/vote", "raft/ack", "wal/durable"]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        if let Observation::World { event: World::Wiped { machine }, .. } = observation {
            let wiped = self.members.iter().find(|member| member.machine == *machine);
            if let Some(id) = wiped.map(|member| member.id) {
                self.promised.remove(&id);
            }
        }
        let Some((fact, member)) = self.members.follow(observation)? else { return Ok(()) };
        match fact.name {
            "raft/start" => {
                if let Some((durable, unsynced_from)) = self.promised.get(&member.id) {
                    remembers(&fact, durable, *unsynced_from)?;
                }
            }
            "raft/vote" => vote(&fact, member)?,
            "raft/ack" => ack(&fact, member)?,
            _ => {}
        }
        self.promised.insert(member.id, (member.durable, member.log.unsynced_from));
        Ok(())
    }
}

fn vote(fact: &Fact<'_>, member: &Member) -> Result<(), Broken> {
    let (term, to) = (fact.number("term")?, fact.number("to")?);
    let durable = member.durable;
    // A candidate states its own vote when it decides, before it is synced and told.
    if to == member.id || durable.term > term || (durable.term == term && durable.vote == to) {
        return Ok(());
    }
    let text = format!("{} voted for {to} in term {term} before that was durable", member.id);
    Err(Broken::new(fact.at, text).with(fact).with(format!("{durable:?}")))
}

fn ack(fact: &Fact<'_>, member: &Member) -> Result<(), Broken> {
    let (term, index) = (fact.number("term")?, fact.number("index")?);
    let durable = member.durable;
    // What is told to the leader of an older term is of the log that its entries were still in.
    let late = member.log.synced_late;
    let late = late.is_some_and(|(last, replacing)| index <= last && term < replacing);
    let synced = durable.index >= index && (index < member.log.unsynced_from || late);
    if synced && durable.term >= term {
        return Ok(());
    }
    let text = format!("{} accepted the log up to {index} before that was durable", member.id);
    let unsynced = format!("{durable:?}, not synced from {}", member.log.unsynced_from);
    Err(Broken::new(fact.at, text).with(fact).with(unsynced))
}

fn remembers(fact: &Fact<'_>, durable: &Durable, unsynced_from: u64) -> Result<(), Broken> {
    let (term, vote) = (fact.number("term")?, fact.number("vote")?);
    let index = fact.number("index")?;
    // A truncation that was not synced may or may not have reached the disk.
    let kept = durable.index.min(unsynced_from.saturating_sub(1));
    let voted = term > durable.term || durable.vote == 0 || vote == durable.vote;
    if term < durable.term || !voted || index < kept {
        let text = format!("{} came back without what was durable", fact.machine);
        return Err(Broken::new(fact.at, text).with(fact).with(format!("{durable:?}")));
    }
    Ok(())
}

//! A new leader has everything that was committed before.

use std::collections::BTreeMap;

use crate::{Broken, Kind, Observation, Oracle, raft::Members};

/// The log of each new leader holds every entry committed in earlier terms.
///
/// For that, a leader commits by counting replicas only entries of its own term (Raft 5.4.2): older
/// ones on a majority may still be overwritten, and are committed with the first of its own.
#[derive(Debug, Default)]
pub struct LeaderCompleteness {
    members: Members,
    /// By the term of the member that knew of it: the last committed index, and its entry's term.
    committed: BTreeMap<u64, (u64, u64)>,
}

impl Oracle for LeaderCompleteness {
    const NAME: &'static str = "raft_leader_completeness";
    const KIND: Kind = Kind::Always;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "Leader Completeness: if a log entry is committed in a given \
        term, then that entry will be present in the logs of the leaders of all later terms";
    const FACTS: Option<&'static [&'static str]> = Some(&[
        "raft/start",
        "raft/log",
        "raft/snapshot",
        "raft/commit",
        "raft/state",
        "wal/durable",
    ]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Some((fact, member)) = self.members.follow(observation)? else { return Ok(()) };
        if fact.name == "raft/commit" {
            let entry = (member.commit, fact.number("term")?);
            let known = self.committed.values().map(|(index, _)| *index).max().unwrap_or(0);
            // What others know to be committed already, it may have learnt from them.
            if member.leads && entry.0 > known && entry.1 < member.term {
                let text = format!(
                    "{} leads term {} and was the first to commit entry {} of term {}",
                    member.id, member.term, entry.0, entry.1
                );
                return Err(Broken::new(fact.at, text).with(fact));
            }
            let last = self.committed.entry(member.term).or_insert(entry);
            *last = entry.max(*last);
        }
        if fact.name != "raft/state" || !member.leads {
            return Ok(());
        }
        let earlier = self.committed.range(..member.term).map(|(_, entry)| entry);
        let Some(&(index, term)) = earlier.max() else { return Ok(()) };
        let has = match member.log.entries.get(&index) {
            Some(&(own, _)) => own == term,
            None => member.log.last >= index,
        };
        if !has {
            let text = format!(
                "{} leads term {} without committed entry {index} of term {term}",
                member.id, member.term
            );
            let last = format!("its log ends at {}", member.log.last);
            return Err(Broken::new(fact.at, text).with(fact).with(last));
        }
        Ok(())
    }
}

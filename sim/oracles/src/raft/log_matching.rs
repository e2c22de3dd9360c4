//! Logs that agree at an index and term agree on everything before it.

use std::collections::BTreeMap;

use crate::{
    Broken, Kind, Observation, Oracle,
    raft::{
        Members,
        members::{ENTRIES_MAX, Entry},
    },
};

/// Two logs with an entry of the same index and term are the same up to that entry.
#[derive(Debug, Default)]
pub struct LogMatching {
    members: Members,
    /// By index and term.
    entries: BTreeMap<(u64, u64), Known>,
}

#[derive(Debug)]
struct Known {
    /// The entry's hash.
    entry: u64,
    /// The entry before it, once somebody's is known.
    before: Option<Entry>,
}

impl Oracle for LogMatching {
    const NAME: &'static str = "raft_log_matching";
    const KIND: Kind = Kind::Always;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "Log Matching: if two logs contain an entry with the same index \
        and term, then the logs are identical in all entries up through the given index";
    const FACTS: Option<&'static [&'static str]> =
        Some(&["raft/start", "raft/log", "raft/snapshot", "wal/durable"]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Some((fact, member)) = self.members.follow(observation)? else { return Ok(()) };
        if fact.name != "raft/log" {
            return Ok(());
        }
        let (index, term) = (fact.number("index")?, fact.number("term")?);
        let entry = fact.number("entry")?;
        let before = index.checked_sub(1).and_then(|before| member.log.entries.get(&before));
        let before = before.copied();
        let known = self.entries.entry((index, term)).or_insert(Known { entry, before });
        let differs = known.before.is_some() && before.is_some() && known.before != before;
        if known.entry != entry || differs {
            let text = format!("{} has another entry {index} of term {term}", member.id);
            return Err(Broken::new(fact.at, text)
                .with(fact)
                .with(format!("known before: {known:?}")));
        }
        known.before = known.before.or(before);
        while self.entries.len() > ENTRIES_MAX {
            self.entries.pop_first();
        }
        Ok(())
    }
}

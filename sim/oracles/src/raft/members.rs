//! What is known of each Raft member from its facts: its log, what of it is durable, its role.
//!
//! What no fact has told is absent, and nothing is judged by it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Broken, Fact, Observation, World};

/// Entries of each log that are remembered, counted from its end.
pub(crate) const ENTRIES_MAX: usize = 20_000;

/// All members of a run by their raft ids.
#[derive(Debug, Default)]
pub(crate) struct Members {
    ids: BTreeMap<String, u64>,
    members: BTreeMap<u64, Member>,
}

/// One member.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) id: u64,
    pub(crate) machine: String,
    pub(crate) running: bool,
    pub(crate) leads: bool,
    pub(crate) term: u64,
    pub(crate) commit: u64,
    pub(crate) applied: u64,
    pub(crate) log: Log,
    pub(crate) durable: Durable,
    pub(crate) configuration: Option<Configuration>,
}

/// An entry: its term and the hash of its bytes.
pub(crate) type Entry = (u64, u64);

/// A member's log, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    /// In memory.
    pub(crate) entries: BTreeMap<u64, Entry>,
    /// As a power loss would leave it.
    pub(crate) disk: BTreeMap<u64, Entry>,
    /// Where changes of membership are, in memory.
    pub(crate) changes: BTreeSet<u64>,
    /// The last index in memory.
    pub(crate) last: u64,
    /// From here on memory and disk may differ.
    pub(crate) unsynced_from: u64,
    /// From here on memory has other entries than those that the last sync was of, if it has.
    pub(crate) replaced_from: Option<u64>,
    /// The last sync was of entries up to the first, which one of the second's term replaced in
    /// memory before the sync ended.
    pub(crate) synced_late: Option<(u64, u64)>,
}

/// What outlives a power loss.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Durable {
    pub(crate) index: u64,
    pub(crate) term: u64,
    pub(crate) vote: u64,
    pub(crate) commit: u64,
}

/// Who decides; `outgoing` is the other half of a joint configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) voters: BTreeSet<u64>,
    pub(crate) outgoing: BTreeSet<u64>,
    pub(crate) learners: BTreeSet<u64>,
}

impl Members {
    /// Takes an observation in; returns the fact, if it was one, and the member as it is after it.
    pub(crate) fn follow<'f>(
        &mut self,
        observation: &Observation<'f>,
    ) -> Result<Option<(Fact<'f>, &Member)>, Broken> {
        match *observation {
            Observation::Fact(fact) => self.fact(fact),
            Observation::World { event, .. } => {
                self.world(event);
                Ok(None)
            }
            Observation::History(_) => Ok(None),
        }
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Member> {
        self.members.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    fn fact<'f>(&mut self, fact: Fact<'f>) -> Result<Option<(Fact<'f>, &Member)>, Broken> {
        if fact.name == "raft/start" {
            let id = fact.number("id")?;
            self.ids.insert(fact.machine.to_owned(), id);
            let member = self.members.entry(id).or_default();
            (member.id, member.machine) = (id, fact.machine.to_owned());
            member.start(&fact)?;
            return Ok(Some((fact, member)));
        }
        let Some(id) = self.ids.get(fact.machine) else { return Ok(None) };
        let member = self.members.entry(*id).or_default();
        member.fact(&fact)?;
        Ok(Some((fact, member)))
    }

    fn world(&mut self, event: World<'_>) {
        let (World::Crash { machine, .. } | World::Exit { machine, .. } | World::Wiped { machine }) =
            event
        else {
            return;
        };
        let Some(member) = self.ids.get(machine).and_then(|id| self.members.get_mut(id)) else {
            return;
        };
        (member.running, member.leads) = (false, false);
        if matches!(event, World::Wiped { .. }) {
            (member.log, member.durable) = (Log::default(), Durable::default());
            self.ids.remove(machine);
        }
    }
}

impl Member {
    fn start(&mut self, fact: &Fact<'_>) -> Result<(), Broken> {
        (self.running, self.leads) = (true, false);
        self.term = fact.number("term")?;
        self.commit = fact.number("commit")?;
        // Not every member tells: then nothing counts as waiting to be applied.
        self.applied = fact.number("applied").unwrap_or(u64::MAX);
        self.log.restart(fact.number("index")?);
        Ok(())
    }

    fn fact(&mut self, fact: &Fact<'_>) -> Result<(), Broken> {
        match fact.name {
            "raft/log" => {
                let entry = (fact.number("term")?, fact.number("entry")?);
                let change = fact.number("change").unwrap_or(0) == 1;
                self.log.append(fact.number("index")?, entry, change);
            }
            "raft/snapshot" => {
                let index = fact.number("index")?;
                self.log.replace(index);
                self.applied = self.applied.max(index);
            }
            "etcd/apply" => self.applied = self.applied.max(fact.number("index")?),
            "raft/state" => {
                self.term = fact.number("term")?;
                self.leads = fact.text("role")? == "leader";
            }
            "raft/commit" => self.commit = fact.number("index")?,
            "raft/conf" => self.configuration = Some(Configuration::new(fact)?),
            "wal/durable" => {
                self.durable = Durable {
                    index: fact.number("index")?,
                    term: fact.number("term")?,
                    vote: fact.number("vote")?,
                    // Not every log writer knows it.
                    commit: fact.number("commit").unwrap_or(0),
                };
                // Not every log writer knows it.
                self.log.sync(self.durable.index, fact.number("log_term").ok());
            }
            _ => {}
        }
        Ok(())
    }
}

impl Log {
    fn append(&mut self, index: u64, entry: Entry, change: bool) {
        if index <= self.last {
            self.replaced_from = Some(self.replaced_from.map_or(index, |from| from.min(index)));
        }
        truncate(&mut self.entries, index);
        self.entries.insert(index, entry);
        self.changes.split_off(&index);
        if change {
            self.changes.insert(index);
        }
        self.last = index;
        self.unsynced_from = self.unsynced_from.min(index);
        while self.entries.len() > ENTRIES_MAX {
            self.entries.pop_first();
        }
    }

    fn replace(&mut self, index: u64) {
        self.entries.clear();
        self.changes.clear();
        self.last = index;
        // What was on the disk before stays there until the snapshot is, which covers it.
        self.unsynced_from = self.unsynced_from.min(index);
    }

    /// The log up to the entry at `index`, which is of term `term`, is on the disk. A sync ends when
    /// memory may have gone on already: what it replaced since is not what was synced.
    fn sync(&mut self, index: u64, term: Option<u64>) {
        let term_at = |index| self.entries.get(&index).map(|(term, _)| *term);
        let known = term_at(index);
        // What a snapshot took the place of is not known.
        let is_of_another =
            term.is_some() && known.map_or(index > self.last, |known| Some(known) != term);
        self.synced_late = None;
        let index = match self.replaced_from {
            Some(from) if index >= from && is_of_another => {
                self.synced_late = term_at(from).map(|replacing| (index, replacing));
                from - 1
            }
            Some(from) if index >= from => {
                self.replaced_from = None;
                index
            }
            Some(_) | None => index,
        };
        if index >= self.unsynced_from {
            truncate(&mut self.disk, self.unsynced_from);
            let synced = self.entries.range(self.unsynced_from..=index);
            self.disk.extend(synced.map(|(&index, &entry)| (index, entry)));
            self.unsynced_from = index + 1;
        }
        while self.disk.len() > ENTRIES_MAX {
            self.disk.pop_first();
        }
    }

    /// After a crash: what memory and disk agree on is known, the rest may be either.
    fn restart(&mut self, last: u64) {
        let disk = &self.disk;
        self.entries.retain(|index, entry| *index <= last && disk.get(index) == Some(entry));
        self.disk.clone_from(&self.entries);
        self.changes.retain(|index| self.entries.contains_key(index));
        self.last = last;
        self.unsynced_from = last + 1;
        self.replaced_from = None;
        self.synced_late = None;
    }
}

/// Removes what is at `from` and above. Mostly that is nothing, which must cost nothing.
fn truncate(entries: &mut BTreeMap<u64, Entry>, from: u64) {
    while entries.last_key_value().is_some_and(|(last, _)| *last >= from) {
        entries.pop_last();
    }
}

impl Configuration {
    fn new(fact: &Fact<'_>) -> Result<Self, Broken> {
        let set = |field| Ok::<_, Broken>(fact.numbers(field)?.into_iter().collect());
        Ok(Self { voters: set("voters")?, outgoing: set("outgoing")?, learners: set("learners")? })
    }

    /// True when those for whom `has` holds decide: a majority, of both halves if there are two.
    pub(crate) fn is_quorum(&self, has: impl Fn(u64) -> bool) -> bool {
        let majority = |half: &BTreeSet<u64>| {
            half.iter().filter(|id| has(**id)).count() > half.len() / 2 || half.is_empty()
        };
        majority(&self.voters) && majority(&self.outgoing) && !self.voters.is_empty()
    }
}

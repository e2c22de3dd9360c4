//! One machine: the core, its disk with a write cache, and the application.

use std::collections::VecDeque;

use bytes::Bytes;
use host::Defects;
use raft::{
    Codec, ConfChange, Config, Entry, EntryKind, HardState, Index, Message, NodeId, Raft, Ready,
    Restored, SnapshotMeta,
};

use crate::{dice::Dice, rules::Rules};

/// What a disk holds.
#[derive(Clone, Default)]
pub(crate) struct Image {
    pub(crate) hard_state: HardState,
    pub(crate) base: SnapshotMeta,
    pub(crate) entries: Vec<Entry>,
}

impl Image {
    fn write(&mut self, write: &Write) {
        if let Some(meta) = &write.snapshot {
            self.base = meta.clone();
            self.entries.clear();
        }
        if let Some(first) = write.entries.first() {
            self.entries.truncate((first.index - self.base.index - 1) as usize);
            self.entries.extend(write.entries.iter().cloned());
        }
        if let Some(hard_state) = write.hard_state {
            self.hard_state = hard_state;
        }
    }

    fn compact(&mut self, meta: &SnapshotMeta) {
        let gone = (meta.index - self.base.index) as usize;
        self.entries.drain(..gone);
        self.base = meta.clone();
    }

    pub(crate) fn holds(&self, entry: &Entry) -> bool {
        entry.index <= self.base.index
            || self.entries.get((entry.index - self.base.index - 1) as usize) == Some(entry)
    }
}

struct Write {
    number: u64,
    must_sync: bool,
    hard_state: Option<HardState>,
    snapshot: Option<SnapshotMeta>,
    entries: Vec<Entry>,
    then_send: Vec<Message>,
}

pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) config: Config,
    pub(crate) raft: Option<Raft>,
    pub(crate) incarnation: u64,
    /// What survives a crash.
    pub(crate) durable: Image,
    /// Written and reported, but not synced: a crash keeps some first part of it.
    unsynced: VecDeque<Write>,
    /// Not yet written.
    queue: VecDeque<Write>,
    to_apply: VecDeque<Entry>,
    pub(crate) applied: Index,
}

impl Node {
    pub(crate) fn new(id: NodeId, config: Config, founders: &[(NodeId, Bytes)]) -> Self {
        let mut durable = Image::default();
        if founders.iter().any(|(founder, _)| *founder == id) {
            let Restored { hard_state, entries, .. } = Restored::bootstrap(founders);
            (durable.hard_state, durable.entries) = (hard_state, entries);
        }
        Self {
            id,
            config,
            raft: None,
            incarnation: 0,
            durable,
            unsynced: VecDeque::new(),
            queue: VecDeque::new(),
            to_apply: VecDeque::new(),
            applied: 0,
        }
    }

    pub(crate) fn start(&mut self, dice: &mut Dice) -> Result<(), String> {
        let Image { hard_state, base, entries } = self.durable.clone();
        self.applied = base.index;
        let restored = Restored { hard_state, applied: base.index, snapshot: base, entries };
        let raft = Raft::new(self.config.clone(), restored, dice.roll());
        self.raft = Some(raft.map_err(|error| format!("node {} cannot start: {error}", self.id))?);
        self.incarnation += 1;
        Ok(())
    }

    /// Power off. Of what was not synced some first part may have reached the disk.
    pub(crate) fn crash(&mut self, dice: &mut Dice) {
        self.raft = None;
        self.to_apply.clear();
        let unsynced: Vec<Write> = self.unsynced.drain(..).chain(self.queue.drain(..)).collect();
        let kept = dice.below(unsynced.len() + 1);
        for write in &unsynced[..kept] {
            self.durable.write(write);
        }
    }

    /// Takes all Readys; what may be sent at once is returned.
    pub(crate) fn collect(&mut self, rules: &mut Rules) -> Result<Vec<Message>, String> {
        let mut sent = Vec::new();
        while let Some(ready) = self.raft.as_mut().and_then(Raft::ready) {
            self.check(&ready, rules)?;
            self.to_apply.extend(ready.committed);
            sent.extend(ready.messages);
            self.queue.push_back(Write {
                number: ready.number,
                must_sync: ready.must_sync,
                hard_state: ready.hard_state,
                snapshot: ready.snapshot,
                entries: ready.entries,
                then_send: ready.messages_after_persist,
            });
        }
        Ok(sent)
    }

    fn check(&self, ready: &Ready, rules: &mut Rules) -> Result<(), String> {
        let Some(raft) = &self.raft else { return Ok(()) };
        rules.on_ready(self.id, self.incarnation, raft, ready)?;
        match ready.committed.iter().find(|entry| !self.durable.holds(entry)) {
            Some(entry) => Err(format!("node {}: {} applied before durable", self.id, entry.index)),
            None => Ok(()),
        }
    }

    /// The disk finishes one write; what waited for it is returned.
    pub(crate) fn disk_step(&mut self, rules: &mut Rules) -> Result<Vec<Message>, String> {
        let Some(mut write) = self.queue.pop_front() else { return Ok(Vec::new()) };
        let Some(raft) = &mut self.raft else { return Ok(Vec::new()) };
        let (number, then_send) = (write.number, std::mem::take(&mut write.then_send));
        let must_sync = write.must_sync;
        if let Some(meta) = &write.snapshot {
            rules.on_install(self.id, meta)?;
            self.to_apply.clear();
            self.applied = meta.index;
        }
        self.unsynced.push_back(write);
        if must_sync {
            for write in self.unsynced.drain(..) {
                self.durable.write(&write);
            }
        }
        raft.persisted(number);
        Ok(then_send)
    }

    pub(crate) fn busy(&self) -> bool {
        !self.queue.is_empty() || !self.to_apply.is_empty()
    }

    /// The application applies a few entries.
    pub(crate) fn apply_step(&mut self, count: usize, rules: &mut Rules) -> Result<(), String> {
        let Some(raft) = &mut self.raft else { return Ok(()) };
        for _ in 0..count {
            let Some(entry) = self.to_apply.pop_front() else { break };
            if entry.index != self.applied + 1 {
                return Err(format!(
                    "node {}: skipped {} to {}",
                    self.id, self.applied, entry.index
                ));
            }
            self.applied = entry.index;
            if entry.kind == EntryKind::ConfChange {
                let change = ConfChange::decode(entry.data.clone()).map_err(|e| e.to_string())?;
                // A change that cannot be made is refused alike everywhere.
                let _ = raft.apply_conf_change(&change);
            }
            // A snapshot under way has brought its own configuration.
            let conf = Some(raft.conf_state()).filter(|_| !raft.is_installing());
            rules.on_apply(self.id, &entry, conf)?;
        }
        raft.applied_to(self.applied);
        Ok(())
    }

    /// Takes a snapshot of the application and drops the log before it, but for `keep` entries in
    /// memory.
    pub(crate) fn compact(&mut self, keep: u64) {
        let Some(raft) = &mut self.raft else { return };
        let quiet = self.unsynced.is_empty() && self.queue.is_empty();
        let index = self.applied;
        if let Some(term) = raft.term_at(index).filter(|_| quiet && index > self.durable.base.index)
        {
            let conf_state = raft.conf_state().clone();
            self.durable.compact(&SnapshotMeta { conf_state, index, term });
            // The synced snapshot says that it is committed.
            self.durable.hard_state.commit = self.durable.hard_state.commit.max(index);
            raft.compact(index.saturating_sub(keep));
        }
    }
}

pub(crate) fn config(id: NodeId, dice_bits: u64, defects: &Defects) -> Config {
    Config {
        election_ticks: 6,
        heartbeat_ticks: 1 + (dice_bits >> 3 & 1) as u32,
        max_message_bytes: [0, 60, 1 << 20][(dice_bits >> 4) as usize % 3],
        max_inflight_messages: 1 + (dice_bits >> 8) as usize % 4,
        max_committed_bytes_per_ready: [20, 100, 1 << 20][(dice_bits >> 12) as usize % 3],
        max_uncommitted_bytes: [200, u64::MAX][(dice_bits >> 16) as usize % 2],
        check_quorum: dice_bits & 1 != 0,
        pre_vote: dice_bits & 2 != 0,
        defects: defects.clone(),
        ..Config::new(id)
    }
}

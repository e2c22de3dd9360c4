//! What the shell is to do next, and its word that it has been done.
//!
//! Upstream: node.go (`Ready`), rawnode.go. Like upstream's asynchronous storage writes, several
//! Readys may be under way; unlike there, the disk's answer is one number.

use crate::{
    message::Message,
    raft::Raft,
    types::{Entry, HardState, Index, ReadState, Role, SnapshotMeta, SoftState},
};

/// Work for the shell.
///
/// Writes of successive Readys go to disk in order. `entries` replace whatever the disk holds from
/// the first of them on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// To be given to [`Raft::persisted`]; each is one more than the last.
    pub number: u64,
    /// Role or leader, if changed.
    pub soft_state: Option<SoftState>,
    /// To be written, after `entries`, if changed.
    pub hard_state: Option<HardState>,
    /// Whether the write must be durable before it is reported; if not, it may wait for the next
    /// one that must.
    pub must_sync: bool,
    /// To be installed, before `entries` are written.
    pub snapshot: Option<SnapshotMeta>,
    /// To be written.
    pub entries: Vec<Entry>,
    /// To be sent at once, in order.
    pub messages: Vec<Message>,
    /// To be sent when this Ready and all before it are durable.
    pub messages_after_persist: Vec<Message>,
    /// To be applied, in order; all durable here.
    pub committed: Vec<Entry>,
    /// Reads that may be served once their index is applied.
    pub read_states: Vec<ReadState>,
}

/// A Ready whose write is under way.
#[derive(Debug)]
pub(crate) struct Write {
    number: u64,
    snapshot: Option<Index>,
    to_self: Vec<Message>,
}

impl Raft {
    /// True when [`Self::ready`] has something.
    pub fn has_ready(&self) -> bool {
        self.told != (self.soft_state(), self.hard_state())
            || !self.outbox.now.is_empty()
            || !self.outbox.after_persist.is_empty()
            || !self.outbox.to_self.is_empty()
            || !self.outbox.read_states.is_empty()
            || self.log.has_unwritten()
            || self.log.has_committed(self.config.max_committed_bytes_per_ready, self.may_apply())
    }

    /// Takes what is to be done; `None` when there is nothing.
    pub fn ready(&mut self) -> Option<Ready> {
        if !self.has_ready() {
            return None;
        }
        self.number += 1;
        let (soft_before, hard_before) = self.told;
        let (soft_state, hard_state) = (self.soft_state(), self.hard_state());
        self.told = (soft_state, hard_state);

        let (snapshot, entries) = self.log.take_unwritten(self.number);
        let committed = self.take_committed();
        self.writes.push_back(Write {
            number: self.number,
            snapshot: snapshot.as_ref().map(|meta| meta.index),
            to_self: std::mem::take(&mut self.outbox.to_self),
        });
        let new_vote = (hard_state.term, hard_state.vote) != (hard_before.term, hard_before.vote);
        // E18b (raft f99897c's class): a vote is not worth a sync.
        let new_vote = new_vote && !self.config.defects.has("E18b");
        Some(Ready {
            number: self.number,
            soft_state: (soft_state != soft_before).then_some(soft_state),
            hard_state: (hard_state != hard_before).then_some(hard_state),
            must_sync: new_vote || !entries.is_empty() || snapshot.is_some(),
            snapshot,
            entries,
            messages: std::mem::take(&mut self.outbox.now),
            messages_after_persist: std::mem::take(&mut self.outbox.after_persist),
            committed,
            read_states: std::mem::take(&mut self.outbox.read_states),
        })
    }

    fn take_committed(&mut self) -> Vec<Entry> {
        let (max_bytes, up_to) = (self.config.max_committed_bytes_per_ready, self.may_apply());
        let page = self.log.take_committed(max_bytes, up_to);
        // E29 (raft 8ecce32): the page was cut, the rest is forgotten.
        if self.config.defects.has("E29") && !page.is_empty() {
            self.log.forget_committed();
        }
        page
    }

    /// What is applied before it is durable here may be acknowledged and lost.
    fn may_apply(&self) -> Index {
        // E02 (etcd #14370): committed is good enough.
        if self.config.defects.has("E02") { self.log.last_index() } else { self.log.stable() }
    }

    /// The Ready of this number, and all before it, are durable; its snapshot is installed.
    ///
    /// To be called for every Ready in order, also when there was nothing to write; calling it
    /// for a later one covers the earlier.
    pub fn persisted(&mut self, number: u64) {
        while let Some(write) = self.writes.pop_front_if(|write| write.number <= number) {
            self.log.persisted(write.number, write.snapshot);
            for message in write.to_self {
                self.step_own_vote(message);
            }
        }
        if self.role == Role::Leader {
            self.acknowledge_own(self.log.stable());
        }
    }
}

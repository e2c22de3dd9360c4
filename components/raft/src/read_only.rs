//! Linearizable reads without writing: which index must be applied first.
//!
//! Upstream: read_only.go and `MsgReadIndex` in raft.go; the Raft thesis, 6.4. Reads wait in line
//! and a heartbeat carries the position of the last, so that one round confirms all before it.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use crate::{
    config::ReadOnly,
    message::{Body, Message},
    quorum,
    raft::Raft,
    types::{ConfState, Index, NodeId, ReadState, Role},
};

/// How many reads may wait; beyond that they are dropped, and the asker tries again.
const MAX_WAITING: usize = 16 * 1024;

/// A read and the commit index when it was asked.
#[derive(Debug)]
struct Read {
    from: NodeId,
    context: Bytes,
    index: Index,
}

/// The leader's waiting reads.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// Asked before this leader had committed anything: it may not know what its predecessor did.
    postponed: Vec<(NodeId, Bytes)>,
    waiting: VecDeque<Read>,
    /// How many were confirmed since this node leads.
    confirmed: u64,
    /// Up to which position each voter has confirmed that we lead.
    acks: BTreeMap<NodeId, u64>,
}

impl Reads {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The position that a heartbeat must carry to confirm all; zero when none wait.
    pub(crate) fn position(&self) -> u64 {
        if self.waiting.is_empty() { 0 } else { self.confirmed + self.waiting.len() as u64 }
    }

    fn is_full(&self) -> bool {
        self.postponed.len() + self.waiting.len() >= MAX_WAITING
    }

    fn acknowledge(&mut self, from: NodeId, position: u64) {
        let ack = self.acks.entry(from).or_default();
        *ack = position.max(*ack);
    }

    /// Takes out of the line what a quorum has confirmed.
    fn take_confirmed(&mut self, conf: &ConfState) -> Vec<Read> {
        let acked = |id| self.acks.get(&id).copied().unwrap_or(0);
        let position = quorum::committed(conf, acked);
        let count = position.saturating_sub(self.confirmed).min(self.waiting.len() as u64);
        self.confirmed += count;
        self.waiting.drain(..count as usize).collect()
    }
}

impl Raft {
    /// Asks for the index to apply before a linearizable read; a [`ReadState`] with the same
    /// context answers, unless a message is lost or leadership changes: ask again after a while.
    ///
    /// False when nobody could be asked.
    pub fn read_index(&mut self, context: Bytes) -> bool {
        let from = self.config.id;
        match self.role {
            Role::Leader => self.lead_read(from, context),
            Role::Follower if self.leader != 0 => {
                let body = Body::ReadIndex { context };
                self.post(Message { to: self.leader, from, term: 0, body });
            }
            _ => return false,
        }
        true
    }

    pub(crate) fn lead_read(&mut self, from: NodeId, context: Bytes) {
        if self.reads.is_full() {
            return;
        }
        // E20a (etcd #7331): a new leader's commit index is good enough.
        if !self.committed_in_term() && !self.config.defects.has("E20a") {
            // Upstream lets a group of one pass; but what it had acknowledged before a crash may
            // lie beyond the commit index that it had written.
            self.reads.postponed.push((from, context));
            return;
        }
        let index = self.log.committed;
        let trusted = match self.config.read_only {
            // E20b (raft 926a44a): who leads need not ask.
            ReadOnly::Safe => {
                self.tracker.is_only_voter(self.config.id) || self.config.defects.has("E20b")
            }
            ReadOnly::LeaseBased => true,
        };
        if trusted {
            self.answer_read(Read { from, context, index });
            return;
        }
        self.reads.waiting.push_back(Read { from, context, index });
        self.reads.acknowledge(self.config.id, self.reads.position());
        self.broadcast_heartbeat();
    }

    /// True when our commit index includes everything that predecessors acknowledged.
    fn committed_in_term(&self) -> bool {
        self.log.term(self.log.committed) == Some(self.term)
    }

    pub(crate) fn release_postponed_reads(&mut self) {
        if self.committed_in_term() {
            for (from, context) in std::mem::take(&mut self.reads.postponed) {
                self.lead_read(from, context);
            }
        }
    }

    pub(crate) fn acknowledge_reads(&mut self, from: NodeId, position: u64) {
        if position == 0 {
            return;
        }
        self.reads.acknowledge(from, position);
        self.answer_confirmed_reads();
    }

    pub(crate) fn answer_confirmed_reads(&mut self) {
        for read in self.reads.take_confirmed(&self.tracker.conf) {
            self.answer_read(read);
        }
    }

    fn answer_read(&mut self, Read { from, context, index }: Read) {
        if from == self.config.id {
            self.outbox.read_states.push(ReadState { index, context });
        } else {
            self.send(from, Body::ReadIndexResponse { index, context });
        }
    }
}

//! Proposing: what a leader takes into its log, and what it refuses.
//!
//! Upstream: `MsgProp` in raft.go.

use bytes::Bytes;

use crate::{
    change::ConfChange,
    codec::Codec,
    message::{Body, Message},
    raft::Raft,
    types::{Entry, EntryKind, Index, Role},
};

/// Why a proposal was not made. The proposer may try again, elsewhere or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposalDropped {
    /// Nobody leads as far as we know.
    #[error("raft proposal dropped: no leader")]
    NoLeader,
    /// We lead but are no longer a member.
    #[error("raft proposal dropped: not a member")]
    NotMember,
    /// Leadership is being handed over.
    #[error("raft proposal dropped: leadership transfer in progress")]
    Transferring,
    /// Too much is proposed and not yet committed.
    #[error("raft proposal dropped: uncommitted entry size limit exceeded")]
    TooMuchUncommitted,
}

impl Raft {
    /// Proposes entries, all or none; a follower passes them on to its leader. That it was
    /// proposed does not mean that it will be committed.
    ///
    /// # Errors
    /// When it is certain that nothing came of it.
    pub fn propose(&mut self, data: Vec<Bytes>) -> Result<(), ProposalDropped> {
        let entries = data.into_iter().map(|data| Entry { data, ..Entry::default() }).collect();
        self.propose_entries(entries)
    }

    /// Proposes a change of membership. While another is under way it is replaced by an empty
    /// entry, as upstream does: the proposer sees that nothing comes of it.
    ///
    /// # Errors
    /// When it is certain that nothing came of it.
    pub fn propose_conf_change(&mut self, change: ConfChange) -> Result<(), ProposalDropped> {
        let data = change.encode();
        self.propose_entries(vec![Entry { kind: EntryKind::ConfChange, data, ..Entry::default() }])
    }

    fn propose_entries(&mut self, entries: Vec<Entry>) -> Result<(), ProposalDropped> {
        match self.role {
            _ if entries.is_empty() => Ok(()),
            Role::Leader => self.lead_proposal(entries),
            Role::Follower if self.leader != 0 => {
                let (to, from) = (self.leader, self.config.id);
                self.post(Message { to, from, term: 0, body: Body::Propose { entries } });
                Ok(())
            }
            _ => Err(ProposalDropped::NoLeader),
        }
    }

    pub(crate) fn lead_proposal(&mut self, mut entries: Vec<Entry>) -> Result<(), ProposalDropped> {
        if self.tracker.get(self.config.id).is_none() {
            return Err(ProposalDropped::NotMember);
        }
        if self.transferee != 0 {
            return Err(ProposalDropped::Transferring);
        }
        let bytes = payload(&entries);
        // With nothing outstanding any size is welcome, or a large entry could never be made;
        // and an empty entry always is.
        let crowded = self.uncommitted_bytes > 0 && bytes > 0;
        let room = self.config.max_uncommitted_bytes.saturating_sub(self.uncommitted_bytes);
        if crowded && bytes > room {
            return Err(ProposalDropped::TooMuchUncommitted);
        }
        for (at, entry) in entries.iter_mut().enumerate() {
            if entry.kind == EntryKind::ConfChange {
                self.guard_conf_change(self.log.last_index() + 1 + at as Index, entry);
            }
        }
        self.append_as_leader(entries);
        self.broadcast_append();
        Ok(())
    }

    /// One change of membership at a time: each must be applied before the next is made.
    fn guard_conf_change(&mut self, index: Index, entry: &mut Entry) {
        let allowed = match ConfChange::decode(entry.data.clone()) {
            // E25b (etcd #7625): never mind what is under way.
            Ok(_) if self.config.defects.has("E25b") => true,
            Ok(change) => {
                self.pending_conf_index <= self.log.applied
                    && self.tracker.conf.is_joint() == change.changes.is_empty()
            }
            Err(_) => false,
        };
        if allowed {
            self.pending_conf_index = index;
        } else {
            *entry = Entry::default();
        }
    }

    /// Our own acknowledgement follows when they are durable.
    pub(crate) fn append_as_leader(&mut self, mut entries: Vec<Entry>) {
        self.uncommitted_bytes += payload(&entries);
        let (term, first) = (self.term, self.log.last_index() + 1);
        for (at, entry) in entries.iter_mut().enumerate() {
            (entry.term, entry.index) = (term, first + at as Index);
        }
        self.log.append(entries);
        // E02 (etcd #14370): count ourselves before the disk has it.
        if self.config.defects.has("E02") {
            self.acknowledge_own(self.log.last_index());
        }
    }

    /// What was committed no longer counts against the limit.
    pub(crate) fn forget_uncommitted(&mut self, from: Index, to: Index) {
        let bytes: u64 = self.log.range(from, to).map(|entry| entry.data.len() as u64).sum();
        // A new leader does not count what its predecessors left uncommitted.
        self.uncommitted_bytes = self.uncommitted_bytes.saturating_sub(bytes);
    }
}

fn payload(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.data.len() as u64).sum()
}

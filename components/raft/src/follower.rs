//! The follower's side: taking the leader's entries, heartbeats and snapshots.
//!
//! Upstream: raft.go (`stepFollower`, `handleAppendEntries`, `handleHeartbeat`, `handleSnapshot`).

use crate::{
    election::Campaign,
    log::AppendFailure,
    message::{Body, Message},
    proposal::ProposalDropped,
    raft::Raft,
    step::StepError,
    types::{Entry, EntryId, Index, NodeId, ReadState, SnapshotMeta},
};

impl Raft {
    pub(crate) fn step_follower(&mut self, message: Message) -> Result<(), StepError> {
        let from = message.from;
        match message.body {
            Body::Append { prev, entries, commit } => {
                self.follow(from);
                self.handle_append(from, prev, entries, commit)
            }
            Body::Heartbeat { commit, reads } => {
                self.follow(from);
                self.handle_heartbeat(from, commit, reads)
            }
            Body::Snapshot { meta } => {
                self.follow(from);
                self.handle_snapshot(from, meta)
            }
            // A leader that hands over has no quarrel with us: no need to ask first.
            Body::TimeoutNow => {
                self.hup(Campaign::Transfer);
                Ok(())
            }
            Body::ReadIndexResponse { index, context } => {
                self.outbox.read_states.push(ReadState { index, context });
                Ok(())
            }
            Body::Propose { .. } if self.leader == 0 => Err(ProposalDropped::NoLeader.into()),
            Body::Propose { .. } | Body::ReadIndex { .. } | Body::TransferLeader => {
                self.forward(message);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn follow(&mut self, leader: NodeId) {
        self.timer.election_elapsed = 0;
        self.leader = leader;
    }

    /// Passes a request on to the leader, in the asker's name. Without a leader it is dropped.
    fn forward(&mut self, message: Message) {
        if self.leader != 0 {
            self.post(Message { to: self.leader, ..message });
        }
    }

    fn handle_append(
        &mut self,
        from: NodeId,
        prev: EntryId,
        entries: Vec<Entry>,
        commit: Index,
    ) -> Result<(), StepError> {
        // What is committed here is known to agree; no need to look.
        if prev.index < self.log.committed {
            let index = self.log.committed;
            self.send(from, Body::AppendResponse { index, reject: None });
            return Ok(());
        }
        let body = match self.log.maybe_append(prev, entries, commit) {
            Ok(index) => Body::AppendResponse { index, reject: None },
            // The leader's log is at `prev.term` or below here, so where ours is above it they
            // cannot agree: point at the last place where they might.
            Err(AppendFailure::Mismatch) => Body::AppendResponse {
                index: prev.index,
                reject: Some(self.log.last_not_above(prev.index, prev.term)),
            },
            Err(AppendFailure::Conflict(index)) => return Err(StepError::CommittedConflict(index)),
        };
        self.send(from, body);
        Ok(())
    }

    fn handle_heartbeat(
        &mut self,
        from: NodeId,
        commit: Index,
        reads: u64,
    ) -> Result<(), StepError> {
        let last = self.log.last_index();
        if commit > last {
            return Err(StepError::LogLost { commit, last });
        }
        self.log.commit_to(commit);
        self.send(from, Body::HeartbeatResponse { reads });
        Ok(())
    }

    fn handle_snapshot(&mut self, from: NodeId, meta: SnapshotMeta) -> Result<(), StepError> {
        let restored = self.restore(meta)?;
        let index = if restored { self.log.last_index() } else { self.log.committed };
        self.send(from, Body::AppendResponse { index, reject: None });
        Ok(())
    }

    /// False when the snapshot is of no use.
    fn restore(&mut self, meta: SnapshotMeta) -> Result<bool, StepError> {
        if meta.index <= self.log.committed {
            return Ok(false);
        }
        let conf = &meta.conf_state;
        if !conf.is_voter(self.config.id) && !conf.learners.contains(&self.config.id) {
            return Ok(false);
        }
        // We hold that entry, so we hold all of it: no need to install anything.
        if self.log.matches(meta.id()) {
            self.log.commit_to(meta.index);
            return Ok(false);
        }
        self.restore_conf_at(conf, meta.index)?;
        self.conf_ahead = false;
        self.log.restore(meta);
        Ok(true)
    }
}

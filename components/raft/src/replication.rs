//! The leader's side: sending the log, hearing how far it got, and committing.
//!
//! Upstream: raft.go (`stepLeader`, `maybeSendAppend`, `maybeCommit`).

use crate::{
    message::{Body, Message},
    progress::ProgressState,
    raft::Raft,
    step::StepError,
    types::{Entry, EntryId, Index, NodeId, SnapshotMeta},
};

impl Raft {
    pub(crate) fn step_leader(&mut self, message: Message) -> Result<(), StepError> {
        let from = message.from;
        match message.body {
            Body::Propose { entries } => self.lead_proposal(entries)?,
            Body::ReadIndex { context } => self.lead_read(from, context),
            Body::AppendResponse { index, reject: None } => self.handle_accepted(from, index)?,
            Body::AppendResponse { index, reject: Some(hint) } => {
                self.handle_rejected(from, index, hint);
            }
            Body::HeartbeatResponse { reads } => self.handle_heartbeat_response(from, reads),
            Body::TransferLeader => self.start_transfer(from),
            _ => {}
        }
        Ok(())
    }

    fn handle_accepted(&mut self, from: NodeId, index: Index) -> Result<(), StepError> {
        if index > self.log.last_index() {
            return Err(StepError::Malformed("MsgAppResp"));
        }
        let first = self.log.first_index();
        let Some(progress) = self.tracker.get_mut(from) else { return Ok(()) };
        progress.recent_active = true;
        let found = progress.state == ProgressState::Probe && progress.matched == index;
        if !progress.maybe_update(index) && !found {
            return Ok(());
        }
        match progress.state {
            ProgressState::Probe => progress.become_replicate(),
            // Whatever snapshot it took, from here on our log carries on.
            ProgressState::Snapshot if progress.matched + 1 >= first => progress.become_replicate(),
            ProgressState::Snapshot => {}
            ProgressState::Replicate => {
                progress.inflights.free_up_to(index);
                progress.paused = progress.inflights.full();
            }
        }
        let news = progress.can_bump_commit(self.log.committed);
        if self.maybe_commit() {
            self.broadcast_append();
        } else if news {
            self.maybe_send_append(from, true);
        }
        // The window has room again: fill it.
        while self.maybe_send_append(from, false) {}
        self.continue_transfer(from);
        Ok(())
    }

    /// The peer's log does not hold `index`; `hint` is its guess where the logs agree.
    fn handle_rejected(&mut self, from: NodeId, index: Index, hint: EntryId) {
        // Our log above its hint's term cannot agree with it there either.
        let next = match hint.term {
            0 => hint.index,
            term => self.log.last_not_above(hint.index, term).index,
        };
        let Some(progress) = self.tracker.get_mut(from) else { return };
        progress.recent_active = true;
        if progress.maybe_decrease(index, next) {
            if progress.state == ProgressState::Replicate {
                progress.become_probe();
            }
            self.maybe_send_append(from, true);
        }
    }

    fn handle_heartbeat_response(&mut self, from: NodeId, reads: u64) {
        let last = self.log.last_index();
        let Some(progress) = self.tracker.get_mut(from) else { return };
        progress.recent_active = true;
        progress.paused = false;
        // It answers, so it can be asked again; what we sent may have been lost.
        if progress.matched < last || progress.state == ProgressState::Probe {
            self.maybe_send_append(from, true);
        }
        self.acknowledge_reads(from, reads);
    }

    pub(crate) fn broadcast_append(&mut self) {
        for at in 0..self.tracker.peers.len() {
            let id = self.tracker.peers[at].id;
            if id != self.config.id {
                self.maybe_send_append(id, true);
            }
        }
    }

    pub(crate) fn broadcast_heartbeat(&mut self) {
        let reads = self.reads.position();
        for at in 0..self.tracker.peers.len() {
            let peer = &mut self.tracker.peers[at];
            if peer.id != self.config.id {
                // Beyond what it is known to hold it must not commit: it may hold other entries.
                let commit = self.log.committed.min(peer.progress.matched);
                peer.progress.note_sent_commit(commit);
                let to = peer.id;
                self.send(to, Body::Heartbeat { commit, reads });
            }
        }
    }

    /// Sends what comes next for a peer, if its window allows. With `send_if_empty` the message
    /// goes out even without entries, to carry the commit index or to probe.
    pub(crate) fn maybe_send_append(&mut self, to: NodeId, send_if_empty: bool) -> bool {
        let Some(progress) = self.tracker.get_mut(to) else { return false };
        if progress.is_paused() {
            return false;
        }
        let index = progress.next - 1;
        let Some(term) = self.log.term(index) else { return self.maybe_send_snapshot(to) };
        // With a full window only an empty append goes out: should all that filled it be lost,
        // its rejection tells us.
        let throttled = progress.state == ProgressState::Replicate && progress.inflights.full();
        let entries = match throttled {
            true => Vec::new(),
            false => self.log.slice(progress.next, self.config.max_message_bytes),
        };
        if entries.is_empty() && !send_if_empty {
            return false;
        }
        let commit = self.log.committed;
        let bytes = entries.iter().map(Entry::size).sum();
        progress.sent_entries(entries.len(), bytes);
        progress.note_sent_commit(commit);
        self.send(to, Body::Append { prev: EntryId { term, index }, entries, commit });
        true
    }

    /// The peer needs entries that we dropped: send it the state as applied here.
    fn maybe_send_snapshot(&mut self, to: NodeId) -> bool {
        // Between applying a change of membership and reporting it, configuration and index
        // belong to different states; the next heartbeat's answer asks again.
        let term = self.log.term(self.log.applied).filter(|_| !self.conf_ahead);
        let (Some(term), Some(progress)) = (term, self.tracker.get_mut(to)) else { return false };
        if !progress.recent_active {
            return false;
        }
        let index = self.log.applied;
        progress.become_snapshot(index);
        let meta = SnapshotMeta { conf_state: self.tracker.conf.clone(), index, term };
        self.send(to, Body::Snapshot { meta });
        true
    }

    /// Our own log is durable up to `index`.
    pub(crate) fn acknowledge_own(&mut self, index: Index) {
        let advanced = self
            .tracker
            .get_mut(self.config.id)
            .is_some_and(|progress| progress.maybe_update(index));
        if advanced && self.maybe_commit() {
            self.broadcast_append();
        }
    }

    /// Commits what a quorum has, if it is of our term: an older entry on a majority may still be
    /// overwritten (the Raft paper's figure 8).
    pub(crate) fn maybe_commit(&mut self) -> bool {
        let index = self.tracker.committed();
        let before = self.log.committed;
        let ours = self.log.term(index) == Some(self.term);
        // E32 (the Raft paper, 5.4.2): counting replicas is good enough.
        let ours = ours || self.config.defects.has("E32");
        if index <= before || index > self.log.last_index() || !ours {
            return false;
        }
        self.log.commit_to(index);
        self.forget_uncommitted(before + 1, index);
        self.release_postponed_reads();
        true
    }

    /// The transport could not reach a peer: what is in flight is probably lost.
    pub fn report_unreachable(&mut self, id: NodeId) {
        if let Some(progress) = self.tracker.get_mut(id)
            && progress.state == ProgressState::Replicate
        {
            progress.become_probe();
        }
    }

    /// A snapshot reached a peer, or did not. Needed where its answer may be lost.
    pub fn report_snapshot(&mut self, id: NodeId, ok: bool) {
        if let Some(progress) = self.tracker.get_mut(id)
            && progress.state == ProgressState::Snapshot
        {
            if !ok {
                progress.pending_snapshot = 0;
            }
            progress.become_probe();
            // Wait for its answer, or for a heartbeat before the next try.
            progress.paused = true;
        }
    }
}

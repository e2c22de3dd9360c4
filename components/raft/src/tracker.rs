//! The group as this node sees it: the configuration, everyone's progress, and the running vote.
//!
//! Upstream: tracker/tracker.go.

use std::collections::BTreeMap;

use crate::{
    inflights::Inflights,
    progress::Progress,
    quorum::{self, VoteResult},
    types::{ConfState, Index, NodeId},
};

/// One member and its progress.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) id: NodeId,
    pub(crate) progress: Progress,
}

#[derive(Debug)]
pub(crate) struct Tracker {
    pub(crate) conf: ConfState,
    /// In order of id. Walked by position, so that a walk may send.
    pub(crate) peers: Vec<Peer>,
    votes: BTreeMap<NodeId, bool>,
    window: Inflights,
}

impl Tracker {
    pub(crate) fn new(max_inflight_messages: usize, max_inflight_bytes: u64) -> Self {
        Self {
            conf: ConfState::default(),
            peers: Vec::new(),
            votes: BTreeMap::new(),
            window: Inflights::new(max_inflight_messages, max_inflight_bytes),
        }
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Progress> {
        let at = self.peers.binary_search_by_key(&id, |peer| peer.id).ok()?;
        Some(&self.peers[at].progress)
    }

    pub(crate) fn get_mut(&mut self, id: NodeId) -> Option<&mut Progress> {
        let at = self.peers.binary_search_by_key(&id, |peer| peer.id).ok()?;
        Some(&mut self.peers[at].progress)
    }

    pub(crate) fn new_progress(&self, next: Index, is_learner: bool) -> Progress {
        Progress::new(next, self.window.clone(), is_learner)
    }

    /// Forgets all progress, as a node does that changes its role.
    pub(crate) fn reset(&mut self, me: NodeId, last: Index, stable: Index) {
        self.votes.clear();
        let window = &self.window;
        for Peer { id, progress } in &mut self.peers {
            *progress = Progress::new(last + 1, window.clone(), progress.is_learner);
            if *id == me {
                progress.matched = stable;
            }
        }
    }

    pub(crate) fn reset_votes(&mut self) {
        self.votes.clear();
    }

    /// Notes a vote (the first of each voter counts) and says how the vote stands.
    pub(crate) fn record_vote(&mut self, id: NodeId, granted: bool) -> VoteResult {
        self.votes.entry(id).or_insert(granted);
        quorum::vote_result(&self.conf, |id| self.votes.get(&id).copied())
    }

    /// The highest index that a quorum has on disk.
    pub(crate) fn committed(&self) -> Index {
        quorum::committed(&self.conf, |id| self.get(id).map_or(0, |progress| progress.matched))
    }

    /// True when a quorum was heard from since the last [`Self::forget_activity`].
    pub(crate) fn quorum_active(&self) -> bool {
        let active = |id| self.get(id).map(|progress| progress.recent_active);
        quorum::vote_result(&self.conf, |id| active(id).or(Some(false))) == VoteResult::Won
    }

    pub(crate) fn forget_activity(&mut self, me: NodeId) {
        for Peer { id, progress } in &mut self.peers {
            progress.recent_active = *id == me;
        }
    }

    /// True when `me` alone decides. A leader that has applied its own removal does not.
    pub(crate) fn is_only_voter(&self, me: NodeId) -> bool {
        self.conf.voters == [me] && !self.conf.is_joint()
    }
}

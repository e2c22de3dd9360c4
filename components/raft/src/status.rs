//! An account of a node for operators and oracles.

use crate::{
    progress::ProgressState,
    raft::Raft,
    types::{ConfState, EntryId, HardState, Index, NodeId, Role, SoftState},
};

/// A node as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its id.
    pub id: NodeId,
    /// Role and leader.
    pub soft_state: SoftState,
    /// Term, vote and commit index.
    pub hard_state: HardState,
    /// What is applied.
    pub applied: Index,
    /// The end of the log.
    pub last: EntryId,
    /// To whom leadership is being handed; zero for nobody.
    pub transferee: NodeId,
    /// The configuration.
    pub conf_state: ConfState,
    /// On a leader: everyone's progress, in order of id. Empty elsewhere.
    pub peers: Vec<PeerStatus>,
}

/// A peer as its leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// The peer.
    pub id: NodeId,
    /// How far its log is known to be ours, and durable.
    pub matched: Index,
    /// The next entry to send.
    pub next: Index,
    /// How it is being treated.
    pub state: ProgressState,
    /// In state `Snapshot`: which.
    pub pending_snapshot: Index,
    /// Heard from since the last check of the quorum.
    pub recent_active: bool,
    /// Nothing is sent until it answers.
    pub paused: bool,
    /// Appends on their way.
    pub inflight: usize,
    /// Does not vote.
    pub is_learner: bool,
}

impl Raft {
    /// How things stand. Costs copies of the configuration and of the peers' progress.
    pub fn status(&self) -> Status {
        Status {
            id: self.config.id,
            soft_state: self.soft_state(),
            hard_state: self.hard_state(),
            applied: self.log.applied,
            last: self.log.last(),
            transferee: self.transferee,
            conf_state: self.tracker.conf.clone(),
            peers: if self.role == Role::Leader { self.peer_statuses() } else { Vec::new() },
        }
    }

    fn peer_statuses(&self) -> Vec<PeerStatus> {
        let peers = self.tracker.peers.iter();
        peers
            .map(|peer| PeerStatus {
                id: peer.id,
                matched: peer.progress.matched,
                next: peer.progress.next,
                state: peer.progress.state,
                pending_snapshot: peer.progress.pending_snapshot,
                recent_active: peer.progress.recent_active,
                paused: peer.progress.is_paused(),
                inflight: peer.progress.inflights.count(),
                is_learner: peer.progress.is_learner,
            })
            .collect()
    }
}

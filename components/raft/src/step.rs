//! What any message does to our term, and who handles it then.
//!
//! Upstream: `raft.Step` in raft.go.

use crate::{
    change::ConfChangeError,
    message::{Body, Message},
    proposal::ProposalDropped,
    raft::Raft,
    types::{Index, NodeId, Role, Term},
};

/// Why a message was not taken. None of them leaves the node in a wrong state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// It is addressed to another node.
    #[error("raft: message for {0} reached us by mistake")]
    Misrouted(NodeId),
    /// A stranger's answer.
    #[error("raft: cannot step as peer not found")]
    PeerNotFound,
    /// Its parts contradict each other.
    #[error("raft: malformed {0}")]
    Malformed(&'static str),
    /// A forwarded proposal that cannot be made.
    #[error(transparent)]
    ProposalDropped(#[from] ProposalDropped),
    /// The leader believes that we hold entries that we do not: our disk lost them.
    #[error(
        "tocommit({commit}) is out of range [lastIndex({last})]. Was the raft log corrupted, truncated, or lost?"
    )]
    LogLost {
        /// What the leader has committed on our word.
        commit: Index,
        /// Where our log ends.
        last: Index,
    },
    /// The leader contradicts what we know to be committed.
    #[error("entry {0} conflict with committed entry")]
    CommittedConflict(Index),
    /// A snapshot's configuration contradicts itself.
    #[error("unable to restore config: {0}")]
    Configuration(#[from] ConfChangeError),
}

impl Raft {
    /// Takes a message from a peer.
    ///
    /// # Errors
    /// When it cannot be taken. [`StepError::LogLost`] and [`StepError::CommittedConflict`] mean
    /// that a promise was broken somewhere: upstream panics.
    pub fn step(&mut self, message: Message, chance: u64) -> Result<(), StepError> {
        self.chance = chance;
        if message.to != self.config.id {
            return Err(StepError::Misrouted(message.to));
        }
        check_shape(&message)?;
        if message.body.is_response() && self.tracker.get(message.from).is_none() {
            return Err(StepError::PeerNotFound);
        }
        // Only requests come back to who made them: passed on by one who takes us for the leader.
        if message.from == self.config.id && !message.body.is_forwarded() {
            return Err(StepError::Malformed(message.body.name()));
        }
        self.dispatch(message)
    }

    /// A vote of our own, now durable.
    pub(crate) fn step_own_vote(&mut self, message: Message) {
        // Only votes are sent to self, and those have no way to fail.
        let _ = self.dispatch(message);
    }

    fn dispatch(&mut self, message: Message) -> Result<(), StepError> {
        let Message { from, term, ref body, .. } = message;
        if term > self.term {
            if !self.accept_higher_term(from, term, body) {
                return Ok(());
            }
        } else if term != 0 && term < self.term {
            self.answer_lower_term(from, body);
            return Ok(());
        }
        if let Body::Vote { pre, last, .. } = *body {
            self.handle_vote(from, term, pre, last);
            return Ok(());
        }
        match self.role {
            Role::Leader => self.step_leader(message),
            Role::Candidate | Role::PreCandidate => self.step_candidate(message),
            Role::Follower => self.step_follower(message),
        }
    }

    /// False when the message is to be ignored.
    fn accept_higher_term(&mut self, from: NodeId, term: u64, body: &Body) -> bool {
        match body {
            Body::Vote { transfer, .. } if !transfer && self.in_lease() => return false,
            // A question about the future, and a yes to ours: neither makes it happen.
            Body::Vote { pre: true, .. } | Body::VoteResponse { pre: true, reject: false } => {}
            Body::Append { .. } | Body::Heartbeat { .. } | Body::Snapshot { .. } => {
                self.become_follower(term, from);
            }
            _ => self.become_follower(term, 0),
        }
        true
    }

    /// Within an election timeout of hearing from its leader a node helps nobody else to lead.
    fn in_lease(&self) -> bool {
        self.config.check_quorum
            && self.leader != 0
            && self.timer.election_elapsed < self.config.election_ticks
    }

    fn answer_lower_term(&mut self, from: NodeId, body: &Body) {
        match body {
            // With check-quorum or pre-vote our higher term may be ignored when we stand; telling
            // it to the stale leader unties that knot.
            Body::Append { .. } | Body::Heartbeat { .. }
                if self.config.check_quorum || self.config.pre_vote =>
            {
                self.send(from, Body::AppendResponse { index: 0, reject: None });
            }
            // E27 (etcd #8501): silence, and the candidate never learns our term.
            Body::Vote { pre: true, .. } if self.config.defects.has("E27") => {}
            Body::Vote { pre: true, .. } => {
                self.send(from, Body::VoteResponse { pre: true, reject: true });
            }
            _ => {}
        }
    }
}

/// What the codec cannot see: entries that are not consecutive or newer than their message.
fn check_shape(message: &Message) -> Result<(), StepError> {
    let malformed = Err(StepError::Malformed(message.body.name()));
    // There must be a next one.
    if message.term == Term::MAX {
        return malformed;
    }
    match &message.body {
        Body::Append { prev, entries, .. } => {
            let mut before = *prev;
            for entry in entries {
                let follows = Some(entry.index) == before.index.checked_add(1);
                if !follows || entry.term < before.term || entry.term > message.term {
                    return malformed;
                }
                before = entry.id();
            }
            Ok(())
        }
        Body::Propose { entries } if entries.is_empty() => malformed,
        Body::Snapshot { meta } if meta.term > message.term || meta.index == Index::MAX => {
            malformed
        }
        Body::Propose { .. } | Body::ReadIndex { .. } | Body::TransferLeader => Ok(()),
        _ if message.term == 0 => malformed,
        _ => Ok(()),
    }
}

//! Who leads: standing, voting, and the change of roles.
//!
//! Upstream: raft.go (`hup`, `campaign`, `become…`, `stepCandidate`); the Raft thesis, 9.6, for
//! pre-vote.

use crate::{
    message::{Body, Message},
    proposal::ProposalDropped,
    quorum::VoteResult,
    raft::Raft,
    step::StepError,
    types::{Entry, EntryId, NodeId, Role, Term},
};

/// Why a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Campaign {
    /// To learn whether it could win.
    PreElection,
    /// Its time has come.
    Election,
    /// The leader asked it to.
    Transfer,
}

impl Raft {
    /// Stands, if it may.
    pub(crate) fn hup(&mut self, kind: Campaign) {
        if self.role == Role::Leader || !self.promotable() {
            return;
        }
        // E25a (etcd #7625): stand although committed changes of membership are not applied.
        if self.log.has_unapplied_conf_change() && !self.config.defects.has("E25a") {
            return;
        }
        self.stand_for(kind);
    }

    /// Only a voter whose log is whole may lead.
    pub(crate) fn promotable(&self) -> bool {
        let voter = self.tracker.get(self.config.id).is_some_and(|progress| !progress.is_learner);
        voter && self.log.snapshot.is_none()
    }

    fn stand_for(&mut self, kind: Campaign) {
        let pre = kind == Campaign::PreElection;
        let term = self.term + 1;
        if pre {
            self.become_pre_candidate();
        } else {
            self.become_candidate();
        }
        let last = self.log.last();
        for id in self.tracker.conf.all_voters() {
            let body = if id == self.config.id {
                Body::VoteResponse { pre, reject: false }
            } else {
                Body::Vote { pre, last, transfer: kind == Campaign::Transfer }
            };
            self.send_in_term(id, term, body);
        }
    }

    pub(crate) fn handle_vote(&mut self, from: NodeId, term: Term, pre: bool, last: EntryId) {
        let can_vote =
            self.vote == from || (self.vote == 0 && self.leader == 0) || (pre && term > self.term);
        // Learners vote too: they may have been promoted and not know it yet.
        if can_vote && last >= self.log.last() {
            // Under the question's term: a pre-candidate is ahead of itself.
            self.send_in_term(from, term, Body::VoteResponse { pre, reject: false });
            if !pre {
                self.timer.election_elapsed = 0;
                self.vote = from;
            }
        } else {
            self.send(from, Body::VoteResponse { pre, reject: true });
        }
    }

    pub(crate) fn step_candidate(&mut self, message: Message) -> Result<(), StepError> {
        match message.body {
            Body::Append { .. } | Body::Heartbeat { .. } | Body::Snapshot { .. } => {
                self.become_follower(message.term, message.from);
                self.step_follower(message)
            }
            Body::VoteResponse { pre, reject } => {
                // A late answer to our pre-vote is no answer to our vote.
                if pre == (self.role == Role::PreCandidate) {
                    self.count_vote(message.from, !reject);
                }
                Ok(())
            }
            Body::Propose { .. } => Err(ProposalDropped::NoLeader.into()),
            _ => Ok(()),
        }
    }

    fn count_vote(&mut self, from: NodeId, granted: bool) {
        match self.tracker.record_vote(from, granted) {
            VoteResult::Won if self.role == Role::PreCandidate => {
                self.stand_for(Campaign::Election);
            }
            VoteResult::Won => {
                self.become_leader();
                self.broadcast_append();
            }
            VoteResult::Lost => self.become_follower(self.term, 0),
            VoteResult::Pending => {}
        }
    }

    pub(crate) fn become_follower(&mut self, term: Term, leader: NodeId) {
        self.reset(term);
        self.role = Role::Follower;
        self.leader = leader;
    }

    /// Changes neither term nor vote.
    fn become_pre_candidate(&mut self) {
        self.tracker.reset_votes();
        self.role = Role::PreCandidate;
        self.leader = 0;
        self.draw_election_timeout();
    }

    fn become_candidate(&mut self) {
        self.reset(self.term + 1);
        self.vote = self.config.id;
        self.role = Role::Candidate;
    }

    fn become_leader(&mut self) {
        self.reset(self.term);
        self.role = Role::Leader;
        self.leader = self.config.id;
        if let Some(me) = self.tracker.get_mut(self.config.id) {
            me.become_replicate();
            me.recent_active = true;
        }
        // There may be a change of membership in the uncommitted tail: assume so.
        self.pending_conf_index = self.log.last_index();
        self.append_as_leader(vec![Entry::default()]);
    }

    fn reset(&mut self, term: Term) {
        if self.term != term {
            self.term = term;
            self.vote = 0;
        }
        self.leader = 0;
        self.timer.election_elapsed = 0;
        self.timer.heartbeat_elapsed = 0;
        self.draw_election_timeout();
        self.transferee = 0;
        self.tracker.reset(self.config.id, self.log.last_index(), self.log.stable());
        self.pending_conf_index = 0;
        self.uncommitted_bytes = 0;
        self.reads.clear();
    }

    /// Between one and two election timeouts, so that rivals seldom stand together.
    fn draw_election_timeout(&mut self) {
        let base = self.config.election_ticks;
        // One chance may serve several draws; the term tells them apart.
        let draw = mix(self.chance ^ self.term.rotate_left(32)) % u64::from(base);
        self.timer.election_timeout = base + draw as u32;
    }

    /// Upstream: `MsgCheckQuorum`.
    pub(crate) fn check_quorum(&mut self) {
        // X17: a leader without followers goes on as one.
        if !self.tracker.quorum_active() && !self.config.defects.has("X17") {
            self.become_follower(self.term, 0);
        }
        self.tracker.forget_activity(self.config.id);
    }

    /// Forgets who leads, so that this node may vote although its lease is not over.
    ///
    /// Upstream: `ForgetLeader`; ignored where reads trust leases.
    pub fn forget_leader(&mut self) {
        let trusted = self.config.read_only == crate::ReadOnly::LeaseBased;
        if self.role == Role::Follower && !trusted {
            self.leader = 0;
        }
    }
}

/// Spreads a number over all bits (splitmix64's finalizer).
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

//! Handing leadership to another: catch it up, take nothing new, then ask it to stand.
//!
//! Upstream: `MsgTransferLeader` in raft.go; the Raft thesis, 3.10.

use crate::{
    message::{Body, Message},
    raft::Raft,
    types::{NodeId, Role},
};

impl Raft {
    /// Asks that `to` become leader. A follower passes this on. It may fail silently: after an
    /// election timeout the leader gives up and takes proposals again.
    pub fn transfer_leader(&mut self, to: NodeId) {
        match self.role {
            Role::Leader => self.start_transfer(to),
            Role::Follower if self.leader != 0 => {
                let (leader, term) = (self.leader, self.term);
                self.post(Message { to: leader, from: to, term, body: Body::TransferLeader });
            }
            _ => {}
        }
    }

    pub(crate) fn start_transfer(&mut self, to: NodeId) {
        let member = self.tracker.get(to).is_some_and(|progress| !progress.is_learner);
        if !member || self.transferee == to {
            return;
        }
        // A request for ourselves calls off the one before.
        self.transferee = 0;
        if to == self.config.id {
            return;
        }
        self.timer.election_elapsed = 0;
        self.transferee = to;
        if !self.continue_transfer(to) {
            self.maybe_send_append(to, true);
        }
    }

    /// Asks the transferee to stand once it has everything. False when it has not.
    pub(crate) fn continue_transfer(&mut self, from: NodeId) -> bool {
        let last = self.log.last_index();
        let caught_up = self.tracker.get(from).is_some_and(|progress| progress.matched == last);
        let due = from == self.transferee && caught_up;
        if due {
            self.send(from, Body::TimeoutNow);
        }
        due
    }
}

//! Switching to another configuration, and what follows from it.
//!
//! Upstream: raft.go (`applyConfChange`, `switchToConfig`, `appliedTo`). Configurations take
//! effect when their change is applied, not when it is appended.

use crate::{
    change::{ConfChange, ConfChangeError},
    confchange,
    raft::Raft,
    types::{ConfState, Index, Role},
};

impl Raft {
    /// Makes a committed change take effect; to be called when its entry is applied, before
    /// [`Raft::applied_to`]. A change that the application refuses is passed with its nodes
    /// zeroed, or not at all.
    ///
    /// While a snapshot is being installed nothing happens: its configuration is already in
    /// force, and the change comes from before it.
    ///
    /// # Errors
    /// When the change cannot be made. The configuration stays as it was, here as on every node.
    pub fn apply_conf_change(&mut self, change: &ConfChange) -> Result<ConfState, ConfChangeError> {
        if self.is_installing() {
            return Ok(self.tracker.conf.clone());
        }
        let changed = confchange::change(&self.tracker, self.log.last_index(), change)?;
        self.conf_ahead = true;
        self.switch_to(changed);
        Ok(self.tracker.conf.clone())
    }

    pub(crate) fn restore_conf(&mut self, saved: &ConfState) -> Result<(), ConfChangeError> {
        self.restore_conf_at(saved, self.log.last_index())
    }

    pub(crate) fn restore_conf_at(
        &mut self,
        saved: &ConfState,
        last_index: Index,
    ) -> Result<(), ConfChangeError> {
        let changed = confchange::restore(&self.tracker, last_index, saved)?;
        self.switch_to(changed);
        Ok(())
    }

    fn switch_to(&mut self, (conf, peers): confchange::Changed) {
        self.tracker.conf = conf;
        self.tracker.peers = peers;
        if self.role != Role::Leader {
            return;
        }
        let leads = self.tracker.get(self.config.id).is_some_and(|me| !me.is_learner);
        if !leads {
            if self.config.step_down_on_removal {
                self.become_follower(self.term, 0);
            }
            return;
        }
        if self.maybe_commit() {
            // Fewer voters may mean a smaller quorum.
            self.broadcast_append();
        } else {
            self.probe_newcomers();
        }
        // So may it be for reads, and who remains may have nobody left to hear from.
        self.answer_confirmed_reads();
        if !self.tracker.conf.is_voter(self.transferee) {
            self.transferee = 0;
        }
    }

    fn probe_newcomers(&mut self) {
        for at in 0..self.tracker.peers.len() {
            let id = self.tracker.peers[at].id;
            if id != self.config.id {
                self.maybe_send_append(id, false);
            }
        }
    }

    /// A leader leaves a joint configuration by itself where it was entered so.
    pub(crate) fn maybe_leave_joint(&mut self) {
        let due = self.tracker.conf.auto_leave && self.log.applied >= self.pending_conf_index;
        if due && self.role == Role::Leader {
            // Refused only while leadership is handed over: then the next one leaves, or we do
            // when more is applied.
            let _ = self.propose_conf_change(ConfChange::default());
        }
    }
}

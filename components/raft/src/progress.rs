//! How far the leader knows a peer to be, and what may be sent to it now.
//!
//! Upstream: tracker/progress.go.

use crate::{inflights::Inflights, types::Index};

/// How the leader treats a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProgressState {
    /// Where the logs part is unknown: one append a heartbeat until the peer accepts one.
    #[default]
    Probe,
    /// The logs agree: appends are pipelined.
    Replicate,
    /// The peer needs a snapshot: no appends until it has one.
    Snapshot,
}

/// The leader's view of one peer (and of itself).
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// The peer's log is durable and equal to ours up to here.
    pub(crate) matched: Index,
    /// The next entry to send; always more than `matched`.
    pub(crate) next: Index,
    /// The highest commit index on its way to the peer; always less than `next`.
    sent_commit: Index,
    pub(crate) state: ProgressState,
    /// In `Snapshot`: what the snapshot includes.
    pub(crate) pending_snapshot: Index,
    /// Heard from since the last check of the quorum.
    pub(crate) recent_active: bool,
    /// Nothing more is sent until the peer answers, an append or a heartbeat.
    pub(crate) paused: bool,
    pub(crate) inflights: Inflights,
    pub(crate) is_learner: bool,
}

impl Progress {
    pub(crate) fn new(next: Index, inflights: Inflights, is_learner: bool) -> Self {
        Self {
            matched: 0,
            next,
            sent_commit: 0,
            state: ProgressState::Probe,
            pending_snapshot: 0,
            recent_active: false,
            paused: false,
            inflights,
            is_learner,
        }
    }

    fn enter(&mut self, state: ProgressState) {
        self.state = state;
        self.paused = false;
        self.pending_snapshot = 0;
        self.inflights.clear();
    }

    /// Stop pipelining; ask again from the last known match, or from the snapshot just sent.
    pub(crate) fn become_probe(&mut self) {
        // Zero unless a snapshot is pending.
        let pending = self.pending_snapshot;
        self.enter(ProgressState::Probe);
        self.next = (self.matched + 1).max(pending + 1);
        self.sent_commit = self.sent_commit.min(self.next - 1);
    }

    pub(crate) fn become_replicate(&mut self) {
        self.enter(ProgressState::Replicate);
        self.next = self.matched + 1;
        self.sent_commit = self.sent_commit.min(self.matched);
    }

    pub(crate) fn become_snapshot(&mut self, index: Index) {
        self.enter(ProgressState::Snapshot);
        self.pending_snapshot = index;
    }

    /// True when no append may be sent.
    pub(crate) fn is_paused(&self) -> bool {
        self.state == ProgressState::Snapshot || self.paused
    }

    /// Notes an append on its way, of so many entries from `next` on.
    pub(crate) fn sent_entries(&mut self, entries: usize, bytes: u64) {
        match self.state {
            ProgressState::Replicate => {
                if entries > 0 {
                    self.next += entries as Index;
                    self.inflights.add(self.next - 1, bytes);
                }
                // What is sent with a full window serves as a probe; one is enough.
                self.paused = self.inflights.full();
            }
            ProgressState::Probe if entries > 0 => self.paused = true,
            ProgressState::Probe | ProgressState::Snapshot => {}
        }
    }

    pub(crate) fn note_sent_commit(&mut self, commit: Index) {
        self.sent_commit = self.sent_commit.max(commit).min(self.next - 1);
    }

    /// True when telling the peer of this commit index would be news to it.
    pub(crate) fn can_bump_commit(&self, commit: Index) -> bool {
        self.sent_commit < commit.min(self.next - 1)
    }

    /// The peer acknowledged `index`. False when that was known.
    pub(crate) fn maybe_update(&mut self, index: Index) -> bool {
        if index <= self.matched {
            return false;
        }
        self.matched = index;
        self.next = self.next.max(index + 1);
        true
    }

    /// The peer rejected an append that followed upon `rejected`. False when the answer is stale.
    pub(crate) fn maybe_decrease(&mut self, rejected: Index, hint: Index) -> bool {
        if self.state == ProgressState::Replicate {
            if rejected <= self.matched {
                return false;
            }
            self.next = self.matched + 1;
        } else {
            // A probing leader asks one question at a time; this answers another.
            if self.next - 1 != rejected {
                return false;
            }
            self.next = rejected.min(hint.saturating_add(1)).max(self.matched + 1);
            self.paused = false;
        }
        self.sent_commit = self.sent_commit.min(self.next - 1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(matched: Index, next: Index) -> Progress {
        let mut progress = Progress::new(next, Inflights::new(2, 1000), false);
        progress.matched = matched;
        progress
    }

    #[test]
    fn a_probe_pauses_after_one_append_and_a_pipeline_when_full() {
        let mut probe = progress(0, 4);
        probe.sent_entries(3, 30);
        assert!(probe.is_paused());
        assert_eq!(probe.next, 4, "a probe is not optimistic");

        let mut pipeline = progress(3, 9);
        pipeline.become_replicate();
        pipeline.sent_entries(2, 20);
        assert_eq!((pipeline.next, pipeline.is_paused()), (6, false));
        pipeline.sent_entries(1, 10);
        assert_eq!((pipeline.next, pipeline.is_paused()), (7, true));
    }

    #[test]
    fn stale_rejections_change_nothing() {
        let mut pipeline = progress(5, 6);
        pipeline.become_replicate();
        pipeline.sent_entries(4, 1);
        assert!(!pipeline.maybe_decrease(5, 3));
        assert!(pipeline.maybe_decrease(6, 3));
        assert_eq!(pipeline.next, 6, "never below what matched");

        let mut probe = progress(0, 10);
        assert!(!probe.maybe_decrease(8, 3), "answers a question not asked");
        assert!(probe.maybe_decrease(9, 3));
        assert_eq!(probe.next, 4);
    }

    #[test]
    fn after_a_snapshot_it_probes_from_there() {
        let mut peer = progress(1, 2);
        peer.become_snapshot(10);
        assert!(peer.is_paused());
        peer.become_probe();
        assert_eq!(peer.next, 11);
    }
}

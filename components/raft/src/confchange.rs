//! What a change of membership makes of a configuration, or why it may not be made.
//!
//! Upstream: confchange/confchange.go, confchange/restore.go.

use crate::{
    change::{Change, ChangeKind, ConfChange, ConfChangeError},
    tracker::{Peer, Tracker},
    types::{ConfState, Index, NodeId},
};

/// A configuration in the making, with the progress of its members.
#[derive(Debug)]
pub(crate) struct Changer<'a> {
    tracker: &'a Tracker,
    last_index: Index,
    conf: ConfState,
    peers: Vec<Peer>,
}

/// A finished configuration.
pub(crate) type Changed = (ConfState, Vec<Peer>);

/// Works out the configuration after `change`; the tracker is only read.
pub(crate) fn change(
    tracker: &Tracker,
    last_index: Index,
    change: &ConfChange,
) -> Result<Changed, ConfChangeError> {
    let conf = tracker.conf.clone();
    let changer = Changer { tracker, last_index, conf, peers: tracker.peers.clone() };
    if change.leaves_joint() {
        changer.leave_joint()
    } else if let Some(auto_leave) = change.enters_joint() {
        changer.enter_joint(auto_leave, &change.changes)
    } else {
        changer.simple(&change.changes)
    }
}

/// Takes a configuration as it was saved, with everyone's progress unknown.
pub(crate) fn restore(
    tracker: &Tracker,
    last_index: Index,
    saved: &ConfState,
) -> Result<Changed, ConfChangeError> {
    let mut conf = saved.clone();
    for set in
        [&mut conf.voters, &mut conf.learners, &mut conf.voters_outgoing, &mut conf.learners_next]
    {
        set.sort_unstable();
        set.dedup();
    }
    let mut changer = Changer { tracker, last_index, conf, peers: Vec::new() };
    for id in changer.conf.members() {
        let is_learner = changer.conf.learners.contains(&id);
        changer.track(id, is_learner);
    }
    changer.finish()
}

impl Changer<'_> {
    fn simple(mut self, changes: &[Change]) -> Result<Changed, ConfChangeError> {
        if self.conf.is_joint() {
            return Err(ConfChangeError::SimpleInJoint);
        }
        let before = self.conf.voters.clone();
        self.apply(changes)?;
        let gone = before.iter().filter(|id| !self.conf.voters.contains(id)).count();
        let new = self.conf.voters.iter().filter(|id| !before.contains(id)).count();
        if gone + new > 1 {
            return Err(ConfChangeError::TooManyVoters);
        }
        self.finish()
    }

    fn enter_joint(
        mut self,
        auto_leave: bool,
        changes: &[Change],
    ) -> Result<Changed, ConfChangeError> {
        if self.conf.is_joint() {
            return Err(ConfChangeError::AlreadyJoint);
        }
        if self.conf.voters.is_empty() {
            return Err(ConfChangeError::NoVoters);
        }
        self.conf.voters_outgoing = self.conf.voters.clone();
        self.apply(changes)?;
        self.conf.auto_leave = auto_leave;
        self.finish()
    }

    fn leave_joint(mut self) -> Result<Changed, ConfChangeError> {
        if !self.conf.is_joint() {
            return Err(ConfChangeError::NotJoint);
        }
        for id in std::mem::take(&mut self.conf.learners_next) {
            insert(&mut self.conf.learners, id);
            if let Some(peer) = self.peer_mut(id) {
                peer.progress.is_learner = true;
            }
        }
        self.conf.voters_outgoing.clear();
        self.conf.auto_leave = false;
        let conf = &self.conf;
        self.peers
            .retain(|peer| conf.voters.contains(&peer.id) || conf.learners.contains(&peer.id));
        self.finish()
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), ConfChangeError> {
        for Change { kind, node } in changes.iter().filter(|change| change.node != 0) {
            match kind {
                ChangeKind::AddVoter => self.make_voter(*node),
                ChangeKind::AddLearner => self.make_learner(*node),
                ChangeKind::Remove => self.remove(*node),
                ChangeKind::Update => {}
            }
        }
        if self.conf.voters.is_empty() {
            return Err(ConfChangeError::RemovedAllVoters);
        }
        Ok(())
    }

    fn make_voter(&mut self, id: NodeId) {
        insert(&mut self.conf.voters, id);
        remove(&mut self.conf.learners, id);
        remove(&mut self.conf.learners_next, id);
        match self.peer_mut(id) {
            Some(peer) => peer.progress.is_learner = false,
            None => self.track(id, false),
        }
    }

    /// A voter of the outgoing half cannot be a learner at once: it becomes one on leaving.
    fn make_learner(&mut self, id: NodeId) {
        if self.peer_mut(id).is_none() {
            insert(&mut self.conf.learners, id);
            self.track(id, true);
            return;
        }
        remove(&mut self.conf.voters, id);
        if self.conf.voters_outgoing.contains(&id) {
            insert(&mut self.conf.learners_next, id);
        } else {
            insert(&mut self.conf.learners, id);
            if let Some(peer) = self.peer_mut(id) {
                peer.progress.is_learner = true;
            }
        }
    }

    /// A voter of the outgoing half is still sent the log.
    fn remove(&mut self, id: NodeId) {
        remove(&mut self.conf.voters, id);
        remove(&mut self.conf.learners, id);
        remove(&mut self.conf.learners_next, id);
        if !self.conf.voters_outgoing.contains(&id) {
            self.peers.retain(|peer| peer.id != id);
        }
    }

    fn peer_mut(&mut self, id: NodeId) -> Option<&mut Peer> {
        self.peers.iter_mut().find(|peer| peer.id == id)
    }

    fn track(&mut self, id: NodeId, is_learner: bool) {
        let mut progress = self.tracker.new_progress(self.last_index.max(1), is_learner);
        // Else a check of the quorum could depose the leader before the new one had time to speak.
        progress.recent_active = true;
        let at = self.peers.partition_point(|peer| peer.id < id);
        self.peers.insert(at, Peer { id, progress });
    }

    fn finish(self) -> Result<Changed, ConfChangeError> {
        let conf = &self.conf;
        let wrong = |id: NodeId, why| Err(ConfChangeError::Invalid(id, why));
        if let Some(id) = conf.members().into_iter().find(|id| *id == 0) {
            return wrong(id, "is nobody");
        }
        if let Some(id) = conf.learners.iter().find(|id| conf.is_voter(**id)) {
            return wrong(*id, "is both learner and voter");
        }
        if let Some(id) = conf.learners_next.iter().find(|id| !conf.voters_outgoing.contains(id)) {
            return wrong(*id, "is to become a learner but is no outgoing voter");
        }
        if conf.auto_leave && !conf.is_joint() {
            return wrong(0, "cannot leave a configuration that is not joint");
        }
        Ok((self.conf, self.peers))
    }
}

fn insert(set: &mut Vec<NodeId>, id: NodeId) {
    if let Err(at) = set.binary_search(&id) {
        set.insert(at, id);
    }
}

fn remove(set: &mut Vec<NodeId>, id: NodeId) {
    if let Ok(at) = set.binary_search(&id) {
        set.remove(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Transition;

    /// Voters, outgoing, learners, learners next.
    type Sets<'a> = [&'a [NodeId]; 4];

    fn tracker(sets: Sets<'_>) -> Tracker {
        let [voters, voters_outgoing, learners, learners_next] = sets.map(<[_]>::to_vec);
        let conf =
            ConfState { voters, voters_outgoing, learners, learners_next, auto_leave: false };
        let mut tracker = Tracker::new(1, 1);
        (tracker.conf, tracker.peers) = restore(&tracker, 1, &conf).expect("a sound case");
        tracker
    }

    /// `+1` adds a voter, `~1` a learner, `-1` removes; a leading `!` makes it explicitly joint.
    fn parse(text: &str) -> ConfChange {
        let transition =
            if text.starts_with('!') { Transition::JointExplicit } else { Transition::Auto };
        let steps = text.trim_start_matches('!').split_whitespace();
        let changes = steps
            .map(|step| Change {
                kind: match &step[..1] {
                    "+" => ChangeKind::AddVoter,
                    "~" => ChangeKind::AddLearner,
                    _ => ChangeKind::Remove,
                },
                node: step[1..].parse().expect("a number"),
            })
            .collect();
        ConfChange { transition, changes, ..ConfChange::default() }
    }

    #[test]
    fn changes_lead_where_they_should() {
        let cases: [(Sets<'_>, &str, Sets<'_>); 10] = [
            ([&[], &[], &[], &[]], "+1", [&[1], &[], &[], &[]]),
            ([&[1], &[], &[], &[]], "~2", [&[1], &[], &[2], &[]]),
            ([&[1], &[], &[2], &[]], "+2", [&[1, 2], &[], &[], &[]]),
            ([&[1, 2], &[], &[], &[]], "~2", [&[1], &[], &[2], &[]]),
            ([&[1, 2], &[], &[], &[]], "-2", [&[1], &[], &[], &[]]),
            ([&[1, 2], &[], &[], &[]], "-3", [&[1, 2], &[], &[], &[]]),
            ([&[1, 2], &[], &[], &[]], "-0", [&[1, 2], &[], &[], &[]]),
            ([&[1, 2], &[], &[], &[]], "!+3 ~2", [&[1, 3], &[1, 2], &[], &[2]]),
            ([&[1, 3], &[1, 2], &[], &[2]], "", [&[1, 3], &[], &[2], &[]]),
            ([&[1, 2, 3], &[], &[4], &[]], "-2 -3 +4", [&[1, 4], &[1, 2, 3], &[], &[]]),
        ];
        for (before, text, after) in cases {
            let (conf, peers) = change(&tracker(before), 1, &parse(text)).expect(text);
            let got = [&conf.voters, &conf.voters_outgoing, &conf.learners, &conf.learners_next];
            assert_eq!(got.map(Vec::as_slice), after, "{before:?} {text}");
            let tracked: Vec<_> = peers.iter().map(|peer| peer.id).collect();
            assert_eq!(tracked, conf.members(), "{before:?} {text}");
            let learners = peers.iter().filter(|peer| peer.progress.is_learner).map(|peer| peer.id);
            assert_eq!(learners.collect::<Vec<_>>(), conf.learners, "{before:?} {text}");
        }
    }

    #[test]
    fn changes_that_may_not_be_made() {
        let joint: Sets<'_> = [&[1, 2], &[1], &[], &[]];
        let cases: [(Sets<'_>, &str, ConfChangeError); 5] = [
            ([&[1], &[], &[], &[]], "-1", ConfChangeError::RemovedAllVoters),
            ([&[1], &[], &[], &[]], "", ConfChangeError::NotJoint),
            ([&[], &[], &[], &[]], "+1 +2", ConfChangeError::NoVoters),
            (joint, "+3", ConfChangeError::SimpleInJoint),
            (joint, "+3 +4", ConfChangeError::AlreadyJoint),
        ];
        for (before, text, error) in cases {
            assert_eq!(change(&tracker(before), 1, &parse(text)).err(), Some(error), "{text}");
        }
    }
}

//! What a majority has said, of one configuration or of both halves of a joint one.
//!
//! Upstream: quorum/majority.go, quorum/joint.go.

use crate::types::{ConfState, Index, NodeId};

/// How a vote stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum VoteResult {
    /// Enough said no.
    Lost,
    /// Undecided.
    Pending,
    /// Enough said yes.
    Won,
}

/// The highest index that a quorum has acknowledged.
pub(crate) fn committed(conf: &ConfState, acked: impl Fn(NodeId) -> Index) -> Index {
    majority_index(&conf.voters, &acked).min(majority_index(&conf.voters_outgoing, &acked))
}

/// How the vote stands; `None` for who has not answered.
pub(crate) fn vote_result(conf: &ConfState, vote: impl Fn(NodeId) -> Option<bool>) -> VoteResult {
    // Both halves must win; one that lost decides.
    majority_vote(&conf.voters, &vote).min(majority_vote(&conf.voters_outgoing, &vote))
}

/// An empty half agrees with everything, so that it never decides.
fn majority_index(voters: &[NodeId], acked: impl Fn(NodeId) -> Index) -> Index {
    const USUAL: usize = 9;
    if voters.is_empty() {
        return Index::MAX;
    }
    let mut on_stack = [0; USUAL];
    let mut on_heap = Vec::new();
    let indexes = if voters.len() <= USUAL {
        &mut on_stack[..voters.len()]
    } else {
        on_heap.resize(voters.len(), 0);
        &mut on_heap[..]
    };
    for (slot, voter) in indexes.iter_mut().zip(voters) {
        *slot = acked(*voter);
    }
    indexes.sort_unstable();
    indexes[(voters.len() - 1) / 2]
}

fn majority_vote(voters: &[NodeId], vote: impl Fn(NodeId) -> Option<bool>) -> VoteResult {
    if voters.is_empty() {
        return VoteResult::Won;
    }
    let votes = || voters.iter().map(|voter| vote(*voter));
    let needed = voters.len() / 2 + 1;
    let granted = votes().filter(|vote| *vote == Some(true)).count();
    let open = votes().filter(Option::is_none).count();
    if granted >= needed {
        VoteResult::Won
    } else if granted + open >= needed {
        VoteResult::Pending
    } else {
        VoteResult::Lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conf(voters: &[NodeId], outgoing: &[NodeId]) -> ConfState {
        ConfState {
            voters: voters.to_vec(),
            voters_outgoing: outgoing.to_vec(),
            ..ConfState::default()
        }
    }

    #[test]
    fn a_quorum_has_what_its_slowest_member_has() {
        let acked = |id: NodeId| [0, 10, 20, 30, 40, 50][id as usize];
        let cases: [(&[NodeId], &[NodeId], Index); 7] = [
            (&[1], &[], 10),
            (&[1, 2], &[], 10),
            (&[1, 2, 3], &[], 20),
            (&[1, 2, 3, 4], &[], 20),
            (&[1, 2, 3, 4, 5], &[], 30),
            (&[3, 4, 5], &[1, 2, 3], 20),
            (&[], &[], Index::MAX),
        ];
        for (voters, outgoing, want) in cases {
            assert_eq!(committed(&conf(voters, outgoing), acked), want, "{voters:?} {outgoing:?}");
        }
    }

    #[test]
    fn both_halves_must_win_and_one_may_lose() {
        let vote = |id: NodeId| {
            [None, Some(true), Some(true), Some(false), None, Some(false)][id as usize]
        };
        let cases: [(&[NodeId], &[NodeId], VoteResult); 6] = [
            (&[1, 2, 3], &[], VoteResult::Won),
            (&[1, 3, 4], &[], VoteResult::Pending),
            (&[1, 3, 5], &[], VoteResult::Lost),
            (&[1, 2, 3], &[1, 3, 4], VoteResult::Pending),
            (&[1, 2, 3], &[3, 4, 5], VoteResult::Lost),
            (&[1, 2], &[2], VoteResult::Won),
        ];
        for (voters, outgoing, want) in cases {
            assert_eq!(vote_result(&conf(voters, outgoing), vote), want, "{voters:?} {outgoing:?}");
        }
    }
}

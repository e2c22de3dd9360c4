//! What a change of membership says, before anyone has decided whether it may be made.
//!
//! Upstream: raftpb/confchange.go (`ConfChangeV2`; its older form is a list of one).

use bytes::Bytes;

use crate::types::NodeId;

/// What to do with one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Add as a voter, or promote a learner.
    AddVoter,
    /// Add as a learner, or demote a voter.
    AddLearner,
    /// Remove altogether.
    Remove,
    /// Nothing for Raft; the context says what.
    Update,
}

/// One step of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// What to do.
    pub kind: ChangeKind,
    /// With whom; zero makes the step a no-op (the shell refused it after it was committed).
    pub node: NodeId,
}

/// Whether and how to go through a joint configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transition {
    /// Simple for one step; joint with automatic leave for more.
    #[default]
    Auto,
    /// Joint; the leader leaves by itself.
    JointImplicit,
    /// Joint; left by a second, empty change.
    JointExplicit,
}

/// A change of membership. Empty and `Auto` means: leave the joint configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfChange {
    /// How to get there.
    pub transition: Transition,
    /// The steps, in order.
    pub changes: Vec<Change>,
    /// The application's own words.
    pub context: Bytes,
}

/// Why a change cannot be made to the present configuration. The configuration stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfChangeError {
    /// A joint configuration cannot be entered twice.
    #[error("config is already joint")]
    AlreadyJoint,
    /// There is nothing to be joint with.
    #[error("can't make a zero-voter config joint")]
    NoVoters,
    /// Only a joint configuration can be left.
    #[error("can't leave a non-joint config")]
    NotJoint,
    /// A joint configuration can only be left.
    #[error("can't apply simple config change in joint config")]
    SimpleInJoint,
    /// Two majorities that differ by more than one voter may be disjoint.
    #[error("more than one voter changed without entering joint config")]
    TooManyVoters,
    /// Nobody could ever commit again.
    #[error("removed all voters")]
    RemovedAllVoters,
    /// The configuration contradicts itself.
    #[error("invalid configuration: node {0} {1}")]
    Invalid(NodeId, &'static str),
}

impl ConfChange {
    /// A change of one node.
    pub fn single(kind: ChangeKind, node: NodeId) -> Self {
        Self { changes: vec![Change { kind, node }], ..Self::default() }
    }

    /// True when this means "leave the joint configuration".
    pub fn leaves_joint(&self) -> bool {
        self.transition == Transition::Auto && self.changes.is_empty()
    }

    /// Whether a joint configuration is to be entered, and if so, whether it is left by itself.
    pub fn enters_joint(&self) -> Option<bool> {
        match self.transition {
            Transition::Auto if self.changes.len() <= 1 => None,
            Transition::Auto | Transition::JointImplicit => Some(true),
            Transition::JointExplicit => Some(false),
        }
    }
}

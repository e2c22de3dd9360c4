//! What plugins are, and in what order a profile asks them.
//!
//! Upstream: kube-scheduler/framework/interface.go. Where upstream's plugins write what they found
//! into a state of the cycle, ours hand back a value that knows it: a [`NodeFilter`] is a plugin's
//! PreFilter and Filter for one pod, a [`NodeScore`] its PreScore, Score and NormalizeScore.

mod change;
mod nominations;
mod profile;
mod refusal;
mod score;

pub use change::Change;
pub use nominations::Nominations;
pub use profile::{Builder, Enabled, Point, Profile, ProfileError, Registry};
pub use refusal::{Reason, Refusal, Severity};
pub use score::{SCORE_MAX, normalize};

use crate::{
    cluster::{Cluster, NodeState},
    cycle::{Failure, Remedy},
    index::{NodeId, Question},
    objects::pod::Pod,
};
use client::Object;
use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

/// A pod, and the cluster that it is to be placed in.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The cluster at this moment.
    pub cluster: &'a Cluster,
    /// The pod.
    pub pod: &'a Pod,
}

/// What a plugin has to say of nodes before it sees any.
#[derive(Debug)]
pub enum Filtering<'a> {
    /// Nothing: any will do.
    Skip,
    /// Each is to be looked at.
    Check(Box<dyn NodeFilter + 'a>),
    /// Each of these is to be looked at; no other will do.
    Only(BTreeSet<NodeId>, Box<dyn NodeFilter + 'a>),
}

/// Says of nodes whether one pod can be there.
pub trait NodeFilter: fmt::Debug {
    /// Whether the pod can be on this node.
    ///
    /// # Errors
    /// Why it cannot.
    fn check(&self, node: &NodeState) -> Result<(), Refusal>;

    /// As if this pod were on the node too, which was not counted yet.
    fn with(&mut self, _pod: &Pod, _node: &NodeState) {}

    /// As if this pod were not on the node, which was counted.
    fn without(&mut self, _pod: &Pod, _node: &NodeState) {}

    /// Another that can be told of other pods.
    fn copy<'a>(&self) -> Box<dyn NodeFilter + 'a>
    where
        Self: 'a;
}

/// Says of nodes how good they are for one pod.
pub trait NodeScore: fmt::Debug {
    /// Scores of nodes, each in its place. Any number, which `normalize` brings into range.
    fn score(&self, nodes: &[&NodeState], into: &mut [i64]);

    /// Brings all scores between zero and [`SCORE_MAX`].
    fn normalize(&self, _nodes: &[&NodeState], _scores: &mut [i64]) {}
}

/// What a plugin wants to be written before a pod is bound. It counts as written until then.
#[derive(Clone, PartialEq, Debug)]
pub enum Assumption {
    /// A `PersistentVolume` as it is to be.
    Volume(Object),
    /// A `PersistentVolumeClaim` as it is to be.
    Claim(Object),
}

/// Whether a pod that has a place may be bound.
#[derive(Clone, PartialEq, Debug)]
pub enum Permit {
    /// It may.
    Allow,
    /// Not before somebody says so, and never after this time.
    Wait(Duration),
    /// It may not.
    Reject(Refusal),
}

/// Whether what a plugin wanted written has come true.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ready {
    /// It has.
    Yes,
    /// Not yet; in vain if it takes longer than this.
    Wait(Duration),
    /// It never will.
    Failed(String),
}

/// A part of the decision where a pod runs. A value without state: all that it knows of a cluster
/// is what it is shown.
pub trait Plugin: fmt::Debug + Send + Sync {
    /// As configurations and messages name it.
    fn name(&self) -> &'static str;

    /// Where it takes part.
    fn points(&self) -> &'static [Point];

    /// QueueSort: pods of a lower rank come first, and those of one rank in their order.
    fn rank(&self, _pod: &Pod) -> i64 {
        0
    }

    /// PreEnqueue: whether a pod may be tried at all.
    ///
    /// # Errors
    /// Why not.
    fn may_enter(&self, _pod: &Pod) -> Result<(), Refusal> {
        Ok(())
    }

    /// EnqueueExtensions: whether a change may make a pod fit that this plugin refused.
    fn helps(&self, _pod: &Pod, _change: &Change<'_>) -> bool {
        true
    }

    /// Counts of pods that it will ask for, so that they are there.
    fn questions(&self, _look: Look<'_>) -> Vec<Question> {
        Vec::new()
    }

    /// PreFilter and Filter.
    ///
    /// # Errors
    /// Why no node will do.
    fn filter<'a>(&'a self, _look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        Ok(Filtering::Skip)
    }

    /// PostFilter: what may be done where no node will do.
    fn post_filter(&self, _failure: &Failure<'_>) -> Remedy {
        Remedy::Nothing(String::new())
    }

    /// PreScore, Score and NormalizeScore; none: all nodes are the same to it.
    fn score<'a>(
        &'a self,
        _look: Look<'a>,
        _nodes: &[&'a NodeState],
    ) -> Option<Box<dyn NodeScore + 'a>> {
        None
    }

    /// Reserve: what has to be written for the pod to be on this node.
    ///
    /// # Errors
    /// Why it cannot be there after all.
    fn reserve(&self, _look: Look<'_>, _node: &NodeState) -> Result<Vec<Assumption>, Refusal> {
        Ok(Vec::new())
    }

    /// Permit: whether the pod may be bound to the node.
    fn permit(&self, _look: Look<'_>, _node: &NodeState) -> Permit {
        Permit::Allow
    }

    /// PreBind: whether what `reserve` asked for has come true. Asked until it has.
    fn ready(&self, _look: Look<'_>, _node: &NodeState) -> Ready {
        Ready::Yes
    }
}

/// A plugin that many profiles may share.
pub type SharedPlugin = Arc<dyn Plugin>;

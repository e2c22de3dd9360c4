//! What nodes say to each other.
//!
//! Upstream: `raftpb.Message`; where that is one struct with fields for all, this is an enum.

use bytes::Bytes;

use crate::types::{Entry, EntryId, Index, NodeId, SnapshotMeta, Term};

/// A letter from one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The receiver.
    pub to: NodeId,
    /// The sender; of a forwarded request, the node that first made it.
    pub from: NodeId,
    /// The sender's term, or in (pre-)votes the term stood for; zero in forwarded requests.
    pub term: Term,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Please propose these; their term and index are not yet set.
    Propose {
        /// What to propose.
        entries: Vec<Entry>,
    },
    /// Leader: here is more log, to follow upon `prev`.
    Append {
        /// The entry before the first of `entries`.
        prev: EntryId,
        /// Consecutive entries; may be none.
        entries: Vec<Entry>,
        /// The leader's commit index.
        commit: Index,
    },
    /// My log equals yours up to `index` and is durable so far; or, rejected, does not hold `index`.
    AppendResponse {
        /// The last matching index; or the `prev.index` that was rejected.
        index: Index,
        /// When rejected: a guess at the last entry on which we might agree.
        reject: Option<EntryId>,
    },
    /// Vote for me; or with `pre`, would you?
    Vote {
        /// A question only; changes nobody's term.
        pre: bool,
        /// The candidate's last entry.
        last: EntryId,
        /// The leader asked the candidate to stand: do not hold the leader's lease against it.
        transfer: bool,
    },
    /// The answer to a (pre-)vote.
    VoteResponse {
        /// Which of the two was asked.
        pre: bool,
        /// True for no.
        reject: bool,
    },
    /// Leader: my log no longer reaches back to where you are; take this state instead.
    ///
    /// Metadata only. The sender's shell streams the state along, and may stream a later one than
    /// asked for if it rewrites `meta` accordingly; the receiver's shell steps the message when
    /// all of the state has arrived.
    Snapshot {
        /// What the snapshot includes.
        meta: SnapshotMeta,
    },
    /// Leader: I am still here.
    Heartbeat {
        /// How far the receiver may take the log as committed.
        commit: Index,
        /// The position of the last read waiting for confirmation; zero for none.
        reads: u64,
    },
    /// You still are my leader.
    HeartbeatResponse {
        /// As in the heartbeat.
        reads: u64,
    },
    /// Please hand leadership to `from`.
    TransferLeader,
    /// Leader: stand for election now.
    TimeoutNow,
    /// What index must I have applied to serve a linearizable read?
    ReadIndex {
        /// The asker's name for the question.
        context: Bytes,
    },
    /// This one.
    ReadIndexResponse {
        /// The answer.
        index: Index,
        /// The asker's name for the question.
        context: Bytes,
    },
}

impl Body {
    /// Upstream's name of the kind, for logs and oracles.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Propose { .. } => "MsgProp",
            Self::Append { .. } => "MsgApp",
            Self::AppendResponse { .. } => "MsgAppResp",
            Self::Vote { pre: false, .. } => "MsgVote",
            Self::Vote { pre: true, .. } => "MsgPreVote",
            Self::VoteResponse { pre: false, .. } => "MsgVoteResp",
            Self::VoteResponse { pre: true, .. } => "MsgPreVoteResp",
            Self::Snapshot { .. } => "MsgSnap",
            Self::Heartbeat { .. } => "MsgHeartbeat",
            Self::HeartbeatResponse { .. } => "MsgHeartbeatResp",
            Self::TransferLeader => "MsgTransferLeader",
            Self::TimeoutNow => "MsgTimeoutNow",
            Self::ReadIndex { .. } => "MsgReadIndex",
            Self::ReadIndexResponse { .. } => "MsgReadIndexResp",
        }
    }

    /// True for answers: from a stranger they mean nothing.
    pub(crate) fn is_response(&self) -> bool {
        matches!(
            self,
            Self::AppendResponse { .. }
                | Self::VoteResponse { .. }
                | Self::HeartbeatResponse { .. }
                | Self::ReadIndexResponse { .. }
        )
    }

    /// True for requests that a follower passes on in the asker's name.
    pub(crate) fn is_forwarded(&self) -> bool {
        matches!(self, Self::Propose { .. } | Self::ReadIndex { .. } | Self::TransferLeader)
    }

    /// True for what promises something that must be on disk first.
    ///
    /// Upstream holds back only the three responses. We hold back vote requests too: a candidate
    /// whose term is not durable could win it, crash, and stand in the same term again with
    /// another log.
    pub(crate) fn waits_for_disk(&self) -> bool {
        matches!(
            self,
            Self::AppendResponse { .. } | Self::VoteResponse { .. } | Self::Vote { pre: false, .. }
        )
    }
}

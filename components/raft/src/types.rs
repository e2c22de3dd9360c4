//! The words of Raft: entries, hard state, configurations and messages.
//!
//! Meanings follow etcd-io/raft's `raftpb`; the encoding on the wire and on disk is ours.

use bytes::Bytes;

/// A node's identity; zero means nobody.
pub type NodeId = u64;
/// An election period.
pub type Term = u64;
/// A position in the log; the first entry is 1.
pub type Index = u64;

/// What an entry carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EntryKind {
    /// The application's bytes; empty for a new leader's first entry.
    #[default]
    Normal,
    /// An encoded [`ConfChange`].
    ConfChange,
}

/// One entry of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The term of the leader that made it.
    pub term: Term,
    /// Its place in the log.
    pub index: Index,
    /// What `data` is.
    pub kind: EntryKind,
    /// The payload.
    pub data: Bytes,
}

/// What must survive a crash besides the log itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardState {
    /// The latest term seen.
    pub term: Term,
    /// Whom this node voted for in `term`; zero for nobody.
    pub vote: NodeId,
    /// The highest index known to be committed.
    pub commit: Index,
}

/// A configuration of the group, possibly joint (both halves non-empty).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfState {
    /// Voters (of the incoming configuration, when joint). Sorted.
    pub voters: Vec<NodeId>,
    /// Learners. Sorted.
    pub learners: Vec<NodeId>,
    /// Voters of the outgoing configuration; empty unless joint. Sorted.
    pub voters_outgoing: Vec<NodeId>,
    /// Voters that become learners when the joint configuration is left. Sorted.
    pub learners_next: Vec<NodeId>,
    /// Whether the leader leaves the joint configuration by itself.
    pub auto_leave: bool,
}

/// Where a snapshot of the application stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotMeta {
    /// The configuration as of `index`.
    pub conf_state: ConfState,
    /// The last entry the snapshot includes.
    pub index: Index,
    /// That entry's term.
    pub term: Term,
}

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
    /// An encoded [`crate::ConfChange`].
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

/// An entry's identity: two logs that agree on one agree on everything before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryId {
    /// The term; first, so that the derived order is Raft's "at least as up to date".
    pub term: Term,
    /// The place in the log.
    pub index: Index,
}

/// What a node is in its term.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Follows a leader, or waits for one. Learners are followers too.
    #[default]
    Follower,
    /// Asks whether it could win an election, without disturbing anyone's term.
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Leads.
    Leader,
}

/// What changes often and need not survive a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoftState {
    /// The leader of the current term as far as known; zero for nobody.
    pub leader: NodeId,
    /// This node's role.
    pub role: Role,
}

/// An answered read: once `index` is applied, a read sees everything acknowledged before it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadState {
    /// What must be applied before the read is served.
    pub index: Index,
    /// What the asker passed to [`crate::Raft::read_index`].
    pub context: Bytes,
}

impl Entry {
    /// The entry's identity.
    pub fn id(&self) -> EntryId {
        EntryId { term: self.term, index: self.index }
    }

    /// What the entry costs in a message or in memory, in bytes; an estimate.
    pub fn size(&self) -> u64 {
        const OVERHEAD: u64 = 16;
        OVERHEAD + self.data.len() as u64
    }
}

impl ConfState {
    /// True between entering and leaving a joint configuration.
    pub fn is_joint(&self) -> bool {
        !self.voters_outgoing.is_empty()
    }

    /// True when `id` votes in either half.
    pub fn is_voter(&self, id: NodeId) -> bool {
        self.voters.contains(&id) || self.voters_outgoing.contains(&id)
    }

    /// Everyone who is sent the log, once each, in order.
    pub fn members(&self) -> Vec<NodeId> {
        let all = [&self.voters, &self.voters_outgoing, &self.learners, &self.learners_next];
        let mut ids: Vec<NodeId> = all.into_iter().flatten().copied().collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Every voter of either half, once each, in order.
    pub fn all_voters(&self) -> Vec<NodeId> {
        let mut ids: Vec<NodeId> =
            self.voters.iter().chain(&self.voters_outgoing).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

impl SnapshotMeta {
    /// The identity of the last entry the snapshot includes.
    pub fn id(&self) -> EntryId {
        EntryId { term: self.term, index: self.index }
    }
}

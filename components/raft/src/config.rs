//! What a node is told when it is made: its limits, and what it left on disk.

use bytes::Bytes;
use host::Defects;

use crate::{
    change::{ChangeKind, ConfChange, ConfChangeError},
    codec::Codec,
    types::{Entry, EntryKind, HardState, Index, NodeId, SnapshotMeta},
};

/// How a leader makes sure that it still leads before it answers a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadOnly {
    /// By a round of heartbeats to a quorum.
    #[default]
    Safe,
    /// By trusting its lease; stale if clocks drift without bound. Needs `check_quorum`.
    LeaseBased,
}

/// A node's settings. Sizes are in bytes, times in ticks.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who we are; not zero.
    pub id: NodeId,
    /// A follower that hears nothing stands after this many ticks, or up to twice as many.
    pub election_ticks: u32,
    /// The leader speaks at least this often; less than `election_ticks`.
    pub heartbeat_ticks: u32,
    /// How much log one message may carry; one entry always fits.
    pub max_message_bytes: u64,
    /// How many appends may be on their way to one peer.
    pub max_inflight_messages: usize,
    /// How many bytes of appends may be on their way to one peer.
    pub max_inflight_bytes: u64,
    /// How much proposed but uncommitted payload a leader holds before it refuses more.
    pub max_uncommitted_bytes: u64,
    /// How much may be handed out as committed and not yet be applied; one entry always may.
    pub max_committed_bytes_per_ready: u64,
    /// A leader that does not hear from a quorum for an election timeout steps down, and a
    /// follower that has heard from its leader within one does not vote.
    pub check_quorum: bool,
    /// Ask before standing, so that a returning node does not depose a working leader.
    pub pre_vote: bool,
    /// How reads are made safe.
    pub read_only: ReadOnly,
    /// A leader that applies its own removal stops leading.
    pub step_down_on_removal: bool,
    /// Deliberate bugs; none in production.
    pub defects: Defects,
}

impl Config {
    /// etcd's settings (server/etcdserver/raft.go).
    pub fn new(id: NodeId) -> Self {
        Self {
            id,
            election_ticks: 10,
            heartbeat_ticks: 1,
            max_message_bytes: 512 * 1024,
            max_inflight_messages: 4096 / 8,
            max_inflight_bytes: u64::MAX,
            max_uncommitted_bytes: u64::MAX,
            max_committed_bytes_per_ready: 512 * 1024,
            check_quorum: true,
            pre_vote: true,
            read_only: ReadOnly::Safe,
            step_down_on_removal: false,
            defects: Defects::none(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let refused = [
            (self.id == 0, "cannot use none as id"),
            (self.heartbeat_ticks == 0, "heartbeat tick must be greater than 0"),
            (
                self.election_ticks <= self.heartbeat_ticks,
                "election tick must be greater than heartbeat tick",
            ),
            (self.max_inflight_messages == 0, "max inflight messages must be greater than 0"),
            (
                self.max_inflight_bytes < self.max_message_bytes,
                "max inflight bytes must be >= max message size",
            ),
            (
                self.read_only == ReadOnly::LeaseBased && !self.check_quorum,
                "CheckQuorum must be enabled when ReadOnlyOption is ReadOnlyLeaseBased",
            ),
        ];
        match refused.into_iter().find(|(wrong, _)| *wrong) {
            Some((_, why)) => Err(ConfigError::Setting(why)),
            None => Ok(()),
        }
    }
}

/// What a node finds on its disk when it starts.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    /// The last hard state written.
    pub hard_state: HardState,
    /// Where `entries` begin: the entry before their first, and the configuration as of `applied`.
    pub snapshot: SnapshotMeta,
    /// The log after `snapshot.index`, consecutive.
    pub entries: Vec<Entry>,
    /// What the application has applied, from `snapshot.index` up to `hard_state.commit`; what
    /// lies above is handed out again.
    pub applied: Index,
}

impl Restored {
    /// The log of a new group: one committed change of membership for each founder, in order.
    ///
    /// Every founder must start from the same list. The shell writes entries and hard state to
    /// disk before it starts the node. Upstream: `RawNode.Bootstrap`.
    pub fn bootstrap(founders: &[(NodeId, Bytes)]) -> Self {
        let entries: Vec<Entry> = (1..)
            .zip(founders)
            .map(|(index, (node, context))| {
                let mut change = ConfChange::single(ChangeKind::AddVoter, *node);
                change.context = context.clone();
                Entry { term: 1, index, kind: EntryKind::ConfChange, data: change.encode() }
            })
            .collect();
        let hard_state = HardState { term: 1, vote: 0, commit: entries.len() as Index };
        Self { hard_state, entries, ..Self::default() }
    }
}

/// Why a node cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A setting makes no sense.
    #[error("{0}")]
    Setting(&'static str),
    /// The log on disk has a hole or goes back in time.
    #[error("log is not consecutive at index {0}")]
    Gap(Index),
    /// The hard state does not fit the log.
    #[error("state.commit {commit} is out of range [{first}, {last}]")]
    Commit {
        /// What the hard state says.
        commit: Index,
        /// Where the log begins.
        first: Index,
        /// Where it ends.
        last: Index,
    },
    /// The application is behind the snapshot or ahead of the commit index.
    #[error("applied({applied}) is out of range [{first}, {committed}]")]
    Applied {
        /// What the application says.
        applied: Index,
        /// Where the log begins.
        first: Index,
        /// What is committed.
        committed: Index,
    },
    /// The configuration contradicts itself.
    #[error(transparent)]
    Configuration(#[from] ConfChangeError),
}

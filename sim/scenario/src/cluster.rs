//! What is placed on machines, and how it is set.

use faults::Span;
use serde::{Deserialize, Serialize};

/// What is placed on machines.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cluster {
    /// What it is.
    #[serde(skip_serializing_if = "System::is_etcd")]
    pub system: System,
    /// How many members vote at the start.
    pub members: u16,
    /// How many more do not vote yet.
    #[serde(skip_serializing_if = "is_default")]
    pub learners: u16,
    /// How many API servers keep their objects there.
    #[serde(skip_serializing_if = "is_default")]
    pub apiservers: u16,
    /// TLS between members, and between clients and members.
    #[serde(skip_serializing_if = "is_default")]
    pub tls: bool,
    /// What differs from the system's own defaults.
    #[serde(skip_serializing_if = "is_default")]
    pub settings: Settings,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            system: System::Etcd,
            members: 3,
            learners: 0,
            apiservers: 0,
            tls: false,
            settings: Settings::default(),
        }
    }
}

impl Cluster {
    /// The group that API servers are in, as targets write it.
    pub const APISERVERS: &str = "apiserver";

    /// The groups of machines that faults may strike.
    pub(crate) fn groups(&self) -> Vec<&'static str> {
        let mut groups = vec![self.system.group()];
        groups.extend((self.apiservers > 0).then_some(Self::APISERVERS));
        groups.push("client");
        groups
    }
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a scenario is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// An etcd cluster with its clients.
    #[default]
    Etcd,
    /// A server that sends back what clients send: the smallest world there is.
    Echo,
}

impl System {
    fn is_etcd(&self) -> bool {
        *self == System::Etcd
    }

    /// Promises that the system judges itself, with their words; etcd's are in `sim/oracles`.
    pub fn own_oracles(self) -> &'static [(&'static str, &'static str)] {
        match self {
            System::Etcd => &[],
            System::Echo => &[
                ("echo_is_the_same", "An answer is what was asked."),
                ("echo_answers", "After everything healed, every client gets an answer."),
            ],
        }
    }

    /// The group that its members are in, as targets write it.
    pub fn group(self) -> &'static str {
        match self {
            System::Etcd => "etcd",
            System::Echo => "echo",
        }
    }
}

/// Declares settings once: the struct, and the list of changes that unset one of them.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $kind:ty,)*) => {
        /// Limits and intervals. Absent means the system's own default. Names are those of etcd's
        /// flags where it has one.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Settings {
            $( $(#[$doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $name: Option<$kind>, )*
        }

        impl Settings {
            /// The same settings with one of them back at its default, once for each that is set.
            pub(crate) fn each_unset(&self) -> Vec<Settings> {
                let mut all = Vec::new();
                $( if self.$name.is_some() {
                    all.push(Settings { $name: None, ..self.clone() });
                } )*
                all
            }
        }
    };
}

settings! {
    /// The leader's heartbeat, and the length of a Raft tick.
    heartbeat: Span,
    /// Time without a leader before an election.
    election: Span,
    /// Ask before campaigning.
    pre_vote: bool,
    /// Ask before campaigning from the second start on only: an upgrade, while faults strike.
    pre_vote_later: bool,
    /// Applied entries between snapshots.
    snapshot_count: u64,
    /// Entries kept behind a snapshot for slow followers.
    snapshot_catchup_entries: u64,
    /// Size of a log segment, in bytes.
    wal_segment_bytes: u64,
    /// Longest time between two commits of the backend.
    backend_batch_interval: Span,
    /// Most staged writes between two commits of the backend.
    backend_batch_limit: u64,
    /// Size of the backend above which writes raise NOSPACE, in bytes.
    quota_backend_bytes: u64,
    /// Size of each member's disk, in bytes.
    disk_bytes: u64,
    /// Keys deleted in one step of a compaction.
    compaction_batch_limit: u64,
    /// Pause between two steps of a compaction.
    compaction_sleep: Span,
    /// Time between corruption checks by the leader.
    corrupt_check: Span,
    /// Period of watch progress notifications.
    watch_progress_interval: Span,
    /// Events that wait for one slow watcher before it is counted as a victim.
    watch_buffer: u64,
    /// Period of lease checkpoints.
    lease_checkpoint_interval: Span,
    /// Most messages in flight to one follower.
    raft_inflight_max: u64,
    /// Most bytes of entries in one message.
    raft_message_bytes_max: u64,
    /// Most bytes of committed entries handed out at once.
    raft_commit_bytes_max: u64,
}

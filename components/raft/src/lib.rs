//! Raft as a pure state machine: messages, ticks and proposals in; messages, entries to persist and commits out.
//!
//! The rules are those of etcd-io/raft 3.6. No clock, no socket, no disk, no await, no generator
//! of chance: time comes as [`Raft::tick`], chance as an argument. The shell's loop is
//!
//! 1. feed the core ([`Raft::step`], [`Raft::tick`], [`Raft::propose`], [`Raft::read_index`], …);
//! 2. take what follows from it ([`Raft::ready`]): send `messages`, write `snapshot`, `entries` and
//!    `hard_state`, apply `committed`;
//! 3. once that write is durable, send `messages_after_persist` and say so ([`Raft::persisted`]).
//!
//! Step 1 and 2 may go on while earlier writes are under way: writes are pipelined.

mod change;
mod codec;
mod confchange;
mod config;
mod election;
mod follower;
mod inflights;
mod log;
mod membership;
mod message;
mod message_codec;
mod progress;
mod proposal;
mod quorum;
mod raft;
mod read_only;
mod ready;
mod replication;
mod status;
mod step;
mod tracker;
mod transfer;
pub mod types;

pub use change::{Change, ChangeKind, ConfChange, ConfChangeError, Transition};
pub use codec::{Codec, DecodeError, Reader};
pub use config::{Config, ConfigError, ReadOnly, Restored};
pub use message::{Body, Message};
pub use progress::ProgressState;
pub use proposal::ProposalDropped;
pub use raft::Raft;
pub use ready::Ready;
pub use status::{PeerStatus, Status};
pub use step::StepError;
pub use types::*;

//! Raft as a pure state machine: messages, ticks and proposals in; messages, entries to persist and commits out.

pub mod types;

//! The simulated network: links with weather, byte streams and datagrams over them, names.
//!
//! One [`Fabric`] joins all stations of a world. It models what a program can notice of TCP and
//! UDP: refused and timed-out connects, resets, half-open peers, back-pressure, reads that split
//! anywhere, retransmission that delays or gives up, datagrams lost, doubled and reordered. What it
//! leaves out: congestion windows, checksums, fragmentation.
//!
//! Chance is keyed per directed link and counted per packet: a packet's fate depends on the two
//! stations' names and how many went before it on that link, and on nothing else in the world.

mod config;
mod connection;
mod datagram;
mod fabric;
mod handle;
mod link;
mod listener;
mod names;
mod opening;
mod rules;
mod state;
mod station;
mod stream;
mod token;
mod transfer;
mod wakes;

pub use config::{NetworkConfig, Quality};
pub use fabric::Fabric;
pub use handle::NetworkHandle;
pub use rules::{Effect, Rule, RuleId, Stations};
pub use state::Carried;

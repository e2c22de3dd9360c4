//! Requests to API servers and their answers.
//!
//! Upstream: client-go/rest and client-go/dynamic.

mod api;
mod ask;
mod client;
mod options;
mod watch;

pub use api::{Api, List, Target};
pub use ask::Ask;
pub use client::Client;
pub use options::{
    DeleteOptions, ListOptions, Match, Patch, Propagation, WatchOptions, WriteOptions,
};
pub use watch::{Watch, WatchEvent};

//! How every component talks to API servers: requests, caches, queues, elections and events.
//!
//! Decisions are pure (`rate`, `reflector::core`, `store`, `queue::core`, `election::core`,
//! `events::correlate`): time and chance are arguments. A thin shell beside each runs it over a
//! [`host::Host`]. Objects are JSON values; no kind has a type of its own here.
//!
//! Upstream: client-go.

mod config;
pub mod election;
mod error;
pub mod events;
mod informer;
mod kubeconfig;
mod notice;
mod object;
pub mod queue;
mod rate;
pub mod reflector;
mod resource;
mod rest;
mod store;

pub use config::{Config, Rate};
pub use error::{Cause, Error, Status};
pub use informer::Informer;
pub use kubeconfig::{Kubeconfig, KubeconfigError};
pub use notice::Notice;
pub use object::{Key, Object, name, namespace, resource_version, uid};
pub use queue::{Queue, Work};
pub use rate::Bucket;
pub use reflector::Selection;
pub use resource::Resource;
pub use rest::{
    Api, Ask, Client, DeleteOptions, List, ListOptions, Match, Patch, Propagation, Target, Watch,
    WatchEvent, WatchOptions, WriteOptions,
};
pub use store::{Indexer, Store};

//! What a watch stream receives.

use bytes::Bytes;
use etcd_api::mvccpb::Event;
use prost::Message;
use std::sync::{Arc, OnceLock};

/// The number of a watch within its stream.
pub type WatchId = i64;

/// The watch id of answers that concern all watches of a stream.
pub const ALL_WATCHES: WatchId = -1;

/// One thing for a stream to pass on to its client.
#[derive(Clone, Debug)]
pub struct WatchMessage {
    /// Whose it is, or [`ALL_WATCHES`].
    pub id: WatchId,
    /// The store's revision that the answer's header names: the watch has seen all up to it.
    pub revision: i64,
    /// Not 0: the watch is over, as revisions below this one are compacted.
    pub compact_revision: i64,
    /// In order; none means progress. All events of one revision are in one message.
    pub events: Vec<Arc<WatchEvent>>,
}

/// An event, made once for all who watch it.
#[derive(Debug)]
pub struct WatchEvent {
    event: Event,
    encoded: OnceLock<Bytes>,
}

impl WatchEvent {
    pub(crate) fn new(event: Event) -> Self {
        Self { event, encoded: OnceLock::new() }
    }

    /// The message.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The message as bytes, encoded at most once.
    pub fn encoded(&self) -> &Bytes {
        self.encoded.get_or_init(|| self.event.encode_to_vec().into())
    }
}

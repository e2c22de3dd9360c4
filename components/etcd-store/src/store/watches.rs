//! Watch streams of clients.

use super::Store;
use crate::{
    error::StoreError,
    watch::{StreamId, WatchError, WatchId, WatchMessage, WatchSpec},
};
use tokio::sync::mpsc;

impl Store {
    /// Opens a watch stream. Whoever reads the receiver passes its messages on.
    pub fn open_stream(&mut self) -> (StreamId, mpsc::Receiver<WatchMessage>) {
        self.hub.open_stream()
    }

    /// Ends a stream and its watches.
    pub fn close_stream(&mut self, stream: StreamId) {
        self.hub.close_stream(stream);
    }

    /// Starts a watch. A progress message that is in the receiver already does not speak for it: the
    /// client must hear of the new watch after what was buffered before.
    ///
    /// # Errors
    /// The range is empty, the id taken, the stream closed.
    pub fn watch(&mut self, stream: StreamId, spec: WatchSpec) -> Result<WatchId, WatchError> {
        self.hub.watch(stream, spec, self.keys.revision())
    }

    /// Ends a watch; false when there is none.
    pub fn cancel_watch(&mut self, stream: StreamId, id: WatchId) -> bool {
        self.hub.cancel(stream, id)
    }

    /// Asks how far a stream has seen; answered with [`crate::ALL_WATCHES`] once it is in sync.
    pub fn request_progress(&mut self, stream: StreamId) {
        self.hub.request_progress(stream, self.keys.revision());
    }

    /// Tells a watch how far it has seen, if it is in sync and its stream has room.
    pub fn watch_progress(&mut self, stream: StreamId, id: WatchId) -> bool {
        self.hub.watch_progress(stream, id, self.keys.revision())
    }

    /// True while some watch is behind: [`Store::sync_watches`] is to be called every 100 ms, or
    /// sooner when a full stream was read.
    pub fn watches_need_sync(&self) -> bool {
        self.hub.needs_sync()
    }

    /// One bounded step of catching up. True when another one at once would get further.
    ///
    /// # Errors
    /// The file cannot be read: the member must stop.
    pub fn sync_watches(&mut self) -> Result<bool, StoreError> {
        self.hub.sync_step(&self.keys, &self.backend)
    }

    /// Watches, and those of them that are behind.
    pub fn watch_counts(&self) -> (usize, usize) {
        self.hub.counts()
    }
}

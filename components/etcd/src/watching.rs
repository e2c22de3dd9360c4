//! Watches inside the member, for recipes that wait for a key.

use crate::member::Member;
use bytes::Bytes;
use etcd_api::{errors::EtcdError, mvccpb::event::EventType};
use etcd_store::{KeyRange, StreamId, WatchMessage, WatchSpec};
use tokio::sync::mpsc;

/// A watch stream of the store, closed when dropped.
pub(crate) struct OwnStream<'a> {
    member: &'a Member,
    pub(crate) id: StreamId,
    pub(crate) messages: mpsc::Receiver<WatchMessage>,
}

impl<'a> OwnStream<'a> {
    /// Opens a stream without watches.
    pub(crate) fn open(member: &'a Member) -> Self {
        let (id, messages) = member.store.write().open_stream();
        Self { member, id, messages }
    }

    /// Watches a range from a revision on.
    ///
    /// # Errors
    /// The range is empty.
    pub(crate) fn watch(&self, range: KeyRange, start_revision: i64) -> Result<(), EtcdError> {
        let spec = WatchSpec {
            id: 0,
            range,
            start_revision,
            no_put: false,
            no_delete: false,
            prev_kv: false,
        };
        self.member.store.write().watch(self.id, spec).map_err(|_| EtcdError::WatchCanceled)?;
        self.member.chores.notify_one();
        Ok(())
    }
}

impl Drop for OwnStream<'_> {
    fn drop(&mut self) {
        self.member.store.write().close_stream(self.id);
    }
}

/// Waits until a key is deleted at or after a revision.
///
/// # Errors
/// The revision was compacted meanwhile, or the member is stopping.
pub(crate) async fn deleted(member: &Member, key: &Bytes, from: i64) -> Result<(), EtcdError> {
    let mut stream = OwnStream::open(member);
    stream.watch(KeyRange::new(key, &Bytes::new()), from)?;
    loop {
        let message = stream.messages.recv().await.ok_or(EtcdError::Stopped)?;
        if message.compact_revision != 0 {
            return Err(EtcdError::Compacted);
        }
        if message.events.iter().any(|event| event.event().r#type() == EventType::Delete) {
            return Ok(());
        }
    }
}

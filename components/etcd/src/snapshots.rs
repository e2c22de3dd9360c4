//! Snapshots between members: the leader streams its backend, the follower resumes where it was cut.
//!
//! The leader keeps its last copy for a while, so that a broken transfer goes on instead of starting
//! over, and so that several followers share one copy. The follower keeps what arrived; a file of
//! another digest starts over. Upstream: rafthttp/snapshot_sender.go, snap/db.go.

use crate::{
    driver::Ask,
    keeper::{Job, KeeperHandle},
    peers::Identity,
};
use bytes::Bytes;
use etcd_api::internal::{
    SnapshotChunk, SnapshotHeader, SnapshotOffsetRequest, peer_client::PeerClient,
};
use etcd_store::SnapshotFile;
use host::{Host, event};
use raft::{
    Body, Codec, Message,
    types::{ConfState, Index, NodeId, SnapshotMeta},
};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};
use tonic::Status;
use wire::client::Channel;

/// Bytes in one chunk.
const CHUNK_BYTES: usize = 256 * 1024;
/// Chunks read ahead of the network.
const CHUNKS_AHEAD: usize = 4;

/// Raft wants a peer to have a snapshot.
#[derive(Debug)]
pub(crate) struct SnapshotOffer {
    pub(crate) to: NodeId,
    /// The snapshot must reach at least here.
    pub(crate) index: Index,
    pub(crate) message: Message,
}

/// Sends snapshots to peers.
#[derive(Clone)]
pub(crate) struct SnapshotSender {
    host: Host,
    keeper: KeeperHandle,
    asks: mpsc::Sender<Ask>,
    /// The last copy made, for whoever needs one next.
    copy: Arc<Mutex<Option<Arc<SnapshotFile>>>>,
}

impl SnapshotSender {
    /// A sender of copies that `keeper` makes.
    pub(crate) fn new(host: Host, keeper: KeeperHandle, asks: mpsc::Sender<Ask>) -> Self {
        Self { host, keeper, asks, copy: Arc::default() }
    }

    /// Serves the offers for one peer, one at a time.
    pub(crate) async fn run(
        self,
        channel: Channel,
        identity: Identity,
        mut offers: mpsc::Receiver<SnapshotOffer>,
    ) {
        while let Some(offer) = offers.recv().await {
            let to = offer.to;
            let result = self.deliver(channel.clone(), &identity, offer).await;
            if let Err(status) = &result {
                let why = status.message();
                event!(self.host, Warn, "failed to send a snapshot", to = to, why = why);
            }
            let _ = self.asks.send(Ask::SnapshotSent(to, result.is_ok())).await;
        }
    }

    async fn deliver(
        &self,
        channel: Channel,
        identity: &Identity,
        offer: SnapshotOffer,
    ) -> Result<(), Status> {
        let file = self.copy_reaching(offer.index).await?;
        let header = header(&file, identity, offer)?;
        let mut client = PeerClient::new(channel);
        let request = SnapshotOffsetRequest { header: Some(header.clone()) };
        let offset = client.snapshot_offset(request).await?.into_inner().offset;
        event!(self.host, Info, "sending a snapshot", index = file.position.index, offset = offset);
        let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
        let reader = self.host.clone();
        let reading = self.host.spawn("etcd/snapshot-read", async move {
            read_chunks(&reader, file, header, offset, sender).await;
        });
        let sent = client.send_snapshot(crate::receiver_stream::ReceiverStream(receiver)).await;
        drop(reading);
        sent.map(|_| ())
    }

    async fn copy_reaching(&self, index: Index) -> Result<Arc<SnapshotFile>, Status> {
        let mut copy = self.copy.lock().await;
        if let Some(copy) = copy.as_ref().filter(|copy| copy.position.index >= index) {
            return Ok(copy.clone());
        }
        *copy = None;
        let made = self.keeper.job(Job::Snapshot).await;
        let made = made.ok_or_else(|| Status::unavailable("the member is stopping"))?;
        let made = Arc::new(made.map_err(|error| Status::internal(error.to_string()))?);
        *copy = Some(made.clone());
        Ok(made)
    }
}

/// The announcement, rewritten for the copy at hand, which may be newer than what Raft asked for.
fn header(
    file: &SnapshotFile,
    identity: &Identity,
    offer: SnapshotOffer,
) -> Result<SnapshotHeader, Status> {
    let conf_state = ConfState::decode(file.conf_state.clone())
        .map_err(|error| Status::internal(format!("stored configuration: {error}")))?;
    let meta = SnapshotMeta { conf_state, index: file.position.index, term: file.position.term };
    let message = Message { body: Body::Snapshot { meta }, ..offer.message };
    Ok(SnapshotHeader {
        handshake: Some(identity.handshake(offer.to)),
        message: message.encode(),
        index: file.position.index,
        term: file.position.term,
        size: file.size,
        digest: Bytes::copy_from_slice(&file.digest),
    })
}

/// Reads up to `bytes_max` bytes; none at the end. Blocking.
///
/// # Errors
/// What the disk says.
pub(crate) fn read_chunk(
    file: &SnapshotFile,
    offset: u64,
    bytes_max: usize,
) -> std::io::Result<Vec<u8>> {
    let mut chunk = vec![0; bytes_max];
    let read = file.read_at(offset, &mut chunk)?;
    chunk.truncate(read);
    Ok(chunk)
}

async fn read_chunks(
    host: &Host,
    file: Arc<SnapshotFile>,
    header: SnapshotHeader,
    mut offset: u64,
    sender: mpsc::Sender<SnapshotChunk>,
) {
    let mut header = Some(header);
    loop {
        let source = file.clone();
        let read = host.disk_job(move |_| read_chunk(&source, offset, CHUNK_BYTES)).await;
        let data = match read {
            Ok(data) => data,
            Err(error) => {
                let why = error.to_string();
                event!(host, Warn, "cannot read the snapshot to send", why = &why);
                return;
            }
        };
        let length = data.len() as u64;
        // An empty file still needs its header.
        if length == 0 && header.is_none() {
            return;
        }
        let chunk = SnapshotChunk { header: header.take(), offset, data: Bytes::from(data) };
        if sender.send(chunk).await.is_err() {
            return;
        }
        offset += length;
        if length == 0 {
            return;
        }
    }
}

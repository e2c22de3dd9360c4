//! What this member answers its peers.

use crate::{
    config::Url, driver::Ask, member::Member, outbox::BATCHES_PER_ACK, peers::REMOVED,
    receiver_stream::ReceiverStream, services, version,
};
use etcd_api::{
    errors::EtcdError,
    etcdserverpb::{
        HashKvResponse, LeaseTimeToLiveResponse, MemberAddResponse, MemberPromoteResponse,
    },
    internal::{
        Batch, Handshake, PeerHashKvRequest, PeerLeaseRenewRequest, PeerLeaseRenewResponse,
        PeerLeaseTimeToLiveRequest, PeerMemberAddRequest, PeerMemberPromoteRequest,
        PeerMembersResponse, PeerRequest, PeerVersionResponse, SendAck, SnapshotAck, SnapshotChunk,
        SnapshotHeader, SnapshotOffsetRequest, SnapshotOffsetResponse, peer_server::Peer,
    },
};
use etcd_store::{SnapshotReceiver, StoreError};
use host::event;
use raft::types::NodeId;
use std::sync::Arc;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

/// Acknowledgements waiting for a slow peer at most.
const ACKS_MAX: usize = 16;

/// The peer API of a member.
#[derive(Clone)]
pub(crate) struct PeerService(pub(crate) Arc<Member>);

impl PeerService {
    /// Refuses members of other clusters, removed members, and calls meant for somebody else.
    fn accept(&self, handshake: Option<&Handshake>) -> Result<(), Status> {
        let handshake =
            handshake.ok_or_else(|| Status::invalid_argument("the handshake is missing"))?;
        let member = &self.0;
        if handshake.cluster_id != member.cluster_id {
            return Err(EtcdError::ClusterIdMismatch.into());
        }
        if handshake.to != 0 && handshake.to != member.id {
            return Err(Status::failed_precondition("this is another member"));
        }
        self.refuse_removed(handshake.from)
    }

    fn refuse_removed(&self, from: NodeId) -> Result<(), Status> {
        if self.0.store.read().members().is_removed(from) {
            return Err(Status::failed_precondition(REMOVED));
        }
        Ok(())
    }

    async fn receive_batches(
        self,
        from: NodeId,
        mut batches: Streaming<Batch>,
        acks: mpsc::Sender<Result<SendAck, Status>>,
    ) {
        let bytes = self.0.metrics.network.from(from);
        let mut count: u64 = 0;
        while let Ok(Some(batch)) = batches.message().await {
            if let Err(removed) = self.refuse_removed(from) {
                let _ = acks.send(Err(removed)).await;
                return;
            }
            for message in &batch.messages {
                bytes.add(message.len() as u64);
                match crate::peers::decode(message) {
                    Ok(message) => {
                        if self.0.asks.send(Ask::Step(message)).await.is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        let error = Status::invalid_argument(error.to_string());
                        let _ = acks.send(Err(error)).await;
                        return;
                    }
                }
            }
            count += 1;
            if acks.is_closed() {
                return;
            }
            if count.is_multiple_of(BATCHES_PER_ACK) {
                let _ = acks.try_send(Ok(SendAck { batches: count }));
            }
        }
    }

    async fn receive_snapshot(
        &self,
        header: &SnapshotHeader,
        first: SnapshotChunk,
        mut chunks: Streaming<SnapshotChunk>,
    ) -> Result<u64, Status> {
        let host = &self.0.host;
        let mut receiver = self.open_receiver(header).await?;
        let mut next = Some(first);
        while let Some(chunk) = next {
            let (back, result) = host
                .disk_job(move |_| {
                    let result = receiver.write(chunk.offset, &chunk.data);
                    (receiver, result)
                })
                .await;
            receiver = back;
            result.map_err(|error| Status::internal(error.to_string()))?;
            next = chunks.message().await?;
        }
        let defects = host.defects.clone();
        let (received, whole) =
            host.disk_job(move |disk| (receiver.received(), receiver.finish(disk, &defects))).await;
        let failed = |error: StoreError| Status::internal(error.to_string());
        if !whole.map_err(failed)? {
            return Err(Status::data_loss("the snapshot's digest differs from what was announced"));
        }
        received.map_err(failed)
    }

    async fn open_receiver(&self, header: &SnapshotHeader) -> Result<SnapshotReceiver, Status> {
        let dir = self.0.config.snap_path();
        let index = header.index;
        let digest = <[u8; 32]>::try_from(&header.digest[..])
            .map_err(|_| Status::invalid_argument("the snapshot's digest is malformed"))?;
        self.0
            .host
            .disk_job(move |disk| SnapshotReceiver::open(disk, &dir, index, digest))
            .await
            .map_err(|error| Status::internal(error.to_string()))
    }
}

fn header_of(header: Option<SnapshotHeader>) -> Result<SnapshotHeader, Status> {
    header.ok_or_else(|| Status::invalid_argument("the snapshot's header is missing"))
}

#[tonic::async_trait]
impl Peer for PeerService {
    type SendStream = ReceiverStream<Result<SendAck, Status>>;

    async fn send(
        &self,
        request: Request<Streaming<Batch>>,
    ) -> Result<Response<Self::SendStream>, Status> {
        let mut batches = request.into_inner();
        let first = batches.message().await?;
        let handshake = first.and_then(|batch| batch.handshake);
        self.accept(handshake.as_ref())?;
        let handshake = handshake.unwrap_or_default();
        self.0.peers.meet(&handshake);
        let from = handshake.from;
        let (acks, receiver) = mpsc::channel(ACKS_MAX);
        let _ = acks.try_send(Ok(SendAck { batches: 0 }));
        let service = self.clone();
        let receiving = service.receive_batches(from, batches, acks);
        self.0.host.spawn("etcd/peer-stream", receiving).detach();
        Ok(Response::new(ReceiverStream(receiver)))
    }

    async fn snapshot_offset(
        &self,
        request: Request<SnapshotOffsetRequest>,
    ) -> Result<Response<SnapshotOffsetResponse>, Status> {
        let header = header_of(request.into_inner().header)?;
        self.accept(header.handshake.as_ref())?;
        let offset = self.open_receiver(&header).await?.received();
        let offset = offset.map_err(|error| Status::internal(error.to_string()))?;
        Ok(Response::new(SnapshotOffsetResponse { offset }))
    }

    async fn send_snapshot(
        &self,
        request: Request<Streaming<SnapshotChunk>>,
    ) -> Result<Response<SnapshotAck>, Status> {
        let mut chunks = request.into_inner();
        let mut first = chunks
            .message()
            .await?
            .ok_or_else(|| Status::invalid_argument("the snapshot is empty"))?;
        let header = header_of(first.header.take())?;
        self.accept(header.handshake.as_ref())?;
        let message = crate::peers::decode(&header.message)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let received = self.receive_snapshot(&header, first, chunks).await?;
        event!(self.0.host, Info, "received a snapshot", index = header.index, bytes = received);
        self.0.asks.send(Ask::Step(message)).await.map_err(|_| EtcdError::Stopped)?;
        Ok(Response::new(SnapshotAck { received }))
    }

    async fn members(
        &self,
        _: Request<PeerRequest>,
    ) -> Result<Response<PeerMembersResponse>, Status> {
        let members = self.0.store.read().members().iter().cloned().collect();
        Ok(Response::new(PeerMembersResponse { cluster_id: self.0.cluster_id, members }))
    }

    async fn version(
        &self,
        _: Request<PeerRequest>,
    ) -> Result<Response<PeerVersionResponse>, Status> {
        let cluster = self.0.store.read().members().version().unwrap_or_default().to_owned();
        let (server, storage) = (version::SERVER.into(), version::STORAGE.into());
        Ok(Response::new(PeerVersionResponse { server, cluster, storage }))
    }

    async fn lease_renew(
        &self,
        request: Request<PeerLeaseRenewRequest>,
    ) -> Result<Response<PeerLeaseRenewResponse>, Status> {
        let request = request.into_inner();
        self.accept(request.handshake.as_ref())?;
        let ttl = services::lease::renew_as_leader(&self.0, request.id).await?;
        Ok(Response::new(PeerLeaseRenewResponse { ttl }))
    }

    async fn lease_time_to_live(
        &self,
        request: Request<PeerLeaseTimeToLiveRequest>,
    ) -> Result<Response<LeaseTimeToLiveResponse>, Status> {
        let request = request.into_inner();
        self.accept(request.handshake.as_ref())?;
        let asked = request.request.unwrap_or_default();
        services::lease::time_to_live_as_leader(&self.0, &asked).await.map(Response::new)
    }

    async fn member_promote(
        &self,
        request: Request<PeerMemberPromoteRequest>,
    ) -> Result<Response<MemberPromoteResponse>, Status> {
        let request = request.into_inner();
        self.accept(request.handshake.as_ref())?;
        let id = request.request.unwrap_or_default().id;
        services::cluster::promote_as_leader(&self.0, id).await.map(Response::new)
    }

    async fn member_add(
        &self,
        request: Request<PeerMemberAddRequest>,
    ) -> Result<Response<MemberAddResponse>, Status> {
        let request = request.into_inner();
        self.accept(request.handshake.as_ref())?;
        let asked = request.request.unwrap_or_default();
        services::cluster::add(&self.0, asked).await.map(Response::new)
    }

    async fn hash_kv(
        &self,
        request: Request<PeerHashKvRequest>,
    ) -> Result<Response<HashKvResponse>, Status> {
        let request = request.into_inner();
        self.accept(request.handshake.as_ref())?;
        services::maintenance::hash_kv(&self.0, request.revision).await.map(Response::new)
    }
}

/// A URL in text form, as members are known by.
pub(crate) fn texts(urls: &[Url]) -> Vec<String> {
    urls.iter().map(Url::to_string).collect()
}

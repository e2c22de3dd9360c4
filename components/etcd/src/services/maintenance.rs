//! The maintenance service: alarms, status, defragmentation, hashes, snapshots, moving the leader.
//!
//! Upstream: server/etcdserver/api/v3rpc/maintenance.go.

use super::kv::{refused, unexpected};
use crate::{
    driver::Ask, keeper::Job, member::Member, receiver_stream::ReceiverStream, snapshots, version,
};
use bytes::Bytes;
use etcd_api::{
    errors::EtcdError,
    etcdserverpb::{
        AlarmRequest, AlarmResponse, AlarmType, DefragmentRequest, DefragmentResponse,
        DowngradeInfo, DowngradeRequest, DowngradeResponse, HashKvRequest, HashKvResponse,
        HashRequest, HashResponse, MoveLeaderRequest, MoveLeaderResponse, SnapshotRequest,
        SnapshotResponse, StatusRequest, StatusResponse, downgrade_request::DowngradeAction,
        maintenance_server::Maintenance,
    },
    internal::internal_request::Request as Op,
};
use etcd_store::{Response as Applied, SnapshotFile, Store, StoreError};
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};
use tonic::{Request, Response, Status};

/// Bytes in one message of a snapshot (snapshotSendBufferSize).
const SNAPSHOT_CHUNK_BYTES: usize = 32 * 1024;
/// How often a leader transfer is looked at.
const TRANSFER_LOOK: Duration = Duration::from_millis(20);

/// The maintenance service of a member.
#[derive(Clone)]
pub(crate) struct MaintenanceService(pub(crate) Arc<Member>);

/// The hash of all revisions up to one; zero means now.
///
/// # Errors
/// The revision is compacted or in the future.
pub(crate) async fn hash_kv(member: &Member, revision: i64) -> Result<HashKvResponse, Status> {
    let store = member.store.clone();
    let began = member.host.now();
    let hashed = member.host.disk_job(move |_| store.read().hash_kv(revision)).await;
    member.metrics.disk.hash.observe((member.host.now() - began).as_secs_f64());
    let hashed = hashed.map_err(refused)?;
    Ok(HashKvResponse {
        header: Some(member.header(hashed.revision)),
        hash: hashed.hash,
        compact_revision: hashed.compact_revision,
        hash_revision: hashed.hash_revision,
    })
}

impl Member {
    async fn defragment(&self) -> Result<(), Status> {
        let done = self.keeper.job(Job::Defragment).await.ok_or(EtcdError::Stopped)?;
        done.map_err(|error: StoreError| Status::internal(error.to_string()))
    }

    /// How Raft stands.
    ///
    /// # Errors
    /// The member is stopping.
    pub(crate) async fn raft_status(&self) -> Result<raft::Status, EtcdError> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask::Status(reply)).await.map_err(|_| EtcdError::Stopped)?;
        answer.await.map_err(|_| EtcdError::Stopped)
    }

    /// Hands leadership over.
    ///
    /// # Errors
    /// Not the leader, no such voter, or it did not happen in time.
    pub(crate) async fn move_leader(&self, to: u64) -> Result<(), EtcdError> {
        if !self.leads() {
            return Err(EtcdError::NotLeader);
        }
        let voter = {
            let store = self.store.read();
            store.members().voters().any(|member| member.id == to)
        };
        if !voter {
            return Err(EtcdError::BadLeaderTransferee);
        }
        self.asks.send(Ask::TransferLeader(to)).await.map_err(|_| EtcdError::Stopped)?;
        let deadline = self.host.now() + self.config.election * 2;
        while self.leadership.borrow().leader != to {
            if self.host.now() >= deadline {
                return Err(EtcdError::Timeout);
            }
            self.host.sleep(TRANSFER_LOOK).await;
        }
        Ok(())
    }

    fn errors(&self, alarms: &[etcd_api::etcdserverpb::AlarmMember]) -> Vec<String> {
        let leaderless = self.leadership.borrow().leader == 0;
        let leader = leaderless.then(|| EtcdError::NoLeader.text().to_owned());
        let alarms = alarms.iter().map(|alarm| {
            format!("memberID:{} alarm:{} ", alarm.member_id, alarm.alarm().as_str_name())
        });
        leader.into_iter().chain(alarms).collect()
    }
}

#[tonic::async_trait]
impl Maintenance for MaintenanceService {
    type SnapshotStream = ReceiverStream<Result<SnapshotResponse, Status>>;

    async fn alarm(
        &self,
        request: Request<AlarmRequest>,
    ) -> Result<Response<AlarmResponse>, Status> {
        let caller = self.0.admit(&request)?;
        match self.0.propose(caller.as_ref(), Op::Alarm(request.into_inner())).await? {
            Applied::Alarm(response) => Ok(Response::new(self.0.with_header(response))),
            _ => Err(unexpected()),
        }
    }

    async fn status(
        &self,
        request: Request<StatusRequest>,
    ) -> Result<Response<StatusResponse>, Status> {
        let caller = self.0.admit_at_learner(&request)?;
        self.0.root_only(&caller)?;
        let raft = self.0.raft_status().await?;
        let store = self.0.store.read();
        let alarms = store.alarms().get(AlarmType::None);
        let downgrade = store.members().downgrade();
        Ok(Response::new(StatusResponse {
            header: Some(self.0.header(store.revision())),
            version: version::SERVER.into(),
            db_size: db_size(&store),
            db_size_in_use: store.size_in_use(),
            db_size_quota: i64::try_from(self.0.config.quota_backend_bytes).unwrap_or(i64::MAX),
            leader: raft.soft_state.leader,
            raft_index: raft.hard_state.commit,
            raft_applied_index: store.applied().index,
            raft_term: raft.hard_state.term,
            errors: self.0.errors(&alarms),
            is_learner: store.members().get(self.0.id).is_some_and(etcd_store::members::is_learner),
            storage_version: version::STORAGE.into(),
            downgrade_info: Some(DowngradeInfo {
                enabled: downgrade.enabled,
                target_version: downgrade.target_version,
            }),
        }))
    }

    async fn defragment(
        &self,
        request: Request<DefragmentRequest>,
    ) -> Result<Response<DefragmentResponse>, Status> {
        let caller = self.0.admit_at_learner(&request)?;
        self.0.root_only(&caller)?;
        self.0.defragment().await?;
        Ok(Response::new(DefragmentResponse { header: Some(self.0.header_now()) }))
    }

    async fn hash(&self, request: Request<HashRequest>) -> Result<Response<HashResponse>, Status> {
        let caller = self.0.admit_at_learner(&request)?;
        self.0.root_only(&caller)?;
        let store = self.0.store.clone();
        let hash = self.0.host.disk_job(move |_| store.read().hash()).await;
        let hash = hash.map_err(|error| Status::internal(error.to_string()))?;
        Ok(Response::new(HashResponse { header: Some(self.0.header_now()), hash }))
    }

    async fn hash_kv(
        &self,
        request: Request<HashKvRequest>,
    ) -> Result<Response<HashKvResponse>, Status> {
        let caller = self.0.admit_at_learner(&request)?;
        self.0.root_only(&caller)?;
        hash_kv(&self.0, request.into_inner().revision).await.map(Response::new)
    }

    async fn snapshot(
        &self,
        request: Request<SnapshotRequest>,
    ) -> Result<Response<Self::SnapshotStream>, Status> {
        let caller = self.0.admit_at_learner(&request)?;
        self.0.root_only(&caller)?;
        let made = self.0.keeper.job(Job::Snapshot).await.ok_or(EtcdError::Stopped)?;
        let file = made.map_err(|error| Status::internal(error.to_string()))?;
        let (sender, receiver) = mpsc::channel(4);
        let member = self.0.clone();
        let work = async move { stream_snapshot(&member, Arc::new(file), sender).await };
        self.0.host.spawn("etcd/snapshot-download", work).detach();
        Ok(Response::new(ReceiverStream(receiver)))
    }

    async fn move_leader(
        &self,
        request: Request<MoveLeaderRequest>,
    ) -> Result<Response<MoveLeaderResponse>, Status> {
        let caller = self.0.admit(&request)?;
        self.0.root_only(&caller)?;
        self.0.move_leader(request.into_inner().target_id).await?;
        Ok(Response::new(MoveLeaderResponse { header: Some(self.0.header_now()) }))
    }

    async fn downgrade(
        &self,
        request: Request<DowngradeRequest>,
    ) -> Result<Response<DowngradeResponse>, Status> {
        let caller = self.0.admit(&request)?;
        self.0.root_only(&caller)?;
        let request = request.into_inner();
        let version = self.0.downgrade(request.action(), &request.version).await?;
        Ok(Response::new(DowngradeResponse { header: Some(self.0.header_now()), version }))
    }
}

impl Member {
    /// Upstream: server/etcdserver/v3_server.go (Downgrade) and version/downgrade.go.
    async fn downgrade(&self, action: DowngradeAction, target: &str) -> Result<String, Status> {
        self.reads.linearizable().await?;
        let (cluster, current) = {
            let store = self.store.read();
            let cluster = store.members().version().map(ToOwned::to_owned);
            (cluster.ok_or(EtcdError::ClusterVersionUnavailable)?, store.members().downgrade())
        };
        match action {
            DowngradeAction::Validate | DowngradeAction::Enable => {
                let target = one_minor_below(&cluster, target)?;
                if current.enabled {
                    return Err(EtcdError::DowngradeInProcess.into());
                }
                if action == DowngradeAction::Enable {
                    self.set_downgrade(true, target).await?;
                }
            }
            DowngradeAction::Cancel if !current.enabled => {
                return Err(EtcdError::NoInflightDowngrade.into());
            }
            DowngradeAction::Cancel => self.set_downgrade(false, String::new()).await?,
        }
        Ok(cluster)
    }

    async fn set_downgrade(&self, enabled: bool, ver: String) -> Result<(), Status> {
        let request = etcd_api::internal::DowngradeInfoSetRequest { enabled, ver };
        self.propose(None, Op::DowngradeInfoSet(request)).await.map(drop)
    }
}

/// Bytes of the backend's file; what is in use when it cannot be asked.
pub(crate) fn db_size(store: &Store) -> i64 {
    store.size().map_or(store.size_in_use(), |size| i64::try_from(size).unwrap_or(i64::MAX))
}

/// A cluster can only go down by one minor version.
fn one_minor_below(cluster: &str, target: &str) -> Result<String, EtcdError> {
    let parse = |text: &str| {
        let mut parts = text.split('.').map(str::parse::<u64>);
        match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
            _ => None,
        }
    };
    let (major, minor) = parse(cluster).ok_or(EtcdError::ClusterVersionUnavailable)?;
    let wanted = parse(target).ok_or(EtcdError::WrongDowngradeVersionFormat)?;
    if minor == 0 || wanted != (major, minor - 1) {
        return Err(EtcdError::InvalidDowngradeTargetVersion);
    }
    Ok(format!("{}.{}.0", wanted.0, wanted.1))
}

/// The file in pieces, then the SHA-256 of all of it, so that a cut download shows.
async fn stream_snapshot(
    member: &Member,
    file: Arc<SnapshotFile>,
    sender: mpsc::Sender<Result<SnapshotResponse, Status>>,
) {
    let mut digest = Sha256::new();
    let mut offset = 0;
    while offset < file.size {
        let source = file.clone();
        let read = member
            .host
            .disk_job(move |_| snapshots::read_chunk(&source, offset, SNAPSHOT_CHUNK_BYTES))
            .await;
        let blob = match read {
            Ok(blob) => Bytes::from(blob),
            Err(error) => {
                let _ = sender.send(Err(Status::internal(error.to_string()))).await;
                return;
            }
        };
        digest.update(&blob);
        offset += blob.len() as u64;
        if sender.send(Ok(piece(file.size - offset, blob))).await.is_err() {
            return;
        }
    }
    let hash = Bytes::copy_from_slice(&digest.finalize());
    // The client may have gone: nobody needs the hash then.
    let _ = sender.send(Ok(piece(0, hash))).await;
}

fn piece(remaining_bytes: u64, blob: Bytes) -> SnapshotResponse {
    let version = version::STORAGE.to_owned();
    SnapshotResponse { header: None, remaining_bytes, blob, version }
}

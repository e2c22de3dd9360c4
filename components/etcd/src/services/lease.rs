//! The lease service: grant, revoke, keep alive, time to live, list.
//!
//! Only the leader knows the time that a lease has left; followers ask it. A leader answers only
//! after a quorum confirmed that it still leads, so that a deposed one cannot renew what its
//! successor lets expire (etcd #12528, #15247). Upstream: server/etcdserver/v3_server.go.

use super::kv::unexpected;
use crate::{member::Member, receiver_stream::ReceiverStream};
use bytes::Bytes;
use etcd_api::{
    errors::EtcdError,
    etcdserverpb::{
        LeaseCheckpoint, LeaseCheckpointRequest, LeaseGrantRequest, LeaseGrantResponse,
        LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseLeasesRequest, LeaseLeasesResponse,
        LeaseRevokeRequest, LeaseRevokeResponse, LeaseStatus, LeaseTimeToLiveRequest,
        LeaseTimeToLiveResponse, lease_server::Lease,
    },
    internal::{
        PeerLeaseRenewRequest, PeerLeaseTimeToLiveRequest, internal_request::Request as Op,
        peer_client::PeerClient,
    },
};
use etcd_store::{
    Response as Applied,
    lease::{LeaseError, Renewal, Renewing},
};
use host::event;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

/// Answers to one keep-alive stream waiting for its client at most.
const ANSWERS_MAX: usize = 64;
/// Pause before a leader that is not there yet is asked again.
const LEADER_PAUSE: Duration = Duration::from_millis(50);

/// The lease service of a member.
#[derive(Clone)]
pub(crate) struct LeaseService(pub(crate) Arc<Member>);

/// Renews a lease on the leader; the granted seconds.
///
/// # Errors
/// Not the leader (any more), or no such lease.
pub(crate) async fn renew_as_leader(member: &Member, id: i64) -> Result<i64, Status> {
    // E21b, etcd #12528: a deposed leader answers by itself.
    if !member.host.defects.has("E21b") {
        member.reads.linearizable().await?;
        // The quorum may have confirmed a successor instead.
        member.lease_term().ok_or(EtcdError::NotLeader)?;
    }
    let renewal = member.store.write().lessor_mut().renew(id, member.host.now());
    let ttl = match renewal.map_err(refusal)? {
        Renewal::Done(ttl) => ttl,
        Renewal::ClearCheckpoint(renewing) => clear_and_renew(member, id, renewing).await?,
    };
    event!(member.host, Fact, "lease/renew", id = id, ttl = ttl);
    Ok(ttl)
}

/// The time left at the last checkpoint no longer holds: all members forget it first, on the word
/// of the leader that then counts anew.
async fn clear_and_renew(member: &Member, id: i64, renewing: Renewing) -> Result<i64, Status> {
    let checkpoints = vec![LeaseCheckpoint { id, remaining_ttl: 0 }];
    let request = LeaseCheckpointRequest { checkpoints };
    let cleared = member.propose_in(renewing.term, None, Op::LeaseCheckpoint(request)).await;
    cleared.inspect_err(|_| member.store.write().lessor_mut().abandon_renewal(renewing))?;
    let now = member.host.now();
    member.store.write().lessor_mut().finish_renewal(renewing, now).map_err(refusal)
}

fn refusal(error: LeaseError) -> Status {
    match error {
        LeaseError::NotPrimary => EtcdError::NotLeader.into(),
        other => Status::from(EtcdError::from(other)),
    }
}

/// The time a lease has left, as the leader knows it.
///
/// # Errors
/// Not the leader.
pub(crate) async fn time_to_live_as_leader(
    member: &Member,
    request: &LeaseTimeToLiveRequest,
) -> Result<LeaseTimeToLiveResponse, Status> {
    member.reads.linearizable().await?;
    member.lease_term().ok_or(EtcdError::NotLeader)?;
    let store = member.store.read();
    let lessor = store.lessor();
    let header = Some(member.header(store.revision()));
    let gone = LeaseTimeToLiveResponse { header, id: request.id, ttl: -1, ..Default::default() };
    let left = match lessor.remaining(request.id, member.host.now()) {
        Ok(left) => left,
        Err(LeaseError::NotPrimary) => return Err(EtcdError::NotLeader.into()),
        Err(_) => return Ok(gone),
    };
    let keys = if request.keys { lessor.keys(request.id).cloned().collect() } else { Vec::new() };
    Ok(LeaseTimeToLiveResponse {
        ttl: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        granted_ttl: lessor.granted_seconds(request.id).unwrap_or_default(),
        keys,
        ..gone
    })
}

impl Member {
    /// Renews a lease here or at the leader; zero seconds when there is no such lease.
    ///
    /// # Errors
    /// No leader answered in time.
    pub(crate) async fn renew(&self, id: i64) -> Result<i64, Status> {
        let deadline = self.host.now() + self.config.request_timeout();
        loop {
            let result = if self.leads() {
                renew_as_leader(self, id).await
            } else {
                self.renew_at_leader(id).await
            };
            match result {
                Ok(ttl) => return Ok(ttl),
                Err(status)
                    if EtcdError::from_status(&status) == Some(EtcdError::LeaseNotFound) =>
                {
                    return Ok(0);
                }
                Err(_) if self.host.now() < deadline => self.host.sleep(LEADER_PAUSE).await,
                Err(_) => return Err(EtcdError::Timeout.into()),
            }
        }
    }

    async fn renew_at_leader(&self, id: i64) -> Result<i64, Status> {
        let leader = self.leadership.borrow().leader;
        let channel = self.peers.channel(leader).ok_or(EtcdError::NoLeader)?;
        let handshake = Some(self.peers.handshake(leader));
        let request = PeerLeaseRenewRequest { handshake, id };
        let call = async move { PeerClient::new(channel).lease_renew(request).await };
        let answer = self.host.timeout(self.config.election, call).await;
        Ok(answer.map_err(|_| EtcdError::Timeout)??.into_inner().ttl)
    }

    async fn time_to_live_at_leader(
        &self,
        request: LeaseTimeToLiveRequest,
    ) -> Result<LeaseTimeToLiveResponse, Status> {
        let leader = self.leadership.borrow().leader;
        let channel = self.peers.channel(leader).ok_or(EtcdError::NoLeader)?;
        let handshake = Some(self.peers.handshake(leader));
        let request = PeerLeaseTimeToLiveRequest { handshake, request: Some(request) };
        let call = async move { PeerClient::new(channel).lease_time_to_live(request).await };
        let answer = self.host.timeout(self.config.election, call).await;
        Ok(answer.map_err(|_| EtcdError::Timeout)??.into_inner())
    }
}

#[tonic::async_trait]
impl Lease for LeaseService {
    type LeaseKeepAliveStream = ReceiverStream<Result<LeaseKeepAliveResponse, Status>>;

    async fn lease_grant(
        &self,
        request: Request<LeaseGrantRequest>,
    ) -> Result<Response<LeaseGrantResponse>, Status> {
        let caller = self.0.admit(&request)?;
        let mut request = request.into_inner();
        while request.id == 0 {
            request.id = self.0.ids.next().cast_signed() & i64::MAX;
        }
        match self.0.propose(caller.as_ref(), Op::LeaseGrant(request)).await? {
            Applied::LeaseGrant(response) => Ok(Response::new(self.0.with_header(response))),
            _ => Err(unexpected()),
        }
    }

    async fn lease_revoke(
        &self,
        request: Request<LeaseRevokeRequest>,
    ) -> Result<Response<LeaseRevokeResponse>, Status> {
        let caller = self.0.admit(&request)?;
        match self.0.propose(caller.as_ref(), Op::LeaseRevoke(request.into_inner())).await? {
            Applied::LeaseRevoke(response) => Ok(Response::new(self.0.with_header(response))),
            _ => Err(unexpected()),
        }
    }

    async fn lease_keep_alive(
        &self,
        request: Request<Streaming<LeaseKeepAliveRequest>>,
    ) -> Result<Response<Self::LeaseKeepAliveStream>, Status> {
        self.0.admit(&request)?;
        let (answers, receiver) = mpsc::channel(ANSWERS_MAX);
        let member = self.0.clone();
        let requests = request.into_inner();
        let work = async move { keep_alive(&member, requests, answers).await };
        self.0.host.spawn("etcd/lease-keep-alive", work).detach();
        Ok(Response::new(ReceiverStream(receiver)))
    }

    async fn lease_time_to_live(
        &self,
        request: Request<LeaseTimeToLiveRequest>,
    ) -> Result<Response<LeaseTimeToLiveResponse>, Status> {
        let caller = self.0.admit(&request)?;
        let request = request.into_inner();
        let mut response = if self.0.leads() {
            time_to_live_as_leader(&self.0, &request).await?
        } else {
            self.0.time_to_live_at_leader(request).await?
        };
        if let Some(caller) = &caller {
            for key in &response.keys {
                self.0.store.read().auth().check_read(key, &Bytes::new(), caller)?;
            }
        }
        response.header = Some(self.0.header_now());
        Ok(Response::new(response))
    }

    async fn lease_leases(
        &self,
        request: Request<LeaseLeasesRequest>,
    ) -> Result<Response<LeaseLeasesResponse>, Status> {
        self.0.admit(&request)?;
        let store = self.0.store.read();
        let leases = store.lessor().ids().into_iter().map(|id| LeaseStatus { id }).collect();
        let header = Some(self.0.header(store.revision()));
        Ok(Response::new(LeaseLeasesResponse { header, leases }))
    }
}

/// Answers every renewal asked for, until the client goes or one fails.
async fn keep_alive(
    member: &Member,
    mut requests: Streaming<LeaseKeepAliveRequest>,
    answers: mpsc::Sender<Result<LeaseKeepAliveResponse, Status>>,
) {
    while let Ok(Some(request)) = requests.message().await {
        let id = request.id;
        // The header is taken before the renewal: the lease held at that revision.
        let header = Some(member.header_now());
        let answer = member.renew(id).await.map(|ttl| LeaseKeepAliveResponse { header, id, ttl });
        let failed = answer.is_err();
        if answers.send(answer).await.is_err() || failed {
            return;
        }
    }
}

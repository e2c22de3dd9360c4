//! The cluster service: who belongs to it.
//!
//! Upstream: server/etcdserver/server.go (AddMember and neighbours), api/v3rpc/member.go.

use crate::{config::Url, member::Member};
use etcd_api::{
    errors::EtcdError,
    etcdserverpb::{
        MemberAddRequest, MemberAddResponse, MemberListRequest, MemberListResponse,
        MemberPromoteRequest, MemberPromoteResponse, MemberRemoveRequest, MemberRemoveResponse,
        MemberUpdateRequest, MemberUpdateResponse, ResponseHeader, cluster_server::Cluster,
    },
    internal::{
        ConfigChangeContext, MemberRecord, PeerMemberPromoteRequest, RaftAttributes,
        config_change_context::Change, peer_client::PeerClient,
    },
};
use etcd_store::members;
use prost::Message;
use raft::{ChangeKind, ConfChange};
use std::{sync::Arc, time::Duration};
use tonic::{Request, Response, Status};

/// A learner is in sync when it has this share of the leader's log (readyPercentThreshold).
const READY_PERCENT: u64 = 90;
/// A member connected for so long counts as healthy (HealthInterval).
const HEALTH_INTERVAL: Duration = Duration::from_secs(5);

/// The cluster service of a member.
#[derive(Clone)]
pub(crate) struct ClusterService(pub(crate) Arc<Member>);

impl Member {
    /// Replicates a change; whether it is one is decided where it is applied, since this member may
    /// not have heard of an addition that another one has just confirmed.
    async fn change(&self, change: Change) -> Result<(), Status> {
        let request_id = self.ids.next();
        let (kind, node) = match &change {
            Change::Add(member) if members::is_learner(member) => {
                (ChangeKind::AddLearner, member.id)
            }
            Change::Add(member) => (ChangeKind::AddVoter, member.id),
            Change::Promote(id) => (ChangeKind::AddVoter, *id),
            Change::Remove(id) => (ChangeKind::Remove, *id),
            Change::Update(member) => (ChangeKind::Update, member.id),
        };
        let context = ConfigChangeContext { request_id, change: Some(change) };
        let mut proposal = ConfChange::single(kind, node);
        proposal.context = context.encode_to_vec().into();
        self.propose_conf_change(request_id, proposal).await
    }

    fn member_list(&self) -> Vec<etcd_api::etcdserverpb::Member> {
        self.store.read().members().list()
    }

    /// Changes of the members have no revision (upstream: ClusterServer.header).
    fn header_of_members(&self) -> ResponseHeader {
        self.header(0)
    }

    /// Voters connected for [`HEALTH_INTERVAL`], this member included, and all voters.
    fn connected_voters(&self) -> (usize, usize) {
        let now = self.host.now();
        let store = self.store.read();
        let voters = store.members().voters();
        let connected = voters.clone().filter(|voter| {
            let since = self.peers.reachable_since(voter.id);
            voter.id == self.id || since.is_some_and(|since| now.since(since) >= HEALTH_INTERVAL)
        });
        (connected.count(), voters.count())
    }

    /// A cluster that misses a voter must not grow (upstream: isConnectedFullySince).
    fn refuse_to_grow_if_unhealthy(&self) -> Result<(), EtcdError> {
        let (connected, voters) = self.connected_voters();
        if self.config.strict_reconfig_check && connected < voters {
            return Err(EtcdError::Unhealthy);
        }
        Ok(())
    }

    /// The voters that stay and are connected must be a quorum (upstream: mayRemoveMember).
    fn refuse_unsafe_removal(&self, id: u64) -> Result<(), EtcdError> {
        let learner = self.store.read().members().get(id).is_some_and(members::is_learner);
        if learner || !self.config.strict_reconfig_check {
            return Ok(());
        }
        self.refuse_if_quorum_at_risk(|members| members.is_ready_to_remove_voter(id))?;
        // Who is down is no part of the quorum that works.
        if id != self.id && self.peers.reachable_since(id).is_none() {
            return Ok(());
        }
        let (connected, voters) = self.connected_voters();
        if connected.saturating_sub(1) < 1 + voters.saturating_sub(1) / 2 {
            return Err(EtcdError::Unhealthy);
        }
        Ok(())
    }

    /// The started members must stay a quorum of the voters.
    fn refuse_if_quorum_at_risk(
        &self,
        ready: impl Fn(&members::Members) -> bool,
    ) -> Result<(), EtcdError> {
        if self.config.strict_reconfig_check && !ready(self.store.read().members()) {
            return Err(EtcdError::MemberNotEnoughStarted);
        }
        Ok(())
    }
}

/// Adds a member, or a learner.
///
/// # Errors
/// As upstream's MemberAdd.
pub(crate) async fn add(
    member: &Member,
    request: MemberAddRequest,
) -> Result<MemberAddResponse, Status> {
    let urls = checked_urls(&request.peer_urls)?;
    if !request.is_learner {
        member.refuse_if_quorum_at_risk(members::Members::is_ready_to_add_voter)?;
    }
    member.refuse_to_grow_if_unhealthy()?;
    let token = &member.config.initial_cluster_token;
    let id = members::member_id(&urls, token, Some(member.host.clock.wall().seconds()));
    let added = members::new_member(id, urls, request.is_learner);
    let answer = members::public(&added);
    member.change(Change::Add(added)).await?;
    Ok(MemberAddResponse {
        header: Some(member.header_of_members()),
        member: Some(answer),
        members: member.member_list(),
    })
}

/// Makes a learner a voter, if it has caught up with this leader.
///
/// # Errors
/// As upstream's MemberPromote; not the leader.
pub(crate) async fn promote_as_leader(
    member: &Member,
    id: u64,
) -> Result<MemberPromoteResponse, Status> {
    if !member.leads() {
        return Err(EtcdError::NotLeader.into());
    }
    member.store.read().members().validate(&Change::Promote(id))?;
    member.refuse_if_quorum_at_risk(members::Members::is_ready_to_promote)?;
    learner_in_sync(member, id).await?;
    member.change(Change::Promote(id)).await?;
    let (header, members) = (Some(member.header_of_members()), member.member_list());
    Ok(MemberPromoteResponse { header, members })
}

async fn learner_in_sync(member: &Member, id: u64) -> Result<(), Status> {
    let status = member.raft_status().await?;
    let matched =
        |id| status.peers.iter().find(|peer| peer.id == id).map_or(0, |peer| peer.matched);
    let ours = matched(member.id);
    if matched(id) * 100 < ours * READY_PERCENT {
        return Err(EtcdError::LearnerNotReady.into());
    }
    Ok(())
}

fn checked_urls(urls: &[String]) -> Result<Vec<String>, EtcdError> {
    if urls.is_empty() || urls.iter().any(|url| url.parse::<Url>().is_err()) {
        return Err(EtcdError::MemberBadUrls);
    }
    Ok(urls.to_vec())
}

#[tonic::async_trait]
impl Cluster for ClusterService {
    async fn member_add(
        &self,
        request: Request<MemberAddRequest>,
    ) -> Result<Response<MemberAddResponse>, Status> {
        let caller = self.0.admit(&request)?;
        self.0.root_only(&caller)?;
        add(&self.0, request.into_inner()).await.map(Response::new)
    }

    async fn member_remove(
        &self,
        request: Request<MemberRemoveRequest>,
    ) -> Result<Response<MemberRemoveResponse>, Status> {
        let caller = self.0.admit(&request)?;
        self.0.root_only(&caller)?;
        let id = request.into_inner().id;
        self.0.refuse_unsafe_removal(id)?;
        self.0.change(Change::Remove(id)).await?;
        let (header, members) = (Some(self.0.header_of_members()), self.0.member_list());
        Ok(Response::new(MemberRemoveResponse { header, members }))
    }

    async fn member_update(
        &self,
        request: Request<MemberUpdateRequest>,
    ) -> Result<Response<MemberUpdateResponse>, Status> {
        let caller = self.0.admit(&request)?;
        self.0.root_only(&caller)?;
        let request = request.into_inner();
        let peer_urls = checked_urls(&request.peer_urls)?;
        let raft_attributes = Some(RaftAttributes { peer_urls, is_learner: false });
        let updated = MemberRecord { id: request.id, raft_attributes, attributes: None };
        self.0.change(Change::Update(updated)).await?;
        let (header, members) = (Some(self.0.header_of_members()), self.0.member_list());
        Ok(Response::new(MemberUpdateResponse { header, members }))
    }

    async fn member_list(
        &self,
        request: Request<MemberListRequest>,
    ) -> Result<Response<MemberListResponse>, Status> {
        self.0.admit_at_learner(&request)?;
        if request.get_ref().linearizable {
            self.0.reads.linearizable().await?;
        }
        let (header, members) = (Some(self.0.header_of_members()), self.0.member_list());
        Ok(Response::new(MemberListResponse { header, members }))
    }

    async fn member_promote(
        &self,
        request: Request<MemberPromoteRequest>,
    ) -> Result<Response<MemberPromoteResponse>, Status> {
        let caller = self.0.admit(&request)?;
        self.0.root_only(&caller)?;
        let id = request.get_ref().id;
        if self.0.leads() {
            return promote_as_leader(&self.0, id).await.map(Response::new);
        }
        let leader = self.0.leadership.borrow().leader;
        let channel = self.0.peers.channel(leader).ok_or(EtcdError::NoLeader)?;
        let handshake = Some(self.0.peers.handshake(leader));
        let forwarded = PeerMemberPromoteRequest { handshake, request: Some(request.into_inner()) };
        let call = async move { PeerClient::new(channel).member_promote(forwarded).await };
        let answer = self.0.host.timeout(self.0.config.request_timeout(), call).await;
        let answer = answer.map_err(|_| EtcdError::Timeout)??;
        // The change is applied here before the client may look for it here.
        self.0.reads.linearizable().await?;
        Ok(answer)
    }
}

//! The election service: campaigning is queueing, and the leader is who is at the front.
//!
//! Upstream: server/etcdserver/api/v3election and client/v3/concurrency/election.go.

use super::access::Caller;
use crate::{
    member::Member,
    queue::{self, Place},
    receiver_stream::ReceiverStream,
    watching::OwnStream,
};
use bytes::Bytes;
use etcd_api::{
    errors::EtcdError,
    etcdserverpb::{
        DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest,
        range_request::{SortOrder, SortTarget},
        request_op::Request as Op,
    },
    mvccpb::KeyValue,
    v3electionpb::{
        CampaignRequest, CampaignResponse, LeaderKey, LeaderRequest, LeaderResponse,
        ProclaimRequest, ProclaimResponse, ResignRequest, ResignResponse,
        election_server::Election,
    },
};
use etcd_store::KeyRange;
use std::sync::Arc;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status};

/// The election service of a member.
#[derive(Clone)]
pub(crate) struct ElectionService(pub(crate) Arc<Member>);

fn not_leader() -> Status {
    Status::unknown("election: not leader")
}

fn missing() -> Status {
    Status::unknown("\"leader\" field must be provided")
}

/// The oldest key of an election.
async fn leader(
    member: &Member,
    caller: &Caller,
    name: &Bytes,
) -> Result<(Option<KeyValue>, i64), Status> {
    let request = RangeRequest {
        sort_order: SortOrder::Ascend.into(),
        sort_target: SortTarget::Create.into(),
        limit: 1,
        ..queue::under(&prefix(name))
    };
    let response = member.range(caller, &request).await?;
    let revision = response.header.map_or(0, |header| header.revision);
    Ok((response.kvs.into_iter().next(), revision))
}

fn prefix(name: &Bytes) -> Bytes {
    let mut prefix = name.to_vec();
    prefix.push(b'/');
    prefix.into()
}

impl ElectionService {
    /// Changes the leader's key, if the caller still holds it.
    async fn as_leader(&self, caller: &Caller, key: &LeaderKey, op: Op) -> Result<i64, Status> {
        let txn = TxnRequest {
            compare: vec![queue::created_at(&key.key, key.rev)],
            success: vec![RequestOp { request: Some(op) }],
            failure: vec![],
        };
        let response = self.0.txn(caller, txn).await?;
        if !response.succeeded {
            return Err(not_leader());
        }
        Ok(response.header.map_or(0, |header| header.revision))
    }
}

#[tonic::async_trait]
impl Election for ElectionService {
    type ObserveStream = ReceiverStream<Result<LeaderResponse, Status>>;

    async fn campaign(
        &self,
        request: Request<CampaignRequest>,
    ) -> Result<Response<CampaignResponse>, Status> {
        let caller = self.0.admit(&request)?;
        let CampaignRequest { name, lease, value } = request.into_inner();
        let place = queue::enter(&self.0, &caller, &name, lease, value).await?;
        queue::reach_front(&self.0, &caller, &place).await?;
        let Place { key, revision, .. } = place;
        Ok(Response::new(CampaignResponse {
            header: Some(self.0.header_now()),
            leader: Some(LeaderKey { name, key, rev: revision, lease }),
        }))
    }

    async fn proclaim(
        &self,
        request: Request<ProclaimRequest>,
    ) -> Result<Response<ProclaimResponse>, Status> {
        let caller = self.0.admit(&request)?;
        let ProclaimRequest { leader, value } = request.into_inner();
        let leader = leader.ok_or_else(missing)?;
        let put = PutRequest {
            key: leader.key.clone(),
            value,
            lease: leader.lease,
            ..Default::default()
        };
        let revision = self.as_leader(&caller, &leader, Op::RequestPut(put)).await?;
        Ok(Response::new(ProclaimResponse { header: Some(self.0.header(revision)) }))
    }

    async fn leader(
        &self,
        request: Request<LeaderRequest>,
    ) -> Result<Response<LeaderResponse>, Status> {
        let caller = self.0.admit(&request)?;
        let (kv, revision) = leader(&self.0, &caller, &request.get_ref().name).await?;
        let kv = kv.ok_or_else(|| Status::unknown("election: no leader"))?;
        Ok(Response::new(LeaderResponse { header: Some(self.0.header(revision)), kv: Some(kv) }))
    }

    async fn observe(
        &self,
        request: Request<LeaderRequest>,
    ) -> Result<Response<Self::ObserveStream>, Status> {
        let caller = self.0.admit(&request)?;
        let name = request.into_inner().name;
        let (sender, receiver) = mpsc::channel(1);
        let member = self.0.clone();
        let work = async move {
            if let Err(status) = observe(&member, &caller, &name, &sender).await {
                // The client may have gone: nobody to tell.
                let _ = sender.send(Err(status)).await;
            }
        };
        self.0.host.spawn("etcd/election-observe", work).detach();
        Ok(Response::new(ReceiverStream(receiver)))
    }

    async fn resign(
        &self,
        request: Request<ResignRequest>,
    ) -> Result<Response<ResignResponse>, Status> {
        let caller = self.0.admit(&request)?;
        let leader = request.into_inner().leader.ok_or_else(missing)?;
        let delete = DeleteRangeRequest { key: leader.key.clone(), ..Default::default() };
        match self.as_leader(&caller, &leader, Op::RequestDeleteRange(delete)).await {
            Ok(_) => {}
            // Who does not lead has nothing to give up.
            Err(status) if status.message() == not_leader().message() => {}
            Err(status) => return Err(status),
        }
        Ok(Response::new(ResignResponse { header: Some(self.0.header_now()) }))
    }
}

/// Tells every leader and every value that a leader proclaims, until the client goes.
async fn observe(
    member: &Member,
    caller: &Caller,
    name: &Bytes,
    sender: &mpsc::Sender<Result<LeaderResponse, Status>>,
) -> Result<(), Status> {
    let prefix = prefix(name);
    let mut told = None;
    loop {
        let (kv, revision) = leader(member, caller, name).await?;
        let mut stream = OwnStream::open(member);
        stream.watch(KeyRange::new(&prefix, &queue::prefix_end(&prefix)), revision + 1)?;
        if let Some(kv) = kv
            && told != Some(kv.mod_revision)
        {
            told = Some(kv.mod_revision);
            let header = Some(member.header(revision));
            if sender.send(Ok(LeaderResponse { header, kv: Some(kv) })).await.is_err() {
                return Ok(());
            }
        }
        let message = host::select!(member.host, {
            message = stream.messages.recv() => message,
            () = sender.closed() => return Ok(()),
        });
        message.ok_or(EtcdError::Stopped)?;
    }
}

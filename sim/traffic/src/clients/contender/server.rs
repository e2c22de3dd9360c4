//! Locks and offices that the server waits for in the client's place (v3lock and v3election).

use bytes::Bytes;
use etcd_api::{
    concurrency::Session,
    etcdserverpb::RangeRequest,
    v3electionpb::{CampaignRequest, LeaderKey, ProclaimRequest, ResignRequest},
    v3lockpb::{LockRequest, UnlockRequest},
};
use tonic::Status;

use super::{Prize, TURN_WAIT_MAX, User, Won, act, trusted};
use crate::{messages, profile::Contenders};

/// Waits for the prize, acts under it and gives it back.
pub(super) async fn attempt(
    user: &User,
    session: &Session,
    contenders: &Contenders,
    name: &str,
    prize: Prize,
) -> Result<(), Status> {
    match prize {
        Prize::Lock => lock(user, session, contenders, name).await,
        Prize::Office => office(user, session, contenders, name).await,
    }
}

async fn lock(
    user: &User,
    session: &Session,
    contenders: &Contenders,
    name: &str,
) -> Result<(), Status> {
    let request = LockRequest { name: bytes_of(name), lease: session.lease() };
    let turn = user.host().timeout(TURN_WAIT_MAX, Box::pin(user.client.lock(request))).await;
    // A failure leaves the key to its lease.
    let key = turn.map_err(|_| late())??.key;
    // The server's word may come late. The recipes of the client library look at their session
    // themselves before they say that the turn has come; here it is for the caller to do.
    if let Some(token) = created(user, &key).await?.filter(|_| trusted(user, session)) {
        act(user, session, contenders, name, Won { key: messages::text(&key), token }).await;
    }
    user.calls.unlock(UnlockRequest { key }).await.map(drop)
}

/// The fencing token that the answer to a lock does not tell.
async fn created(user: &User, key: &Bytes) -> Result<Option<i64>, Status> {
    let get = RangeRequest { key: key.clone(), ..RangeRequest::default() };
    let found = user.calls.get(get).await?;
    Ok(found.kvs.first().map(|kv| kv.create_revision))
}

async fn office(
    user: &User,
    session: &Session,
    contenders: &Contenders,
    name: &str,
) -> Result<(), Status> {
    let value = format!("{}-{:x}", user.station.number, session.lease());
    let request =
        CampaignRequest { name: bytes_of(name), lease: session.lease(), value: bytes_of(&value) };
    let turn = user.host().timeout(TURN_WAIT_MAX, Box::pin(user.client.campaign(request))).await;
    let Some(leader) = turn.map_err(|_| late())??.leader else { return Ok(()) };
    let won = Won { key: messages::text(&leader.key), token: leader.rev };
    if trusted(user, session) {
        act(user, session, contenders, name, won).await;
    }
    proclaim(user, &leader, format!("{value}+")).await;
    user.calls.resign(ResignRequest { leader: Some(leader) }).await.map(drop)
}

/// Whether the office is still there is for the server to say.
async fn proclaim(user: &User, leader: &LeaderKey, value: String) {
    let request = ProclaimRequest { leader: Some(leader.clone()), value: value.into() };
    drop(user.calls.proclaim(request).await);
}

fn late() -> Status {
    Status::deadline_exceeded("the turn did not come")
}

fn bytes_of(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

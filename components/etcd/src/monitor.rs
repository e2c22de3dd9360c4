//! What a member sees to by itself: telling its name, agreeing on the cluster's version, raising
//! alarms, comparing its data with the others'.
//!
//! Upstream: server/etcdserver/server.go (publishV3, monitorVersions), corrupt.go.

use crate::{fatal::Fatal, member::Member, peer_service::texts, version};
use etcd_api::{
    etcdserverpb::{AlarmRequest, AlarmType, HashKvResponse, alarm_request::AlarmAction},
    internal::{
        Attributes, ClusterMemberAttrSetRequest, ClusterVersionSetRequest, PeerHashKvRequest,
        internal_request::Request as Op, peer_client::PeerClient,
    },
};
use host::event;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// How often the leader looks at the cluster's version.
const VERSION_LOOK: Duration = Duration::from_secs(4);

/// Tells the others this member's name and client URLs, again and again until it is replicated.
pub(crate) async fn publish(member: Arc<Member>) {
    let request = ClusterMemberAttrSetRequest {
        member_id: member.id,
        member_attributes: Some(Attributes {
            name: member.config.name.clone(),
            client_urls: texts(&member.config.advertise_client_urls),
        }),
    };
    while member.propose(None, Op::ClusterMemberAttrSet(request.clone())).await.is_err() {
        member.host.sleep(member.config.heartbeat).await;
    }
    event!(member.host, Info, "published local member to cluster through raft");
}

/// The leader proposes the version that all members can work in.
pub(crate) async fn agree_on_version(member: Arc<Member>) {
    let mut leadership = member.leadership.clone();
    loop {
        let undecided = {
            let store = member.store.read();
            store.members().version() != Some(version::CLUSTER)
        };
        if member.leads() && undecided {
            let ver = version::CLUSTER.to_owned();
            let request = Op::ClusterVersionSet(ClusterVersionSetRequest { ver });
            // A failure is tried again at the next look.
            let _ = member.propose(None, request).await;
        }
        let gone = host::select!(member.host, {
            changed = leadership.changed() => changed.is_err(),
            () = member.host.sleep(VERSION_LOOK) => false,
        });
        if gone {
            return;
        }
    }
}

/// Raises NOSPACE for this member when the store asks for it.
pub(crate) async fn raise_no_space(member: Arc<Member>, asked: Arc<Notify>) {
    loop {
        asked.notified().await;
        raise(&member, AlarmType::Nospace, member.id).await;
    }
}

async fn raise(member: &Member, alarm: AlarmType, of: u64) {
    event!(member.host, Warn, "raising an alarm", alarm = alarm.as_str_name(), member = of);
    let request =
        AlarmRequest { action: AlarmAction::Activate.into(), member_id: of, alarm: alarm.into() };
    while member.propose(None, Op::Alarm(request)).await.is_err() {
        member.host.sleep(member.config.heartbeat).await;
    }
}

/// The leader compares its keys with the others' now and then, and raises CORRUPT for who differs.
pub(crate) async fn compare_periodically(member: Arc<Member>) {
    if member.config.corrupt_check.is_zero() {
        return std::future::pending().await;
    }
    let mut period = member.host.interval(member.config.corrupt_check);
    loop {
        period.tick().await;
        if !member.leads() || member.reads.linearizable().await.is_err() {
            continue;
        }
        for differing in differing_peers(&member).await {
            raise(&member, AlarmType::Corrupt, differing).await;
        }
    }
}

async fn differing_peers(member: &Member) -> Vec<u64> {
    let Ok(ours) = crate::services::maintenance::hash_kv(member, 0).await else { return vec![] };
    let mut differing = Vec::new();
    for peer in member.peers.ids() {
        if let Some(theirs) = hash_of(member, peer, ours.hash_revision).await
            && differ(&ours, &theirs)
        {
            differing.push(peer);
        }
    }
    differing
}

/// Hashes compare only when both were taken over the same revisions.
fn differ(ours: &HashKvResponse, theirs: &HashKvResponse) -> bool {
    ours.hash_revision == theirs.hash_revision
        && ours.compact_revision == theirs.compact_revision
        && ours.hash != theirs.hash
}

async fn hash_of(member: &Member, peer: u64, revision: i64) -> Option<HashKvResponse> {
    let channel = member.peers.channel(peer)?;
    let handshake = Some(member.peers.handshake(peer));
    let request = PeerHashKvRequest { handshake, revision };
    let call = async move { PeerClient::new(channel).hash_kv(request).await };
    let answer = member.host.timeout(member.config.request_timeout(), call).await.ok()?.ok()?;
    Some(answer.into_inner())
}

/// Before serving: refuses to start when this member's keys differ from a peer's.
///
/// # Errors
/// [`Fatal::Corrupt`].
pub(crate) async fn compare_at_start(member: &Member) -> Result<(), Fatal> {
    if !member.config.initial_corrupt_check {
        return Ok(());
    }
    let Ok(ours) = crate::services::maintenance::hash_kv(member, 0).await else { return Ok(()) };
    for peer in member.peers.ids() {
        if let Some(theirs) = hash_of(member, peer, ours.hash_revision).await
            && differ(&ours, &theirs)
        {
            return Err(Fatal::Corrupt(format!(
                "found data inconsistency with peer {peer:x}: hash {} at revision {} here, {} \
                 there; replace this member",
                ours.hash, ours.hash_revision, theirs.hash
            )));
        }
    }
    Ok(())
}

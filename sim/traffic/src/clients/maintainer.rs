//! Looks after the members, at bad moments too.

use std::time::Duration;

use etcd_api::etcdserverpb::{
    DefragmentRequest, MemberListRequest, MemberPromoteRequest, MemberUpdateRequest,
    MoveLeaderRequest, StatusRequest,
};

use super::{User, administration as ask};

/// One request after the other, to whichever member comes next.
pub(super) async fn run(user: &User) {
    let maintenance = &user.profile().maintenance;
    let calls = &user.calls;
    let mut hashed = 0;
    loop {
        user.host().sleep(Duration::from_millis(maintenance.every_ms.max(1))).await;
        match user.host().random.below(17) {
            0 | 16 => {
                user.other("defragment", Box::pin(calls.defragment(DefragmentRequest {}))).await;
            }
            1 => {
                for _ in 0..3 {
                    hashed = ask::hash_kv(user, hashed).await.unwrap_or(hashed);
                }
            }
            2 => ask::alarms(user).await,
            3 => {
                user.other("status", Box::pin(calls.status(StatusRequest {}))).await;
            }
            4 if maintenance.move_leader => move_leader(user).await,
            5 => update_member(user).await,
            6 | 7 => learner(user).await,
            8 => promote(user).await,
            9 | 10 => ask::leases(user).await,
            11 if user.percent(40) => ask::nospace(user).await,
            12 => ask::snapshot(user).await,
            _ => drop(ask::members(user).await),
        }
    }
}

/// Only the leader does it: of several members asked, most refuse.
async fn move_leader(user: &User) {
    let list = user.calls.member_list(MemberListRequest { linearizable: false });
    let Some(list) = user.other("member_list", Box::pin(list)).await else { return };
    let voters: Vec<u64> = list.members.iter().filter(|m| !m.is_learner).map(|m| m.id).collect();
    let chosen = user.host().random.below(voters.len() as u64);
    let Some(&target_id) = usize::try_from(chosen).ok().and_then(|at| voters.get(at)) else {
        return;
    };
    for _ in 0..user.station.endpoints.len() {
        let moved = user.calls.move_leader(MoveLeaderRequest { target_id });
        if user.other("move_leader", Box::pin(moved)).await.is_some() {
            return;
        }
    }
}

/// Tells the cluster some member's own address once more: an update that changes nothing.
async fn update_member(user: &User) {
    let Some(list) = ask::members(user).await else { return };
    let chosen = user.host().random.below(list.members.len() as u64);
    let member = usize::try_from(chosen).ok().and_then(|at| list.members.get(at));
    if let Some(member) = member.filter(|member| !member.peer_urls.is_empty()) {
        let (id, peer_urls) = (member.id, member.peer_urls.clone());
        let update = user.calls.member_update(MemberUpdateRequest { id, peer_urls });
        user.other("member_update", Box::pin(update)).await;
    }
}

/// Makes a voter of a learner that is really there; refused until it has caught up.
async fn promote(user: &User) {
    let Some(list) = ask::members(user).await else { return };
    let learner = list.members.iter().find(|member| member.is_learner && !member.name.is_empty());
    if let Some(id) = learner.map(|learner| learner.id) {
        let promote = user.calls.member_promote(MemberPromoteRequest { id });
        user.other("member_promote", Box::pin(promote)).await;
    }
}

/// Where the learners are that never start.
const NOWHERE: &str = "http://nowhere";

/// Plans a learner that never starts, or gives one of those up: it has no vote, so nobody minds.
async fn learner(user: &User) {
    let Some(list) = ask::members(user).await else { return };
    let planned = |urls: &[String]| urls.iter().any(|url| url.starts_with(NOWHERE));
    let there = list.members.iter().find(|m| m.is_learner && planned(&m.peer_urls));
    match there {
        Some(member) => ask::remove(user, member.id).await,
        None => {
            let port = 1 + user.host().random.below(60_000);
            ask::add(user, format!("{NOWHERE}:{port}")).await;
        }
    }
}

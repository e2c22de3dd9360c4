//! Keeps a lease with a key on it, renews it in time, and gives it up in one way or another.

use std::time::Duration;

use oracles::history::{LeaseId, Put, Request, Response};

use super::User;

/// How often a lease that was given up is renewed at most, and how soon again, in milliseconds.
const INSISTS: (u64, u64) = (6, 300);
/// Keys that all keepers write to.
const SHARED_KEYS: u64 = 8;
/// How often, in a hundred turns, a keeper asks how its lease stands.
const LOOK_PERCENT: u64 = 30;
/// How far apart two requests are at most that race, in milliseconds.
const RACE_MS: u64 = 5;

/// One lease after the other.
pub(super) async fn run(user: &User) {
    for turn in 0_u64.. {
        let leases = &user.profile().leases;
        let spread = leases.ttl_max.saturating_sub(leases.ttl_min) + 1;
        let ttl = (leases.ttl_min + user.host().random.below(spread)).max(1);
        let grant = Request::LeaseGrant { id: 0, ttl: ttl.cast_signed() };
        match user.ask(&grant).await {
            Some((_, Response::LeaseGrant { id, ttl })) => keep(user, turn, id, ttl).await,
            _ => user.pause(1000).await,
        }
    }
}

async fn keep(user: &User, turn: u64, lease: LeaseId, ttl: i64) {
    let number = user.station.number;
    let (key, value) = (format!("lease/{number}"), format!("{number}-{turn}"));
    user.ask(&Request::Put(Put { key, value: value.clone(), lease, ..Put::default() })).await;
    // Keys that change hands: each belongs to whoever wrote it last.
    let most = if user.percent(30) { SHARED_KEYS } else { 3 };
    for _ in 0..user.host().random.below(most) {
        let key = format!("lease/shared/{}", user.host().random.below(SHARED_KEYS));
        let value = format!("{value}-{key}");
        user.ask(&Request::Put(Put { key, value, lease, ..Put::default() })).await;
    }
    let leases = &user.profile().leases;
    loop {
        // A third, as upstream's clients do; sometimes so late that it may be too late.
        let late = if user.percent(5) { 3 } else { 1 };
        let wait = Duration::from_secs(ttl.max(1).cast_unsigned()) / 3 * late;
        user.host().sleep(wait).await;
        if user.percent(LOOK_PERCENT) {
            user.ask(&Request::LeaseTimeToLive { id: lease }).await;
        }
        if user.percent(leases.forget_percent) {
            return;
        }
        if user.percent(leases.revoke_percent) {
            revoke(user, lease).await;
            return;
        }
        let renewed = user.ask(&Request::LeaseKeepAlive { id: lease }).await;
        if renewed.is_none() && user.percent(50) {
            return;
        }
    }
}

/// Gives a lease up; now and then somebody renews it in the same moment.
async fn revoke(user: &User, lease: LeaseId) {
    let (revoke, renew) =
        (Request::LeaseRevoke { id: lease }, Request::LeaseKeepAlive { id: lease });
    if user.percent(50) {
        user.ask(&revoke).await;
        insist(user, &renew).await;
        return;
    }
    // Whoever comes first may be overtaken on the way.
    let renewal_first = user.percent(50);
    let other = User::new(user.station.clone(), user.station.credentials());
    let renewing = user.host().spawn("client/renew", async move {
        other.pause(if renewal_first { 0 } else { RACE_MS }).await;
        other.ask(&renew).await;
    });
    user.pause(if renewal_first { RACE_MS } else { 0 }).await;
    user.ask(&revoke).await;
    // It tells the history itself what became of it.
    let _ = renewing.await;
}

/// Somebody who has not heard that the lease is gone goes on renewing it, at one member after the
/// other: also at one that has not heard of it either.
async fn insist(user: &User, renew: &Request) {
    for _ in 0..user.host().random.below(INSISTS.0 + 1) {
        user.ask(renew).await;
        user.pause(INSISTS.1).await;
    }
}

//! Compaction in the background: deleting what was compacted, and deciding what to compact.
//!
//! Upstream: server/storage/mvcc/kvstore_compaction.go, server/etcdserver/api/v3compactor.

use crate::{config::AutoCompaction, fatal::Fatal, member::Member};
use etcd_api::{etcdserverpb::CompactionRequest, internal::internal_request::Request as Op};
use host::{Instant, event};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// How often work that nobody announced is looked for.
const LOOK: Duration = Duration::from_millis(100);
/// The revision mode looks this often (revInterval).
const REVISION_PERIOD: Duration = Duration::from_secs(5 * 60);
/// The periodic mode takes this many samples in its period, at least one an hour.
const SAMPLES: u32 = 10;
/// Longest period between two automatic compactions (upstream: an hour).
const PERIOD_MAX: Duration = Duration::from_secs(3600);

/// Brings watches up to date and deletes compacted revisions, step by step.
///
/// # Errors
/// The backend failed.
pub(crate) async fn run_chores(member: Arc<Member>) -> Result<(), Fatal> {
    let chores = member.chores.clone();
    loop {
        let mut more = sync_watches(&member).map_err(Fatal::Store)?;
        more |= compact(&member).await.map_err(Fatal::Store)?;
        if more {
            member.host.sleep(Duration::from_micros(1)).await;
            continue;
        }
        host::select!(member.host, {
            () = chores.notified() => {},
            () = member.host.sleep(LOOK) => {},
        });
    }
}

fn sync_watches(member: &Member) -> Result<bool, etcd_store::StoreError> {
    if !member.store.read().watches_need_sync() {
        return Ok(false);
    }
    member.store.write().sync_watches()
}

async fn compact(member: &Member) -> Result<bool, etcd_store::StoreError> {
    if !member.store.read().is_compacting() {
        let done = member.store.read().compact_revision();
        member.compacted.send_if_modified(|now| std::mem::replace(now, done) != done);
        return Ok(false);
    }
    let more = member.store.write().compact_step(member.config.compaction_batch_limit);
    member.host.point("etcd/compact-step");
    if more {
        member.host.sleep(member.config.compaction_sleep).await;
    }
    Ok(true)
}

/// Proposes compactions as configured; the leader's duty.
pub(crate) async fn run_automatic(member: Arc<Member>) {
    match member.config.auto_compaction {
        AutoCompaction::Off => std::future::pending().await,
        AutoCompaction::Periodic(kept) => periodic(&member, kept).await,
        AutoCompaction::Revision(kept) => revision(&member, kept).await,
    }
}

async fn periodic(member: &Member, kept: Duration) {
    let mut seen: VecDeque<(Instant, i64)> = VecDeque::new();
    let mut samples = member.host.interval(kept.min(PERIOD_MAX) / SAMPLES);
    let mut next = member.host.now() + kept;
    loop {
        samples.tick().await;
        let now = member.host.now();
        seen.push_back((now, member.store.read().revision()));
        if now < next {
            continue;
        }
        // The newest revision that is old enough.
        let mut old = None;
        while let Some((_, revision)) = seen.front().filter(|(at, _)| now.since(*at) >= kept) {
            old = Some(*revision);
            seen.pop_front();
        }
        if let Some(revision) = old {
            propose(member, revision).await;
        }
        next = now + kept.min(PERIOD_MAX);
    }
}

async fn revision(member: &Member, kept: i64) {
    let mut looks = member.host.interval(REVISION_PERIOD);
    loop {
        looks.tick().await;
        let revision = member.store.read().revision() - kept;
        if revision > 0 {
            propose(member, revision).await;
        }
    }
}

async fn propose(member: &Member, revision: i64) {
    if !member.leads() || revision <= member.store.read().compact_revision() {
        return;
    }
    event!(member.host, Info, "auto compaction", revision = revision);
    let request = CompactionRequest { revision, physical: false };
    if let Err(status) = member.propose(None, Op::Compaction(request)).await {
        let why = status.message();
        event!(member.host, Warn, "auto compaction failed", revision = revision, why = why);
    }
}

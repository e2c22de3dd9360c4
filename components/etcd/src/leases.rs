//! Ends leases whose time is up: the leader's duty, done through the log.
//!
//! Upstream: server/etcdserver/server.go (revokeExpiredLeases), lease/lessor.go.

use crate::{driver::Leadership, facts, member::Member};
use etcd_api::{
    etcdserverpb::{LeaseCheckpointRequest, LeaseRevokeRequest},
    internal::internal_request::Request as Op,
};
use host::{Children, event};
use raft::types::Term;
use std::{sync::Arc, time::Duration};

/// How often the primary looks for leases that are due.
const LOOK: Duration = Duration::from_millis(500);
/// Leases that are being revoked at once at most (maxPendingRevokes).
const REVOKES_MAX: usize = 16;

/// Runs as long as the member does.
pub(crate) async fn run(member: Arc<Member>) {
    let mut leadership = member.leadership.clone();
    let mut looks = member.host.interval(LOOK);
    let mut now = Leadership::default();
    loop {
        let changed = host::select!(member.host, {
            result = leadership.changed() => match result {
                Ok(()) => true,
                Err(_) => return,
            },
            () = looks.tick() => false,
        });
        if changed {
            let next = *leadership.borrow_and_update();
            follow(&member, now, next);
            now = next;
        } else if now.leading {
            look(&member).await;
        }
    }
}

/// The leader's lessor knows time, the others' do not. It is the applier that promotes it.
fn follow(member: &Member, before: Leadership, now: Leadership) {
    if now.leader == 0 {
        member.peers.leader_lost();
    } else if now.leader != before.leader {
        member.metrics.leader_changes.increment();
    }
    if (before.leading, before.term) == (now.leading, now.term) {
        return;
    }
    let mut store = member.store.write();
    // The applier may have promoted it already, in the new term.
    let deposed = store.lessor().primary_term().is_some_and(|term| !now.leading || term < now.term);
    if deposed {
        store.lessor_mut().demote();
        facts::demoted(&member.host);
    }
}

async fn look(member: &Arc<Member>) {
    let Some(term) = member.lease_term() else { return };
    let (expired, checkpoint) = {
        let mut store = member.store.write();
        let now = member.host.now();
        (store.lessor_mut().expired(now), store.lessor().checkpoints_are_due(now))
    };
    if expired.is_empty() && !checkpoint {
        return;
    }
    // E21a, etcd #15247: a leader that was deposed while it hung revokes what its successor renewed.
    if !member.host.defects.has("E21a") && member.reads.linearizable().await.is_err() {
        return;
    }
    if !member.leads() {
        return;
    }
    // Read only now: a lease may have been renewed meanwhile.
    let checkpoints = member.store.write().lessor_mut().due_checkpoints(member.host.now());
    if !checkpoints.is_empty() {
        let request = LeaseCheckpointRequest { checkpoints };
        if member.propose_in(term, None, Op::LeaseCheckpoint(request)).await.is_err() {
            event!(member.host, Debug, "lease checkpoint was not replicated");
        }
    }
    revoke(member, term, expired).await;
}

async fn revoke(member: &Arc<Member>, term: Term, expired: Vec<i64>) {
    for ids in expired.chunks(REVOKES_MAX) {
        let mut children = Children::default();
        let (done, mut all_done) = tokio::sync::mpsc::channel::<()>(1);
        for id in ids.iter().copied() {
            let (member_, done) = (member.clone(), done.clone());
            children.adopt(member.host.spawn("etcd/lease-revoke", async move {
                let request = LeaseRevokeRequest { id };
                // As root: whose keys the lease holds does not matter (upstream: WithRoot in
                // revokeExpiredLeases). A failure is tried again: the lease stays due.
                let (root, op) = (member_.root(), Op::LeaseRevoke(request));
                let revoked = if member_.host.defects.has("E21a") {
                    member_.propose(root.as_ref(), op).await.map(drop)
                } else {
                    member_.propose_in(term, root.as_ref(), op).await
                };
                if revoked.is_ok() {
                    member_.metrics.leases_expired.increment();
                }
                drop(done);
            }));
        }
        drop(done);
        // Closed when the last of them is done.
        let _ = all_done.recv().await;
    }
}

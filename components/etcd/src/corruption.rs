//! Members compare what they hold: at start, now and then, and whenever a compaction has made equal
//! what must be equal.
//!
//! Upstream: server/etcdserver/corrupt.go.

use crate::{fatal::Fatal, member::Member, monitor::raise, services::maintenance::hash_kv};
use etcd_api::{
    etcdserverpb::{AlarmType, HashKvResponse},
    internal::{PeerHashKvRequest, peer_client::PeerClient},
};
use futures_util::future::join;
use host::event;
use std::{collections::BTreeMap, sync::Arc};

/// The leader compares its keys with the others' as configured, and raises CORRUPT for who differs.
pub(crate) async fn compare(member: Arc<Member>) {
    join(compare_periodically(&member), compare_compacted(&member)).await;
}

async fn compare_periodically(member: &Member) {
    if member.config.corrupt_check.is_zero() {
        return std::future::pending().await;
    }
    let mut period = member.host.interval(member.config.corrupt_check);
    loop {
        period.tick().await;
        if !member.leads() || member.reads.linearizable().await.is_err() {
            continue;
        }
        for differing in differing_peers(member).await {
            raise(member, AlarmType::Corrupt, differing).await;
        }
    }
}

/// Members compact at the same revision, so that their hashes there are equal however far each has
/// come since. Upstream stores the hashes of the last ten compactions; here they are taken when
/// asked for, and who has compacted further meanwhile is left for the next time.
async fn compare_compacted(member: &Member) {
    if member.config.compact_hash_check.is_zero() {
        return std::future::pending().await;
    }
    let mut period = member.host.interval(member.config.compact_hash_check);
    let mut checked = 0;
    loop {
        period.tick().await;
        let compacted = member.store.read().compact_revision();
        if !member.leads() || compacted <= checked {
            continue;
        }
        let Ok(ours) = hash_kv(member, compacted).await else { continue };
        if ours.compact_revision != compacted {
            continue;
        }
        let mut theirs = BTreeMap::new();
        for peer in member.peers.ids() {
            theirs.insert(peer, hash_of(member, peer, compacted).await);
        }
        match judge(member.id, &ours, &theirs) {
            Verdict::Equal => checked = compacted,
            Verdict::Unknown => {}
            Verdict::Differ(ids) => {
                checked = compacted;
                for id in ids {
                    event!(
                        member.host,
                        Warn,
                        "detected compaction hash mismatch",
                        revision = compacted,
                        member = id
                    );
                    raise(member, AlarmType::Corrupt, id).await;
                }
            }
        }
    }
}

/// What equal or different hashes mean.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    /// All members hold the same.
    Equal,
    /// Those that could be compared do; others could not.
    Unknown,
    /// These members are not of the majority; 0 stands for the whole cluster when there is none.
    Differ(Vec<u64>),
}

/// Upstream's checkPeerHashes: who is with the majority is right.
fn judge(
    id: u64,
    ours: &HashKvResponse,
    theirs: &BTreeMap<u64, Option<HashKvResponse>>,
) -> Verdict {
    let mut groups = BTreeMap::from([(ours.hash, vec![id])]);
    let mut compared = 0;
    for (peer, their) in theirs {
        let comparable = their.as_ref().filter(|their| {
            (their.hash_revision, their.compact_revision)
                == (ours.hash_revision, ours.compact_revision)
        });
        if let Some(their) = comparable {
            compared += 1;
            groups.entry(their.hash).or_default().push(*peer);
        }
    }
    if groups.len() == 1 {
        return if compared == theirs.len() { Verdict::Equal } else { Verdict::Unknown };
    }
    let members = theirs.len() + 1;
    let quorum = members / 2 + 1;
    let majority = groups.iter().find(|(_, ids)| ids.len() >= quorum).map(|(hash, _)| *hash);
    match majority {
        None => Verdict::Differ(vec![0]),
        Some(majority) => {
            groups.remove(&majority);
            let mut ids: Vec<u64> = groups.into_values().flatten().collect();
            ids.sort_unstable();
            Verdict::Differ(ids)
        }
    }
}

async fn differing_peers(member: &Member) -> Vec<u64> {
    let Ok(ours) = hash_kv(member, 0).await else { return vec![] };
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
    let Ok(ours) = hash_kv(member, 0).await else { return Ok(()) };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(hash: u32, compact_revision: i64) -> HashKvResponse {
        HashKvResponse { header: None, hash, compact_revision, hash_revision: 7 }
    }

    #[test]
    fn the_majority_is_right() {
        let silent = None;
        let behind = Some(hash(1, 5));
        let same = Some(hash(1, 7));
        let other = Some(hash(2, 7));
        for (theirs, verdict) in [
            (vec![], Verdict::Equal),
            (vec![&same, &same], Verdict::Equal),
            (vec![&same, &silent], Verdict::Unknown),
            (vec![&same, &behind], Verdict::Unknown),
            (vec![&other, &same], Verdict::Differ(vec![2])),
            (vec![&other, &other], Verdict::Differ(vec![1])),
            (vec![&other], Verdict::Differ(vec![0])),
            (vec![&other, &silent], Verdict::Differ(vec![0])),
            (vec![&same, &same, &other, &other], Verdict::Differ(vec![4, 5])),
        ] {
            let peers = (2..).zip(theirs.into_iter().cloned()).collect();
            assert_eq!(judge(1, &hash(1, 7), &peers), verdict, "{peers:?}");
        }
    }
}

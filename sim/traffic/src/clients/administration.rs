//! What the maintainer is told, put into the history's words, and alarms that it raises itself.

use etcd_api::etcdserverpb::{
    AlarmMember, AlarmRequest, AlarmType, HashKvRequest, MemberAddRequest, MemberListRequest,
    MemberListResponse, MemberRemoveRequest, alarm_request::AlarmAction,
};
use oracles::history::{Admin, Revision, Told};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tonic::Status;

use super::User;
use crate::messages;

/// Longest time for which space is said to be out, in milliseconds.
const NOSPACE_MS: u64 = 600;
/// The digest at a snapshot's end, in bytes.
const DIGEST_BYTES: usize = 32;

/// All members, as of now.
pub(super) async fn members(user: &User) -> Option<MemberListResponse> {
    let mut list = None;
    let asked = async {
        let request = MemberListRequest { linearizable: true };
        let answer = user.calls.member_list(request).await?;
        let ids = answer.members.iter().map(|member| member.id).collect();
        list = Some(answer);
        Ok((0, Some(Told::Members { ids })))
    };
    user.admin(Admin::Members, asked).await;
    list
}

/// Puts a learner in.
pub(super) async fn add(user: &User, peer_url: String) {
    let asked = Box::pin(async {
        let request = MemberAddRequest { peer_urls: vec![peer_url], is_learner: true };
        let added = user.calls.member_add(request).await?.member;
        Ok((0, added.map(|member| Told::MemberAdded { member: member.id })))
    });
    user.admin(Admin::MemberAdd, asked).await;
}

/// Takes a member out.
pub(super) async fn remove(user: &User, member: u64) {
    let asked = async {
        user.calls.member_remove(MemberRemoveRequest { id: member }).await?;
        Ok((0, None))
    };
    user.admin(Admin::MemberRemove { member }, asked).await;
}

/// The hash of all keys: as of now, or up to a revision that some members are at before others.
pub(super) async fn hash_kv(user: &User, near: Revision) -> Option<Revision> {
    let back = user.host().random.below(8).cast_signed();
    let revision = if near > back && user.percent(70) { near - back } else { 0 };
    let asked = async {
        let answer = user.calls.hash_kv(HashKvRequest { revision }).await?;
        let (revision, compacted) = (answer.hash_revision, answer.compact_revision);
        let told = Told::HashKv { revision, compacted, hash: answer.hash };
        Ok((messages::revision(&answer.header), Some(told)))
    };
    match user.admin(Admin::HashKv { revision }, asked).await {
        Some(Told::HashKv { revision, .. }) => Some(revision),
        _ => None,
    }
}

/// All leases that some member knows.
pub(super) async fn leases(user: &User) {
    let asked = async {
        let answer = user.calls.leases().await?;
        let ids = answer.leases.iter().map(|lease| lease.id).collect();
        Ok((messages::revision(&answer.header), Some(Told::Leases { ids })))
    };
    user.admin(Admin::Leases, asked).await;
}

/// Which alarms are on.
pub(super) async fn alarms(user: &User) {
    let asked = async {
        let answer = user.calls.alarm(AlarmRequest::default()).await?;
        let nospace = |alarm: &&AlarmMember| alarm.alarm() == AlarmType::Nospace;
        let nospace = answer.alarms.iter().filter(nospace).map(|alarm| alarm.member_id).collect();
        Ok((0, Some(Told::Alarms { nospace })))
    };
    user.admin(Admin::Alarms, asked).await;
}

/// Says for a while that space is out, and sees to it that it is taken back.
pub(super) async fn nospace(user: &User) {
    let Some(list) = members(user).await else { return };
    let chosen = user.host().random.below(list.members.len() as u64);
    let place = usize::try_from(chosen).unwrap_or(0);
    let Some(member) = list.members.get(place).map(|member| member.id) else { return };
    let set = async |action: AlarmAction| {
        let (action, alarm) = (action.into(), AlarmType::Nospace.into());
        user.calls.alarm(AlarmRequest { action, member_id: member, alarm }).await?;
        Ok::<_, Status>((0, None))
    };
    user.admin(Admin::RaiseNospace { member }, set(AlarmAction::Activate)).await;
    user.pause(NOSPACE_MS).await;
    if user.percent(30) {
        alarms(user).await;
    }
    // An attempt without an answer may have been lost: one that is answered ends it.
    let mut lowered = false;
    while !lowered {
        let lower = async {
            let answer = set(AlarmAction::Deactivate).await;
            lowered = answer.is_ok();
            answer
        };
        user.admin(Admin::LowerNospace { member }, lower).await;
        user.pause(100).await;
    }
}

/// Some member's whole backend.
pub(super) async fn snapshot(user: &User) {
    let limit = Duration::from_millis(user.profile().timeout_ms.max(1));
    let asked = async {
        let late = |_| Err(Status::deadline_exceeded("no snapshot in time"));
        let told = user.host().timeout(limit, Box::pin(download(user))).await;
        Ok((0, Some(told.unwrap_or_else(late)?)))
    };
    user.admin(Admin::Snapshot, asked).await;
}

async fn download(user: &User) -> Result<Told, Status> {
    let mut pieces = user.calls.snapshot().await?;
    let (mut announced, mut came) = (0, 0);
    let (mut digest, mut intact) = (Sha256::new(), true);
    let mut last = Vec::new();
    while let Some(piece) = pieces.message().await? {
        if came == 0 {
            announced = piece.remaining_bytes + piece.blob.len() as u64;
        }
        // All but the last, which is the digest of what came before.
        digest.update(&last);
        last = piece.blob.to_vec();
        came += last.len() as u64;
        intact &= announced.saturating_sub(came) == piece.remaining_bytes;
    }
    intact &= last.len() == DIGEST_BYTES && digest.finalize()[..] == last[..];
    came = came.saturating_sub(DIGEST_BYTES as u64);
    Ok(Told::Snapshot { announced, came, intact })
}

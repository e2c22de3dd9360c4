//! Members, alarms, hashes, snapshots, leadership.

use etcd_client::{AlarmAction, AlarmType, Client, MemberAddOptions};
use std::time::Duration;

pub(crate) async fn members(client: &mut Client) {
    let list = client.member_list().await.expect("the list");
    let mut names: Vec<_> = list.members().iter().map(|member| member.name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["m0", "m1", "m2"]);
    let id = added_learner(client).await;
    let refused = client.member_promote(id).await.expect_err("it never started").to_string();
    assert!(refused.contains("can only promote a learner member"), "{refused}");
    client.member_update(id, ["http://127.0.0.1:2".to_owned()]).await.expect("update");
    let left = client.member_remove(id).await.expect("remove");
    assert_eq!(left.members().len(), 3);
}

/// A cluster only grows once its members have been connected for five seconds.
async fn added_learner(client: &mut Client) -> u64 {
    loop {
        let learner = MemberAddOptions::new().with_is_learner();
        match client.member_add(["http://127.0.0.1:1"], Some(learner)).await {
            Ok(added) => return added.member().expect("the member").id(),
            Err(young) => assert!(young.to_string().contains("unhealthy cluster"), "{young}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

pub(crate) async fn alarms_hashes_and_snapshots(client: &mut Client) {
    let none = client.alarm(AlarmAction::Get, AlarmType::None, None).await.expect("alarms");
    assert!(none.alarms().is_empty());
    let hash = client.hash_kv(0).await.expect("the hash of the keys");
    assert!(hash.hash() != 0 && hash.hash_revision() > 0);
    assert_ne!(client.hash().await.expect("the hash of the file").hash(), 0);
    client.defragment().await.expect("defragment");
    let mut stream = client.snapshot().await.expect("a snapshot");
    let mut bytes = 0;
    while let Some(part) = stream.message().await.expect("the stream goes on") {
        bytes += part.blob().len();
    }
    // A whole number of pages and a SHA-256.
    assert!(bytes > 32 && bytes % 512 == 32, "{bytes} bytes");
}

/// Of a client of the leader alone.
pub(crate) async fn leadership(client: &mut Client) {
    let status = client.status().await.expect("status");
    let own = status.header().expect("a header").member_id();
    assert_eq!(status.leader(), own);
    assert!(status.version().starts_with("3.6.") && status.storage_version().starts_with("3.6"));
    assert!(status.errors().is_empty() && status.db_size() >= status.raft_used_db_size());
    let list = client.member_list().await.expect("the list");
    let other = list.members().iter().find(|member| member.id() != own).expect("another member");
    client.move_leader(other.id()).await.expect("move the leadership");
    let refused = client.move_leader(own).await.expect_err("it leads no more").to_string();
    assert!(refused.contains("not leader"), "{refused}");
}

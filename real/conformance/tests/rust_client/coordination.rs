//! Leases, locks, elections.

use etcd_client::{
    Client, LeaseTimeToLiveOptions, LockOptions, ProclaimOptions, PutOptions, ResignOptions,
};
use std::time::Duration;

pub(crate) async fn leases(client: &mut Client) {
    let id = client.lease_grant(2, None).await.expect("grant").id();
    let leased = PutOptions::new().with_lease(id);
    client.put("leased", "1", Some(leased)).await.expect("put");
    let (mut keeper, mut kept) = client.lease_keep_alive(id).await.expect("keep alive");
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        keeper.keep_alive().await.expect("a renewal");
        let answer = kept.message().await.expect("the stream goes on").expect("a message");
        assert_eq!((answer.id(), answer.ttl()), (id, 2));
    }
    let keys = LeaseTimeToLiveOptions::new().with_keys();
    let told = client.lease_time_to_live(id, Some(keys)).await.expect("time to live");
    assert_eq!((told.granted_ttl(), told.keys()), (2, &[b"leased".to_vec()][..]));
    let all = client.leases().await.expect("the list");
    assert!(all.leases().iter().any(|lease| lease.id() == id));
    client.lease_revoke(id).await.expect("revoke");
    assert!(client.get("leased", None).await.expect("get").kvs().is_empty());
    let refused = client.lease_revoke(id).await.expect_err("it is gone").to_string();
    assert!(refused.contains("requested lease not found"), "{refused}");
}

pub(crate) async fn locks(client: &mut Client) {
    let lease = client.lease_grant(60, None).await.expect("grant").id();
    let held = client.lock("door", Some(LockOptions::new().with_lease(lease))).await.expect("lock");
    let mut other = client.clone();
    let waiting = other.lock("door", None);
    let outcome = tokio::time::timeout(Duration::from_millis(300), waiting).await;
    assert!(outcome.is_err(), "two hold one lock");
    client.unlock(held.key()).await.expect("unlock");
    let free = client.lock("door", None).await.expect("the lock is free again");
    assert_ne!(free.key(), held.key());
    client.unlock(free.key()).await.expect("unlock");
}

pub(crate) async fn elections(client: &mut Client) {
    let lease = client.lease_grant(60, None).await.expect("grant").id();
    let won = client.campaign("chair", "ann", lease).await.expect("campaign");
    let key = won.leader().expect("a leader's key").clone();
    let mut observed = client.observe("chair").await.expect("observe");
    let seen = observed.message().await.expect("the stream goes on").expect("a message");
    assert_eq!(seen.kv().expect("a pair").value(), b"ann");
    let options = ProclaimOptions::new().with_leader(key.clone());
    client.proclaim("ann again", Some(options)).await.expect("proclaim");
    let seen = observed.message().await.expect("the stream goes on").expect("a message");
    assert_eq!(seen.kv().expect("a pair").value(), b"ann again");
    let leader = client.leader("chair").await.expect("leader");
    assert_eq!(leader.kv().expect("a pair").key(), key.key());
    client.resign(Some(ResignOptions::new().with_leader(key))).await.expect("resign");
    let nobody = client.leader("chair").await.expect_err("nobody leads").to_string();
    assert!(nobody.contains("election: no leader"), "{nobody}");
}

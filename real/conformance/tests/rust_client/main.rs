//! The crate `etcd-client`, unmodified with its tonic transport, against three members with TLS.

mod auth;
mod coordination;
mod data;
mod maintenance;

use conformance::{
    cluster::{Cluster, Plan},
    member::Member,
};
use etcd_client::{Certificate, Client, ConnectOptions, Identity, TlsOptions};
use std::time::Duration;

/// What a client that stays longer than this waits for never comes.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a conversation with these members.
fn converse<F: Future<Output = ()>>(members: &[Member], conversation: impl FnOnce(Client) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        let client = connect(members, None).await.expect("the client connects");
        let done = tokio::time::timeout(LIMIT, conversation(client)).await;
        done.expect("the conversation ends in time");
    });
}

/// A client of these members, as this user.
async fn connect(
    members: &[Member],
    user: Option<(&str, &str)>,
) -> Result<Client, etcd_client::Error> {
    let urls: Vec<_> = members.iter().map(Member::client_url).collect();
    let mut options = ConnectOptions::new().with_timeout(Duration::from_secs(20));
    if let Some(tls) = &members[0].tls {
        let read = |path: &str| std::fs::read(path).expect("a certificate can be read");
        let ca = Certificate::from_pem(read(&tls.authority.cert));
        let identity = Identity::from_pem(read(&tls.client.cert), read(&tls.client.key));
        options = options.with_tls(TlsOptions::new().ca_certificate(ca).identity(identity));
    }
    if let Some((name, password)) = user {
        options = options.with_user(name, password);
    }
    Client::connect(urls, Some(options)).await
}

#[test]
fn every_group_against_three_members_with_tls() {
    let cluster = Cluster::start(Plan::ours(3).with_tls());
    converse(&cluster.members, async |mut client| {
        data::keys(&mut client).await;
        data::transactions(&mut client).await;
        data::compaction(&mut client).await;
        data::watches(&mut client).await;
        coordination::leases(&mut client).await;
        coordination::locks(&mut client).await;
        coordination::elections(&mut client).await;
        maintenance::members(&mut client).await;
        maintenance::alarms_hashes_and_snapshots(&mut client).await;
    });
    let leader = cluster.leader();
    let leader = &cluster.members[leader..=leader];
    converse(leader, async |mut client| maintenance::leadership(&mut client).await);
}

#[test]
fn users_and_roles() {
    let cluster = Cluster::start(Plan::ours(3));
    converse(&cluster.members, |client| Box::pin(auth::conversation(&cluster.members, client)));
}

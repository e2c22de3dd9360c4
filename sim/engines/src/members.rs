//! Members of a cluster, set up without asking the engine anything: names, not addresses.

use crate::{Program, overheard::Leader, program};
use etcd::{
    Etcd,
    config::{Config, Url},
};
use etcd_api::client::{self, Client};
use host::{Host, event};
use std::{collections::BTreeMap, net::Ipv4Addr, time::Duration};

const CLIENT_PORT: u16 = 2379;
const PEER_PORT: u16 = 2380;
const RESTART_AFTER: Duration = Duration::from_secs(1);

fn url(host: &str, port: u16) -> Url {
    Url { tls: false, host: host.into(), port }
}

fn config(name: &str, members: &[&str]) -> Config {
    let everywhere = |port| vec![Url::plain((Ipv4Addr::UNSPECIFIED, port).into())];
    let all = members.iter().map(|&member| (member.to_owned(), vec![url(member, PEER_PORT)]));
    Config {
        name: name.into(),
        data_dir: "data".into(),
        listen_client_urls: everywhere(CLIENT_PORT),
        listen_peer_urls: everywhere(PEER_PORT),
        advertise_client_urls: vec![url(name, CLIENT_PORT)],
        initial_advertise_peer_urls: vec![url(name, PEER_PORT)],
        initial_cluster: all.collect::<BTreeMap<_, _>>(),
        wal_segment_bytes: 256 * 1024,
        backend_cache_bytes: 1024 * 1024,
        ..Config::default()
    }
}

/// A member, started again whenever it ends by itself.
pub(crate) fn member(name: &str, members: &[&str], leader: &Leader) -> Program {
    let (config, leader) = (config(name, members), leader.clone());
    program(move |host: Host| {
        let (config, host) = (config.clone(), leader.overhear(host));
        async move {
            loop {
                let (_stopper, stop) = host::stop_pair();
                let ended = Etcd::new(host.clone(), config.clone()).run(stop).await;
                let why = ended.map_or_else(|fatal| fatal.to_string(), |()| "stopped".into());
                event!(host, Warn, "the member ended", why = &why);
                host.sleep(RESTART_AFTER).await;
            }
        }
    })
}

/// A client of these members.
pub(crate) fn client(host: &Host, members: &[&str]) -> Client {
    let endpoint = |member: &&str| {
        format!("http://{member}:{CLIENT_PORT}").parse().expect("a machine's name is a host name")
    };
    Client::new(host, client::Config::new(members.iter().map(endpoint).collect()))
}

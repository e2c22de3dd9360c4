//! API servers of a simulated cluster: replicas in front of one etcd, which keep nothing.

use crate::tls;
use apiserver::{ApiServer, Cidr, Services, config::Config};
use etcd_api::client;
use host::{Host, event};
use machine::Program;
use std::{net::SocketAddr, time::Duration};

/// Where clients are answered, in plain HTTP.
pub const PORT: u16 = 6443;
/// The name of the server's process on its machine.
pub const PROCESS: &str = "kube-apiserver";

/// How long a server that ended by itself stays down.
const RESTART_AFTER: Duration = Duration::from_secs(1);
/// Services are few; what they get is scarcer still, so that it goes round.
const SERVICE_RANGE: &str = "10.96.0.0/27";
const NODE_PORTS: (u16, u16) = (30_000, 30_031);
/// Upstream's three minutes are longer than most runs.
const REPAIR_INTERVAL: Duration = Duration::from_secs(5);
/// Upstream's minute is longer than most runs.
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(1);

/// The name of a server, which is its machine's too.
pub fn name(index: u16) -> String {
    format!("apiserver-{index}")
}

/// Where clients reach the server of this name.
pub fn url(name: &str) -> String {
    format!("http://{name}:{PORT}")
}

/// The program of a server over the etcd at these URLs. When it ends by itself, it is started again
/// after a while, as an init system would.
pub fn program(listen: SocketAddr, etcd: Vec<String>) -> Program {
    std::sync::Arc::new(move |host: Host| {
        let etcd = etcd.clone();
        Box::pin(async move { keep_running(host, listen, &etcd).await })
    })
}

async fn keep_running(host: Host, listen: SocketAddr, etcd: &[String]) {
    loop {
        let (_stopper, stop) = host::stop_pair();
        let ended = ApiServer::new(host.clone(), config(&host, listen, etcd)).run(stop).await;
        let why = ended.map_or_else(|fatal| fatal.to_string(), |()| "stopped".into());
        event!(host, Warn, "the API server ended", why = &why);
        event!(host, Fact, "process/exit", why = &why, removed = false);
        host.sleep(RESTART_AFTER).await;
        event!(host, Fact, "process/boot");
    }
}

fn config(host: &Host, listen: SocketAddr, etcd: &[String]) -> Config {
    let endpoints = etcd.iter().filter_map(|url| url.parse().ok()).collect();
    let mut storage = client::Config::new(endpoints);
    storage.channel.tls = tls::trust(host, etcd);
    let range: Result<Cidr, _> = SERVICE_RANGE.parse();
    let services = Services {
        ranges: range.into_iter().collect(),
        node_ports: NODE_PORTS,
        repair_interval: REPAIR_INTERVAL,
        ..Services::new(listen.ip(), listen.port())
    };
    Config {
        bookmark_interval: BOOKMARK_INTERVAL,
        services: Some(services),
        ..Config::new(listen, storage)
    }
}

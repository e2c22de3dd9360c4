//! Members of a simulated etcd cluster.

use etcd::{
    Etcd,
    config::{ClusterState, Config, Limits, Url},
};
use host::{Host, event};
use machine::{MachineId, Program, World};
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

/// Where clients are answered.
pub const CLIENT_PORT: u16 = 2379;
/// Where peers are answered.
pub const PEER_PORT: u16 = 2380;
/// The name of a member's process on its machine.
pub const PROCESS: &str = "etcd";

/// A member and its machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The member's name, which is its machine's too.
    pub name: String,
    /// Its machine.
    pub machine: MachineId,
}

fn url(place: &Place, port: u16) -> Url {
    Url { tls: false, host: place.name.clone(), port }
}

impl Place {
    /// Where clients reach the member.
    pub fn client_url(&self) -> String {
        url(self, CLIENT_PORT).to_string()
    }

    /// Where peers reach the member.
    pub fn peer_url(&self) -> String {
        url(self, PEER_PORT).to_string()
    }
}

/// The settings of a member: small files and caches, so that thousands of runs fit on a machine,
/// and otherwise upstream's defaults. `members` are all that it starts with or joins.
pub fn config(world: &World, place: &Place, members: &[Place], state: ClusterState) -> Config {
    let listen = |port| vec![Url::plain(SocketAddr::new(world.address(place.machine), port))];
    let all = members.iter().map(|member| (member.name.clone(), vec![url(member, PEER_PORT)]));
    Config {
        name: place.name.clone(),
        data_dir: "data".into(),
        listen_client_urls: listen(CLIENT_PORT),
        listen_peer_urls: listen(PEER_PORT),
        advertise_client_urls: vec![url(place, CLIENT_PORT)],
        initial_advertise_peer_urls: vec![url(place, PEER_PORT)],
        initial_cluster: all.collect::<BTreeMap<_, _>>(),
        initial_cluster_state: state,
        wal_segment_bytes: 256 * 1024,
        backend_cache_bytes: 1024 * 1024,
        // Hashing is slow on purpose; nobody attacks a simulation.
        bcrypt_cost: 4,
        limits: Limits { connections: 1_000, ..Limits::default() },
        ..Config::default()
    }
}

/// The program of a member. When it ends by itself, it is started again after a while, as an init
/// system would, unless it was removed from its cluster.
pub fn program(config: Config) -> Program {
    Arc::new(move |host: Host| {
        let config = config.clone();
        Box::pin(async move {
            loop {
                let (_stopper, stop) = host::stop_pair();
                let ended = Etcd::new(host.clone(), config.clone()).run(stop).await;
                let removed = matches!(ended, Err(etcd::Fatal::Removed));
                let why = ended.map_or_else(|fatal| fatal.to_string(), |()| "stopped".into());
                event!(host, Warn, "the member ended", why = &why);
                event!(host, Fact, "process/exit", why = &why, removed = removed);
                if removed {
                    return;
                }
                host.sleep(RESTART_AFTER).await;
            }
        })
    })
}

/// How long a member that ended by itself stays down.
const RESTART_AFTER: Duration = Duration::from_secs(1);

//! Members of a simulated etcd cluster.

use crate::tls;
use bytes::Bytes;
use etcd::{
    Etcd, RestoreOptions,
    config::{ClusterState, Config, Limits, Url},
};
use etcd_api::{
    client::{self, Client},
    etcdserverpb::{MemberAddRequest, MemberListRequest, MemberRemoveRequest},
};
use host::{Disk, Host, Open, event};
use machine::{MachineId, Program, World};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

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
    /// It speaks TLS with everybody.
    pub tls: bool,
}

fn url(place: &Place, port: u16) -> Url {
    Url { tls: place.tls, host: place.name.clone(), port }
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
    let listen = |port| {
        let plain = Url::plain(SocketAddr::new(world.address(place.machine), port));
        vec![Url { tls: place.tls, ..plain }]
    };
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
        client_tls: place.tls.then(|| tls::files(false)),
        peer_tls: place.tls.then(|| tls::files(true)),
        wal_segment_bytes: 256 * 1024,
        backend_cache_bytes: 1024 * 1024,
        // Hashing is slow on purpose; nobody attacks a simulation.
        bcrypt_cost: 4,
        limits: Limits { connections: 1_000, ..Limits::default() },
        ..Config::default()
    }
}

/// How long a member that ended by itself stays down.
const RESTART_AFTER: Duration = Duration::from_secs(1);
/// Between two attempts to be added to a cluster.
const ADD_AGAIN: Duration = Duration::from_millis(500);

/// The program of a member. When it ends by itself, it is started again after a while, as an init
/// system would, unless it was removed from its cluster.
pub fn program(config: Config) -> Program {
    Arc::new(move |host: Host| {
        let config = config.clone();
        Box::pin(async move { keep_running(host, config).await })
    })
}

/// The program of a member that is upgraded at its second start: before, it runs as `first` says.
pub fn upgraded_program(first: Config, config: Config) -> Program {
    Arc::new(move |host: Host| {
        let (first, config) = (first.clone(), config.clone());
        Box::pin(async move {
            let again = has_data(&host, &config).await;
            keep_running(host, if again { config } else { first }).await;
        })
    })
}

async fn keep_running(host: Host, config: Config) {
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
        event!(host, Fact, "process/boot");
    }
}

/// The program of a member that joins: on an empty disk it has itself added first, in the place of
/// whoever had its peer URL before.
pub fn joining_program(
    config: Config,
    others: Vec<String>,
    credentials: (&'static str, &'static str),
    learner: bool,
) -> Program {
    let asked = Arc::new(AtomicBool::new(false));
    Arc::new(move |host: Host| {
        let (config, others, asked) = (config.clone(), others.clone(), asked.clone());
        Box::pin(async move {
            if !has_data(&host, &config).await {
                let client = client(&host, &others, credentials);
                while !add_itself(&config, &client, learner, &asked).await {
                    host.sleep(ADD_AGAIN).await;
                }
            }
            keep_running(host, config).await;
        })
    })
}

/// The program of a member that starts again from a snapshot, on an empty disk; on another it
/// goes on from what it has.
pub fn restored_program(config: Config, snapshot: Bytes) -> Program {
    Arc::new(move |host: Host| {
        let (config, snapshot) = (config.clone(), snapshot.clone());
        Box::pin(async move {
            if !has_data(&host, &config).await
                && let Err(error) = restore(&host, &config, snapshot).await
            {
                let why = error.to_string();
                event!(host, Error, "a snapshot of our own cannot be restored", why = &why);
                return;
            }
            keep_running(host, config).await;
        })
    })
}

/// Where a downloaded snapshot lies.
const SNAPSHOT: &str = "snapshot.db";

async fn restore(host: &Host, config: &Config, snapshot: Bytes) -> Result<(), etcd::RestoreError> {
    let save = move |disk: &dyn Disk| {
        let file = disk.open(SNAPSHOT, Open::Truncate)?;
        file.write_at(0, &snapshot)?;
        file.sync()
    };
    let saved = host.disk_job(save).await;
    saved.map_err(|error| etcd::RestoreError::File { path: SNAPSHOT.into(), error })?;
    let options = RestoreOptions {
        snapshot: SNAPSHOT.into(),
        config: config.clone(),
        skip_hash_check: false,
        bump_revision: 0,
        mark_compacted: false,
    };
    etcd::restore(host, options).await
}

async fn has_data(host: &Host, config: &Config) -> bool {
    let path = config.wal_path();
    host.disk_job(move |disk| disk.list(&path).is_ok_and(|names| !names.is_empty())).await
}

fn client(host: &Host, endpoints: &[String], (name, password): (&str, &str)) -> Client {
    let tls = tls::trust(host, endpoints);
    let endpoints: Vec<_> = endpoints.iter().filter_map(|url| url.parse().ok()).collect();
    let credentials = Some((name.to_owned(), password.to_owned()));
    let mut config = client::Config { credentials, ..client::Config::new(endpoints) };
    config.channel.tls = tls;
    Client::new(host, config).with_timeout(ADD_PATIENCE)
}

/// True once the member is added. `asked`: somebody has asked for this member on this disk, and
/// nobody was there before; what is at its URL without a name is itself, added by an attempt whose
/// answer was lost. Otherwise that is a former one, which may have voted and lost its disk since.
async fn add_itself(
    config: &Config,
    client: &Client,
    is_learner: bool,
    asked: &AtomicBool,
) -> bool {
    let peer_urls: Vec<String> =
        config.initial_advertise_peer_urls.iter().map(Url::to_string).collect();
    let asked_before = asked.load(Ordering::Relaxed);
    let list = |linearizable| client.member_list(MemberListRequest { linearizable });
    let mut answer = list(true).await;
    if answer.is_err() && asked_before {
        // Of two voters the other needs this one to commit anything: its word must do.
        answer = list(false).await;
    }
    let Ok(list) = answer else { return false };
    if let Some(found) = list.members.iter().find(|member| member.peer_urls == peer_urls) {
        if found.name.is_empty() && asked_before {
            return true;
        }
        let _ = client.member_remove(MemberRemoveRequest { id: found.id }).await;
        return false;
    }
    asked.store(true, Ordering::Relaxed);
    client.member_add(MemberAddRequest { peer_urls, is_learner }).await.is_ok()
}

/// How long one request of a joining member may take.
const ADD_PATIENCE: Duration = Duration::from_secs(5);

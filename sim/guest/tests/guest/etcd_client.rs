//! The crate `etcd-client`, unmodified with its tonic transport, as a client of a simulated cluster.

use crate::{apart, guest};
use ::etcd::config::ClusterState;
use ::etcd_client::{Channel, Client, GetOptions, PutOptions, WatchOptions};
use cluster::etcd::{self, CLIENT_PORT, Place};
use guest::Guest;
use host::{BoxFuture, BoxStream, Host};
use http::Uri;
use hyper_util::rt::TokioIo;
use machine::{Program, Stations, TraceHash};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};
use tonic::transport::Endpoint;

const MEMBERS: [&str; 3] = ["m1", "m2", "m3"];
const CALL_LIMIT: Duration = Duration::from_secs(2);

/// What tonic dials by: the streams of a simulated machine.
#[derive(Clone)]
struct Dialer(Host);

impl tower_service::Service<Uri> for Dialer {
    type Response = TokioIo<BoxStream>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let host = self.0.clone();
        Box::pin(async move {
            let name = to.host().ok_or(io::ErrorKind::InvalidInput)?;
            let found = host.network.resolve(name, to.port_u16().unwrap_or(CLIENT_PORT)).await?;
            let address = found.first().copied().ok_or(io::ErrorKind::NotFound)?;
            host.connect(address, CALL_LIMIT).await.map(TokioIo::new)
        })
    }
}

async fn connect(host: &Host, member: &str) -> Client {
    let endpoint = Endpoint::from_shared(format!("http://{member}:{CLIENT_PORT}")).unwrap();
    let endpoint = endpoint
        .timeout(CALL_LIMIT)
        .http2_keep_alive_interval(Duration::from_secs(2))
        .keep_alive_timeout(Duration::from_secs(1))
        .keep_alive_while_idle(true);
    let channel = endpoint.connect_with_connector_lazy(Dialer(host.clone()));
    Client::from_channel(Channel::Tonic(channel), None).await.unwrap()
}

#[derive(Debug, Default)]
struct Diary {
    acknowledged: BTreeSet<String>,
    unknown: BTreeSet<String>,
    watched: Vec<(String, i64)>,
    /// Of the leased key: seen while its lease was kept alive, and again after it ran out.
    leased: Vec<bool>,
    found: Option<BTreeMap<String, i64>>,
    over: bool,
}

type SharedDiary = Arc<Mutex<Diary>>;

fn note(diary: &SharedDiary, key: String, acknowledged: bool) {
    let mut diary = diary.lock().unwrap();
    if acknowledged { &mut diary.acknowledged } else { &mut diary.unknown }.insert(key);
}

/// Writes to one member after another, whatever the answers.
async fn write(host: Host, diary: SharedDiary) {
    let mut clients = vec![];
    for member in MEMBERS {
        clients.push(connect(&host, member).await);
    }
    for number in 0.. {
        if diary.lock().unwrap().over {
            return;
        }
        let key = format!("w/{number:05}");
        let put = clients[number % 3].put(key.clone(), "value", None).await;
        note(&diary, key, put.is_ok());
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

/// Watches by one member after another, going on where the last one stopped.
async fn watch(host: Host, diary: SharedDiary) {
    for member in MEMBERS.iter().cycle() {
        let next = diary.lock().unwrap().watched.last().map_or(1, |last| last.1 + 1);
        let options = WatchOptions::new().with_prefix().with_start_revision(next);
        let mut client = connect(&host, member).await;
        if let Ok(mut stream) = client.watch("w/", Some(options)).await {
            while let Ok(Some(response)) = stream.message().await {
                let kvs = response.events().iter().filter_map(|event| event.kv());
                let told = kvs.map(|kv| (kv.key_str().unwrap().to_owned(), kv.mod_revision()));
                diary.lock().unwrap().watched.extend(told);
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Keeps a lease for longer than its time to live, then lets it run out.
async fn lease(host: Host, diary: SharedDiary) {
    let mut client = connect(&host, MEMBERS[0]).await;
    let id = client.lease_grant(3, None).await.unwrap().id();
    client.put("leased", "value", Some(PutOptions::new().with_lease(id))).await.unwrap();
    let (mut keeper, mut kept) = client.lease_keep_alive(id).await.unwrap();
    for _ in 0..6 {
        keeper.keep_alive().await.unwrap();
        assert!(kept.message().await.unwrap().unwrap().ttl() > 0);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    for pause in [0, 12] {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        let there = !client.get("leased", None).await.unwrap().kvs().is_empty();
        diary.lock().unwrap().leased.push(there);
    }
}

async fn read(host: Host, diary: SharedDiary) {
    let mut client = connect(&host, MEMBERS[1]).await;
    let answer = client.get("w/", Some(GetOptions::new().with_prefix())).await.unwrap();
    let kvs = answer.kvs().iter();
    let found = kvs.map(|kv| (kv.key_str().unwrap().to_owned(), kv.mod_revision())).collect();
    diary.lock().unwrap().found = Some(found);
}

fn start<F: Future<Output = ()> + Send + 'static>(
    guest: &Guest,
    diary: &SharedDiary,
    name: &'static str,
    work: impl Fn(Host, SharedDiary) -> F + Send + Sync + 'static,
) {
    let (machine, diary) = (guest.world().add_machine(name), diary.clone());
    let program: Program = Arc::new(move |host| Box::pin(work(host, diary.clone())));
    guest.start(machine, "app", &program);
}

fn cluster(guest: &Guest) -> Vec<Place> {
    let world = guest.world();
    let place =
        |name: &str| Place { name: name.into(), machine: world.add_machine(name), tls: false };
    let places: Vec<Place> = MEMBERS.into_iter().map(place).collect();
    for place in &places {
        let config = etcd::config(world, place, &places, ClusterState::New);
        guest.start(place.machine, etcd::PROCESS, &etcd::program(config));
    }
    places
}

/// Every member is cut off once, the leader among them; then everything is read back.
fn story(seed: u64) -> (TraceHash, usize) {
    let guest = guest(seed);
    let diary = SharedDiary::default();
    let members = cluster(&guest);
    guest.run_for(Duration::from_secs(3)).unwrap();
    start(&guest, &diary, "writer", write);
    start(&guest, &diary, "watcher", watch);
    start(&guest, &diary, "holder", lease);
    guest.run_for(Duration::from_secs(22)).unwrap();
    let network = guest.world().network().clone();
    for member in &members {
        let one = [member.machine];
        network.partition(Stations::only(one), Stations::except(one));
        guest.run_for(Duration::from_secs(5)).unwrap();
        network.heal();
        guest.run_for(Duration::from_secs(3)).unwrap();
    }
    diary.lock().unwrap().over = true;
    guest.run_for(Duration::from_secs(5)).unwrap();
    start(&guest, &diary, "reader", read);
    guest.run_for(Duration::from_secs(3)).unwrap();
    judge(&diary.lock().unwrap());
    let acknowledged = diary.lock().unwrap().acknowledged.len();
    (guest.world().hash(), acknowledged)
}

fn judge(diary: &Diary) {
    let found = diary.found.as_ref().unwrap();
    let lost: Vec<_> = diary.acknowledged.iter().filter(|it| !found.contains_key(*it)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let attempted = |key| diary.acknowledged.contains(key) || diary.unknown.contains(key);
    assert!(found.keys().all(attempted));
    let mut changes: Vec<_> = found.clone().into_iter().collect();
    changes.sort_by_key(|change| change.1);
    assert_eq!(diary.watched, changes, "each change is told once, in order");
    assert_eq!(diary.leased, [true, false], "a lease lives while it is kept, and no longer");
    assert!(diary.acknowledged.len() > 300, "{} acknowledged", diary.acknowledged.len());
    assert!(!diary.unknown.is_empty(), "the partitions were felt");
}

#[test]
fn etcd_client_gets_what_it_was_promised_the_same_way_twice() {
    assert!(kernel::interpose::is_armed());
    let first = apart(|| story(11));
    assert_eq!(first, apart(|| story(11)));
}

//! Stores on simulated disks, and requests in short.

#![allow(clippy::unwrap_used, dead_code)]

use bytes::Bytes;
use disk::{DiskModel, Process, SharedDisk};
use etcd_api::{
    EtcdError,
    etcdserverpb::{
        CompactionRequest, DeleteRangeRequest, LeaseGrantRequest, LeaseRevokeRequest, PutRequest,
        RangeRequest, TxnRequest,
    },
    internal::{InternalRequest, internal_request::Request},
};
use etcd_store::{
    Applied, Config, Position, Response, Store,
    auth::token::{SIMPLE_TOKEN_TTL, SimpleTokens, Tokens},
    lease::LessorConfig,
};
use host::{
    Abort, BoxFuture, BoxStream, Clock, Datagrams, Defects, Host, Instant, Listener, Network,
    NoProbe, Random, Sleep, StdInstant, Tasks, Timestamp,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{io, net::SocketAddr, pin::Pin, sync::Arc};

/// A machine of which only the disk is there: a store asks for nothing else.
struct Nothing;

impl Clock for Nothing {
    fn now(&self) -> Instant {
        Instant(0)
    }
    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }
    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        panic!("a store does not wait")
    }
    fn std_origin(&self) -> StdInstant {
        panic!("a store speaks to no library of time")
    }
}

impl Random for Nothing {
    fn fill(&self, _: &mut [u8]) {
        panic!("a store knows no chance")
    }
}

impl Tasks for Nothing {
    fn spawn(&self, _: &'static str, _: BoxFuture<'static, ()>) -> Arc<dyn Abort> {
        panic!("a store starts no tasks")
    }
}

impl Network for Nothing {
    fn connect(&self, _: SocketAddr) -> BoxFuture<'static, io::Result<BoxStream>> {
        panic!("a store knows no network")
    }
    fn listen(&self, _: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Listener>>> {
        panic!("a store knows no network")
    }
    fn datagrams(&self, _: SocketAddr) -> BoxFuture<'static, io::Result<Arc<dyn Datagrams>>> {
        panic!("a store knows no network")
    }
    fn resolve(&self, _: &str, _: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        panic!("a store knows no network")
    }
}

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn shared(model: DiskModel) -> SharedDisk {
    SharedDisk::new(model, Process(1))
}

/// A disk with a durable directory for the store.
pub(crate) fn new_disk(seed: u64) -> SharedDisk {
    let mut model = DiskModel::new(rng(seed));
    model.install("data/snap/owner", b"").unwrap();
    shared(model)
}

pub(crate) fn host(disk: &SharedDisk, defects: &Defects) -> Host {
    let nothing = Arc::new(Nothing);
    Host {
        name: "store".into(),
        clock: nothing.clone(),
        network: nothing.clone(),
        disk: Arc::new(disk.clone()),
        random: nothing.clone(),
        tasks: nothing,
        probe: Arc::new(NoProbe),
        defects: defects.clone(),
    }
}

pub(crate) fn config() -> Config {
    Config {
        dir: "data/snap".to_owned(),
        cache_bytes: 1 << 20,
        quota_bytes: 0,
        watch_buffer: 4,
        learners_max: 1,
        lessor: LessorConfig {
            ttl_seconds_min: 1,
            checkpoint_interval: None,
            defects: Defects::none(),
        },
        tokens: Tokens::Simple(SimpleTokens::new(SIMPLE_TOKEN_TTL)),
        snapshot_index: 0,
    }
}

pub(crate) fn open(disk: &SharedDisk) -> Store {
    open_with(disk, &Defects::none())
}

pub(crate) fn open_with(disk: &SharedDisk, defects: &Defects) -> Store {
    Store::open(&host(disk, defects), config()).unwrap()
}

/// The power fails and comes back: the store is gone with what was not synced, by chance.
pub(crate) fn crash(store: Store, disk: &SharedDisk) {
    disk.model().power_off();
    drop(store);
    disk.model().power_on();
}

pub(crate) fn at(index: u64) -> Position {
    Position { index, term: 1 }
}

/// Applies a request as the entry after the last one.
pub(crate) fn apply(store: &mut Store, request: Request) -> Applied {
    let position = at(store.applied().index + 1);
    let request = InternalRequest { header: None, request: Some(request) };
    store.apply(Instant(0), position, &request).unwrap().unwrap()
}

pub(crate) fn result(store: &mut Store, request: Request) -> Result<Response, EtcdError> {
    apply(store, request).result
}

pub(crate) fn put(key: &str, value: &str) -> Request {
    put_leased(key, value, 0)
}

pub(crate) fn put_leased(key: &str, value: &str, lease: i64) -> Request {
    let (key, value) = (text(key), text(value));
    Request::Put(PutRequest { key, value, lease, ..PutRequest::default() })
}

pub(crate) fn delete(key: &str, end: &str) -> Request {
    let (key, range_end) = (text(key), text(end));
    Request::DeleteRange(DeleteRangeRequest { key, range_end, prev_kv: true })
}

pub(crate) fn txn(request: TxnRequest) -> Request {
    Request::Txn(request)
}

pub(crate) fn compact(revision: i64) -> Request {
    Request::Compaction(CompactionRequest { revision, physical: false })
}

pub(crate) fn grant(id: i64) -> Request {
    Request::LeaseGrant(LeaseGrantRequest { ttl: 60, id })
}

pub(crate) fn revoke(id: i64) -> Request {
    Request::LeaseRevoke(LeaseRevokeRequest { id })
}

/// All keys as of a revision.
pub(crate) fn everything(revision: i64) -> RangeRequest {
    let (key, range_end) = (Bytes::from_static(b"\0"), Bytes::from_static(b"\0"));
    RangeRequest { key, range_end, revision, ..RangeRequest::default() }
}

pub(crate) fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// Keys and values that a store holds now.
pub(crate) fn pairs(store: &Store) -> Vec<(String, String)> {
    let kvs = store.range(&everything(0)).unwrap().kvs;
    let word = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    kvs.iter().map(|kv| (word(&kv.key), word(&kv.value))).collect()
}

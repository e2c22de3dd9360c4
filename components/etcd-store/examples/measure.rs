//! Measures the state machine on this machine's disk: puts, memory per key, time to open.
//!
//! `cargo run --release -p etcd-store --example measure -- DIR [KEYS]`

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::print_stdout)]
#![allow(clippy::unwrap_used)]

#[path = "../tests/support/mod.rs"]
mod support;

use etcd_api::{
    etcdserverpb::PutRequest,
    internal::{InternalRequest, internal_request::Request},
};
use etcd_store::{KeyRange, Position, Store, WatchSpec};
use host::{BlockFile, BoxFuture, Defects, Disk, FileLock, Host, Instant as HostInstant, Open};
use std::{fs, io, os::unix::fs::FileExt, sync::Arc, time::Instant};

/// Files as they are, without care for anything but measuring.
struct Files;

struct Plain(fs::File);

impl BlockFile for Plain {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = 0;
        while read < buffer.len() {
            match self.0.read_at(&mut buffer[read..], offset + read as u64)? {
                0 => break,
                more => read += more,
            }
        }
        Ok(read)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_all_at(data, offset)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn allocate(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn forget(&self) -> io::Result<bool> {
        self.0.sync_all().map(|()| false)
    }
}

impl Disk for Files {
    fn open(&self, path: &str, how: Open) -> io::Result<Arc<dyn BlockFile>> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(how != Open::Read);
        options
            .create(matches!(how, Open::Create | Open::Truncate))
            .truncate(how == Open::Truncate);
        Ok(Arc::new(Plain(options.create_new(how == Open::CreateNew).open(path)?)))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(from, to)
    }
    fn remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(path)
    }
    fn create_dir(&self, path: &str) -> io::Result<()> {
        fs::create_dir_all(path)
    }
    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().into_string().unwrap()));
        names.collect()
    }
    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        fs::File::open(dir)?.sync_all()
    }
    fn lock(&self, _: &str) -> io::Result<Box<dyn FileLock>> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn job(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        work();
        Box::pin(std::future::ready(()))
    }
}

fn open(dir: &str) -> Store {
    let host = support::host(&support::new_disk(0), &Defects::none());
    let host = Host { disk: Arc::new(Files), ..host };
    let cache_bytes = 64 << 20;
    let config = etcd_store::Config { dir: dir.to_owned(), cache_bytes, ..support::config() };
    Store::open(&host, config).unwrap()
}

/// Kilobytes of memory in use.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn put(store: &mut Store, key: u64) {
    let index = store.applied().index + 1;
    let key = format!("/registry/pods/default/{key:09}").into_bytes().into();
    let request = PutRequest { key, value: vec![7; 256].into(), ..PutRequest::default() };
    let request = InternalRequest { header: None, request: Some(Request::Put(request)) };
    let position = Position { index, term: 1 };
    store.apply(HostInstant(0), position, &request).unwrap().unwrap().result.unwrap();
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().expect("a directory to write to");
    let keys: u64 = arguments.next().map_or(1_000_000, |keys| keys.parse().unwrap());
    let mut store = open(&dir);
    let before = resident();
    let (start, mut applying) = (Instant::now(), std::time::Duration::ZERO);
    for chunk in 0..keys / 10_000 {
        let at = Instant::now();
        (0..10_000).for_each(|key| put(&mut store, chunk * 10_000 + key));
        applying += at.elapsed();
        store.commit().unwrap();
    }
    let (all, per) = (start.elapsed().as_secs_f64(), applying.as_secs_f64());
    println!(
        "puts applied: {:.0}/s; with commits of 10,000: {:.0}/s",
        keys as f64 / per,
        keys as f64 / all
    );
    println!(
        "memory for {keys} keys: {} MB (cache of 64 MB included)",
        (resident() - before) / 1024
    );
    println!("file: {} MB; in use: {} MB", store.size().unwrap() >> 20, store.size_in_use() >> 20);
    drop(store);
    let start = Instant::now();
    let store = open(&dir);
    println!(
        "open after a clean stop: {:.2} s, {} keys",
        start.elapsed().as_secs_f64(),
        store.key_count()
    );
    std::mem::forget(store);
    let start = Instant::now();
    let store = open(&dir);
    println!("open after a crash: {:.2} s", start.elapsed().as_secs_f64());
    fan_out(store, 1_000, 200);
}

/// One key, many streams that watch it.
fn fan_out(mut store: Store, watches: usize, puts: u64) {
    let mut receivers = Vec::new();
    for _ in 0..watches {
        let (stream, receiver) = store.open_stream();
        let key = bytes::Bytes::from("/registry/pods/default/000000000");
        let range = KeyRange::new(&key, &bytes::Bytes::new());
        let (no_put, no_delete, prev_kv) = (false, false, false);
        let spec = WatchSpec { id: 0, range, start_revision: 0, no_put, no_delete, prev_kv };
        store.watch(stream, spec).unwrap();
        receivers.push(receiver);
    }
    let start = Instant::now();
    let mut heard = 0;
    for _ in 0..puts {
        put(&mut store, 0);
        for receiver in &mut receivers {
            heard += receiver.try_recv().unwrap().events.len();
        }
    }
    println!(
        "{watches} watches of one key: {:.0} events/s",
        heard as f64 / start.elapsed().as_secs_f64()
    );
}

//! The smallest host: streams in memory, time that passes when nobody works, chance that repeats.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is the machine")]

use host::{
    Abort, BlockFile, BoxFuture, BoxStream, Clock, Datagrams, Defects, Disk, FileLock, Host,
    Instant, Listener, Network, NoProbe, Open, Random, Sleep, Stream, Tasks, Timestamp,
};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex},
    sync::mpsc,
    task::AbortHandle,
    time,
};

/// Runs a test on a machine of its own.
pub(crate) fn run<F: Future<Output = ()>>(test: impl FnOnce(Host) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        let limit = Duration::from_secs(24 * 3600);
        time::timeout(limit, test(machine(Defects::none()))).await.expect("the test hangs");
    });
}

fn machine(defects: Defects) -> Host {
    Host {
        name: "test".into(),
        clock: Arc::new(Paused(time::Instant::now())),
        network: Arc::new(Wires::default()),
        disk: Arc::new(NoDisk),
        random: Arc::new(Repeating(AtomicU64::new(1))),
        tasks: Arc::new(Runtime),
        probe: Arc::new(NoProbe),
        defects,
    }
}

struct Paused(time::Instant);

impl Clock for Paused {
    fn now(&self) -> Instant {
        Instant::default() + self.0.elapsed()
    }
    fn wall(&self) -> Timestamp {
        Timestamp(self.now().0)
    }
    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let at = |deadline: Instant| self.0 + Duration::from_nanos(deadline.0);
        Box::pin(Timer(Box::pin(time::sleep_until(at(deadline))), self.0))
    }
}

struct Timer(Pin<Box<time::Sleep>>, time::Instant);

impl Future for Timer {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl Sleep for Timer {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        let at = self.1 + Duration::from_nanos(deadline.0);
        self.0.as_mut().reset(at);
    }
}

struct Repeating(AtomicU64);

impl Random for Repeating {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let step = 6_364_136_223_846_793_005;
            let next = self.0.load(Ordering::Relaxed).wrapping_mul(step).wrapping_add(1);
            self.0.store(next, Ordering::Relaxed);
            *byte = (next >> 56) as u8;
        }
    }
}

struct Runtime;

struct Handle(AbortHandle);

impl Abort for Handle {
    fn abort(&self) {
        self.0.abort();
    }
}

impl Tasks for Runtime {
    fn spawn(&self, _: &'static str, work: BoxFuture<'static, ()>) -> Arc<dyn Abort> {
        Arc::new(Handle(tokio::spawn(work).abort_handle()))
    }
}

type Ears = BTreeMap<SocketAddr, mpsc::UnboundedSender<BoxStream>>;

#[derive(Default)]
struct Wires(Arc<Mutex<Ears>>);

struct Wire {
    inner: DuplexStream,
    address: SocketAddr,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buffer)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl Stream for Wire {
    fn local_addr(&self) -> SocketAddr {
        self.address
    }
    fn peer_addr(&self) -> SocketAddr {
        self.address
    }
}

struct Ear(SocketAddr, mpsc::UnboundedReceiver<BoxStream>);

impl Listener for Ear {
    fn local_addr(&self) -> SocketAddr {
        self.0
    }
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<BoxStream>> {
        self.1.poll_recv(cx).map(|stream| stream.ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}

impl Network for Wires {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<BoxStream>> {
        let (ours, theirs) = duplex(64 * 1024);
        let ear = self.0.lock().get(&to).cloned();
        Box::pin(async move {
            let theirs = Box::new(Wire { inner: theirs, address: to });
            let heard = ear.is_some_and(|ear| ear.send(theirs).is_ok());
            match heard {
                true => Ok(Box::new(Wire { inner: ours, address: to }) as BoxStream),
                false => Err(io::ErrorKind::ConnectionRefused.into()),
            }
        })
    }
    fn listen(&self, at: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Listener>>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.0.lock().insert(at, sender);
        Box::pin(async move { Ok(Box::new(Ear(at, receiver)) as Box<dyn Listener>) })
    }
    fn datagrams(&self, _: SocketAddr) -> BoxFuture<'static, io::Result<Arc<dyn Datagrams>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }
    fn resolve(&self, name: &str, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let parsed = name.parse().map(|ip| vec![SocketAddr::new(ip, port)]);
        Box::pin(async move { parsed.map_err(|_| io::ErrorKind::NotFound.into()) })
    }
}

struct NoDisk;

impl Disk for NoDisk {
    fn open(&self, _: &str, _: Open) -> io::Result<Arc<dyn BlockFile>> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn remove(&self, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn create_dir(&self, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn list(&self, _: &str) -> io::Result<Vec<String>> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn sync_dir(&self, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn lock(&self, _: &str) -> io::Result<Box<dyn FileLock>> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn job(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        work();
        Box::pin(async {})
    }
}

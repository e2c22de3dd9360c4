//! Measures this machine under the host's traits: gRPC calls per second, and what a durable
//! append costs by the way its blocking call is carried.
//!
//! `cargo run --release -p linux --example disk_jobs -- DIRECTORY`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for people")]

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../tests/loopback/echo.rs"]
mod echo;

use host::{Disk, Host, NoProbe, Open};
use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};
use wire::{
    Router,
    client::{Channel, ChannelConfig},
    server::{Limits, serve},
};

const CALLS_LAST: Duration = Duration::from_secs(3);
const APPENDS: u64 = 2000;
const APPEND_BYTES: usize = 4096;

fn main() {
    let directory = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let host = linux::host("measure", runtime.handle(), Arc::new(NoProbe));
    let work = async move {
        for callers in [1, 10, 100] {
            calls(&host, callers).await;
        }
        println!("an idle machine:");
        appends(&host, &directory).await;
        println!("a machine that serves 10 callers:");
        let busy = host.clone();
        let _load = host.spawn("measure/load", async move {
            loop {
                calls(&busy, 10).await;
            }
        });
        appends(&host, &directory).await;
    };
    runtime.block_on(runtime.spawn(work)).unwrap();
}

async fn calls(host: &Host, callers: usize) {
    let listener = host.network.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr()).parse().unwrap();
    let router = Arc::new(Router::new(host).grpc(echo::EchoServer::default()));
    let (_stopper, stop) = host::stop_pair();
    let serving = serve(host.clone(), listener, None, router, Limits::default(), stop);
    let _server = host.spawn("measure/server", serving);
    let channel = Channel::new(host, vec![endpoint], ChannelConfig::default());

    let began = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let channel = channel.clone();
            host.spawn("measure/caller", async move {
                let mut count = 0_u64;
                while began.elapsed() < CALLS_LAST {
                    echo::call(&channel, "/test.Echo/Echo", "x".repeat(64)).await.unwrap();
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap();
    }
    let rate = total as f64 / began.elapsed().as_secs_f64();
    println!("unary echo, {callers:3} callers: {rate:8.0} calls/s");
}

type Work = Arc<dyn Fn(u64) + Send + Sync>;

async fn appends(host: &Host, directory: &str) {
    carried(host, "nothing", Arc::new(|_| ())).await;
    let path = format!("{directory}/measure.tmp");
    let file = host.disk.open(&path, Open::Truncate).unwrap();
    file.allocate(APPENDS * APPEND_BYTES as u64).unwrap();
    file.sync().unwrap();
    let append = move |index| {
        file.write_at(index * APPEND_BYTES as u64, &[7; APPEND_BYTES]).unwrap();
        file.sync_data().unwrap();
    };
    carried(host, "append+fdatasync", Arc::new(append)).await;
    host.disk.remove(&path).unwrap();
}

/// The same work in place, and off the async path in the ways there are.
async fn carried(host: &Host, what: &str, work: Work) {
    let plain = (0..APPENDS).map(|index| timed(|| work(index))).collect();
    report(what, "plain", plain);
    let in_place = |index| timed(|| tokio::task::block_in_place(|| work(index)));
    report(what, "block_in_place", (0..APPENDS).map(in_place).collect());
    report(what, "disk_job", by_job(host, &work).await);
    report(what, "dedicated thread", by_thread(work).await);
}

async fn by_job(host: &Host, work: &Work) -> Vec<Duration> {
    let mut took = Vec::new();
    for index in 0..APPENDS {
        let (began, work) = (Instant::now(), work.clone());
        host.disk_job(move |_: &dyn Disk| work(index)).await;
        took.push(began.elapsed());
    }
    took
}

async fn by_thread(work: Work) -> Vec<Duration> {
    let (sender, receiver) = mpsc::channel::<(u64, tokio::sync::oneshot::Sender<()>)>();
    let thread = std::thread::spawn(move || {
        for (index, done) in receiver {
            work(index);
            done.send(()).unwrap();
        }
    });
    let mut took = Vec::new();
    for index in 0..APPENDS {
        let began = Instant::now();
        let (done, wait) = tokio::sync::oneshot::channel();
        sender.send((index, done)).unwrap();
        wait.await.unwrap();
        took.push(began.elapsed());
    }
    drop(sender);
    thread.join().unwrap();
    took
}

fn report(what: &str, how: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: f64| took[(took.len() as f64 * share) as usize].as_micros();
    let mean = took.iter().sum::<Duration>().as_micros() / took.len() as u128;
    println!("{what}, {how:16}: mean {mean} µs, p50 {} µs, p99 {} µs", at(0.5), at(0.99));
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

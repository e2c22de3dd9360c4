//! How fast the world runs: `cargo run --release -p machine --example speed`.
//!
//! Three loads: machines that only tick, pairs that echo over a stream, pairs that send datagrams.
//! Prints what each simulated minute cost in CPU time and what one step of it cost.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement for a terminal")]

use host::Host;
use machine::{Program, Time, World, WorldConfig};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PORT: u16 = 7;
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT);

fn main() {
    measure("10 pairs, 100-byte echoes", 10, echoing(10, 100));
    measure("10,000 machines, 10 ticks/s", 10, ticking(10_000, Duration::from_millis(100)));
    measure("100 pairs, 100-byte echoes", 60, echoing(100, 100));
    measure("100 pairs, 10,000-byte echoes", 60, echoing(100, 10_000));
    measure("1,000 pairs, 1,000 datagrams/s", 1, datagrams(1000));
}

/// Runs a world for so many virtual seconds.
fn measure(what: &str, seconds: u64, world: World) {
    let begin = Instant::now();
    world.run_until(Time::from(Duration::from_secs(seconds))).unwrap();
    let took = begin.elapsed();
    let (polls, events) = world.counts();
    let each = took.as_nanos() as f64 / polls as f64;
    println!(
        "{what:<34} {seconds:>3} s in {:>7.3} s: {polls:>9} polls, {events:>9} events, {each:.0} ns a poll, {:.2} M events/s, hash {}",
        took.as_secs_f64(),
        events as f64 / took.as_secs_f64() / 1e6,
        world.hash(),
    );
}

fn program<F>(run: impl Fn(Host) -> F + Send + Sync + 'static) -> Program
where
    F: Future<Output = ()> + Send + 'static,
{
    Arc::new(move |host| Box::pin(run(host)))
}

fn world() -> World {
    World::new(WorldConfig { seed: 1, ..WorldConfig::default() })
}

fn ticking(machines: usize, period: Duration) -> World {
    let world = world();
    for number in 0..machines {
        let machine = world.add_machine(&format!("machine-{number}"));
        let tick = move |host: Host| async move {
            let mut ticks = host.interval(period);
            loop {
                ticks.tick().await;
            }
        };
        world.install(machine, "tick", program(tick));
        world.start(machine, "tick");
    }
    world
}

fn echoing(pairs: usize, bytes: usize) -> World {
    let world = world();
    for number in 0..pairs {
        let server = world.add_machine(&format!("server-{number}"));
        let client = world.add_machine(&format!("client-{number}"));
        let to = SocketAddr::new(world.address(server), PORT);
        world.install(server, "echo", program(echo_server));
        world.install(client, "client", program(move |host| echo_client(host, to, bytes)));
        world.start(server, "echo");
        world.at(Time(1_000_000), move |world| {
            world.start(client, "client");
        });
    }
    world
}

async fn echo_server(host: Host) {
    let mut listener = host.network.listen(ANY).await.unwrap();
    let mut stream = host.accept(&mut *listener).await.unwrap();
    let mut buffer = vec![0; 16 << 10];
    loop {
        let size = stream.read(&mut buffer).await.unwrap();
        stream.write_all(&buffer[..size]).await.unwrap();
    }
}

async fn echo_client(host: Host, to: SocketAddr, bytes: usize) {
    let mut stream = host.connect(to, Duration::from_secs(5)).await.unwrap();
    let (message, mut answer) = (vec![1; bytes], vec![0; bytes]);
    loop {
        stream.write_all(&message).await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
    }
}

fn datagrams(pairs: usize) -> World {
    let world = world();
    for number in 0..pairs {
        let sender = world.add_machine(&format!("sender-{number}"));
        let receiver = world.add_machine(&format!("receiver-{number}"));
        let to = SocketAddr::new(world.address(receiver), PORT);
        world.install(receiver, "receive", program(receive));
        world.install(sender, "send", program(move |host| send(host, to)));
        world.start(receiver, "receive");
        world.start(sender, "send");
    }
    world
}

async fn receive(host: Host) {
    let socket = host.network.datagrams(ANY).await.unwrap();
    loop {
        std::future::poll_fn(|cx| socket.poll_receive(cx)).await.unwrap();
    }
}

async fn send(host: Host, to: SocketAddr) {
    let socket = host.network.datagrams(ANY).await.unwrap();
    let mut ticks = host.interval(Duration::from_millis(1));
    loop {
        ticks.tick().await;
        socket.send_to(to, bytes::Bytes::from_static(b"hello")).unwrap();
    }
}

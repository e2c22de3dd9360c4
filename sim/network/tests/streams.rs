//! Whatever the weather, a stream's bytes arrive whole and in order, or it breaks for both to see.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use host::Network;
use kernel::{Config, Kernel, NodeId, Stalls, Time};
use network::{Effect, Fabric, NetworkConfig, NetworkHandle, Quality, Rule, Stations};
use proptest::prelude::*;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PORT: u16 = 99;
/// By then the receiver listens, however long its first wake-up was stalled.
const LISTENING: Time = Time(1_000_000_000);

fn address(node: NodeId) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, node.0 as u8 + 1))
}

struct Pair {
    kernel: Kernel,
    fabric: Arc<Fabric>,
    nodes: [NodeId; 2],
}

impl Pair {
    fn new(seed: u64, config: NetworkConfig) -> Self {
        let kernel = Kernel::new(Config { seed, stalls: Stalls::default(), ..Config::default() });
        let fabric = Fabric::new(&kernel, config);
        let nodes = ["sender", "receiver"].map(|name| {
            let node = kernel.add_node(name);
            fabric.attach(node, address(node));
            node
        });
        Self { kernel, fabric, nodes }
    }

    fn spawn<F>(&self, index: usize, work: impl FnOnce(NetworkHandle) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let boot = self.kernel.boot(self.nodes[index], "process");
        let network = NetworkHandle::new(self.fabric.clone(), boot.clone());
        self.kernel.spawn(&boot, "main", Box::pin(work(network)));
    }
}

/// Sends the chunks one way; gives what arrived by the end of the stream.
fn transfer(pair: &Pair, chunks: Vec<Vec<u8>>, read_size: usize) -> Vec<u8> {
    let received = Arc::new(Mutex::new(None));
    let (result, to) = (received.clone(), SocketAddr::new(address(pair.nodes[1]), PORT));
    pair.spawn(1, |network| async move {
        let mut listener = network.listen(to).await.unwrap();
        let mut stream = std::future::poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        let (mut all, mut buffer) = (Vec::new(), vec![0; read_size]);
        loop {
            let size = stream.read(&mut buffer).await.unwrap();
            if size == 0 {
                break;
            }
            all.extend_from_slice(&buffer[..size]);
        }
        *result.lock().unwrap() = Some(all);
    });
    pair.kernel.run(LISTENING).unwrap();
    pair.spawn(0, |network| async move {
        let mut stream = network.connect(to).await.unwrap();
        for chunk in chunks {
            stream.write_all(&chunk).await.unwrap();
        }
        stream.shutdown().await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "the receiver closes, too");
    });
    pair.kernel.run(Time::from(Duration::from_secs(3600))).unwrap();
    let received = received.lock().unwrap().take();
    received.expect("the stream ended")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_arrive_whole_and_in_order(
        seed: u64,
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..20),
        loss in 0.0..0.4f64,
        split in 0.0..1.0f64,
        window_bytes in 1usize..5000,
        read_size in 1usize..4000,
        bytes_per_second in prop_oneof![Just(0u64), 10_000..1_000_000u64],
        outages in prop::collection::vec((0u64..3000, 1u64..5000, 0usize..4), 0..4),
    ) {
        let quality = Quality { loss, bytes_per_second, ..Quality::default() };
        let config = NetworkConfig { quality, split, window_bytes, ..NetworkConfig::default() };
        let pair = Pair::new(seed, config);
        for (from_ms, for_ms, what) in outages {
            outage(&pair, from_ms, for_ms, what);
        }
        let sent: Vec<u8> = chunks.concat();
        prop_assert_eq!(transfer(&pair, chunks, read_size), sent);
        prop_assert_eq!(pair.fabric.connections(), 0, "nothing is left of it");
        pair.kernel.shut_down();
    }
}

/// Has something go wrong between the two for a while.
fn outage(pair: &Pair, from_ms: u64, for_ms: u64, what: usize) {
    let (fabric, kernel, [a, b]) = (pair.fabric.clone(), pair.kernel.clone(), pair.nodes);
    let rule = |from, to, both_ways, effect| {
        let (from, to) = (Stations::only([from]), Stations::only([to]));
        Rule { from, to, both_ways, effect }
    };
    let rule = match what {
        0 => rule(a, b, true, Effect::Block),
        1 => rule(a, b, false, Effect::Block),
        2 => rule(b, a, false, Effect::Block),
        _ => rule(a, b, true, Effect::Clog),
    };
    let boot = kernel.boot(a, "weather");
    let (node, clock) = (a, kernel.clone());
    let work = async move {
        clock.delay(node, Duration::from_millis(from_ms)).await;
        let id = fabric.add_rule(rule);
        clock.delay(node, Duration::from_millis(for_ms)).await;
        fabric.remove_rule(id);
    };
    kernel.spawn(&boot, "outage", Box::pin(work));
}

#[test]
fn a_slow_link_takes_its_time() {
    let quality = Quality { bytes_per_second: 1000, ..Quality::default() };
    let config = NetworkConfig { quality, split: 0.0, ..NetworkConfig::default() };
    let pair = Pair::new(1, config);
    let finished = Arc::new(Mutex::new(Time::ZERO));
    let (end, kernel) = (finished.clone(), pair.kernel.clone());
    let to = SocketAddr::new(address(pair.nodes[1]), PORT);
    pair.spawn(1, |network| async move {
        let mut listener = network.listen(to).await.unwrap();
        let mut stream = std::future::poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
        stream.read_exact(&mut [0; 10_000]).await.unwrap();
        *end.lock().unwrap() = kernel.now();
    });
    pair.kernel.run(LISTENING).unwrap();
    pair.spawn(0, |network| async move {
        let mut stream = network.connect(to).await.unwrap();
        stream.write_all(&[7; 10_000]).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    pair.kernel.run(Time::MAX).unwrap();
    let seconds = finished.lock().unwrap().as_secs_f64();
    assert!((10.0..10.2).contains(&seconds), "{seconds} s for 10,000 bytes at 1,000 a second");
}

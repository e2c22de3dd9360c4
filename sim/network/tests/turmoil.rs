//! A second opinion: turmoil-net and our model agree on what equal operations show to programs.
//!
//! Two programs share one connection and take turns, far enough apart for everything to come to
//! rest in between. Each step writes, reads what there is, ends a direction, closes, or cuts the
//! network and mends it; what each step showed is compared, bytes and errors alike.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod steps;

use host::{BoxFuture, Network};
use kernel::{Config, Kernel, NodeId, Stalls, Time};
use network::{Effect, Fabric, NetworkConfig, NetworkHandle, Rule, Stations};
use proptest::prelude::*;
use std::{
    cell::RefCell,
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
    sync::{Arc, Mutex},
    time::Duration,
};
use steps::{Outcome, Party, Side, Step, Then, step};
use turmoil_net::{
    KernelConfig, Packet, RuleGuard, Verdict,
    fixture::ClientServer,
    shim::tokio::net::{TcpListener, TcpStream},
};

const PORT: u16 = 99;
/// Both wait so long before they send again.
const RETRY: Duration = Duration::from_millis(20);

fn server() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), PORT)
}

/// What a run showed, the steps of both sides in their order.
type Shown = Vec<(usize, Side, Outcome)>;

fn in_order(mut shown: Shown) -> Shown {
    shown.sort_by_key(|(number, ..)| *number);
    shown
}

fn run_ours(seed: u64, steps: &[Step]) -> Shown {
    let kernel = Kernel::new(Config { seed, stalls: Stalls::NONE, ..Config::default() });
    let config =
        NetworkConfig { retransmit_first: RETRY, retransmit_max: RETRY, ..Default::default() };
    let fabric = Fabric::new(&kernel, config);
    let nodes = ["client", "server"].map(|name| kernel.add_node(name));
    let client = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    fabric.attach(nodes[0], client);
    fabric.attach(nodes[1], server().ip());
    let shown = Arc::new(Mutex::new(Vec::new()));
    for (node, side) in nodes.into_iter().zip([Side::Client, Side::Server]) {
        let boot = kernel.boot(node, "process");
        let network = NetworkHandle::new(fabric.clone(), boot.clone());
        let party = Party::new(side, steps.to_vec(), wait_ours(&kernel, node), {
            let (fabric, nodes) = (fabric.clone(), nodes);
            move |cut| cut_ours(&fabric, nodes, cut)
        });
        let shown = shown.clone();
        let work = async move {
            let stream = match side {
                Side::Client => network.connect(server()).await.unwrap(),
                Side::Server => {
                    let mut listener = network.listen(server()).await.unwrap();
                    std::future::poll_fn(|cx| listener.poll_accept(cx)).await.unwrap()
                }
            };
            let outcomes = party.run(stream).await;
            shown.lock().unwrap().extend(outcomes);
        };
        // The server listens before the client comes.
        let delay = if side == Side::Client { Duration::from_millis(20) } else { Duration::ZERO };
        let clock = kernel.clone();
        let late = async move {
            clock.delay(node, delay).await;
            work.await;
        };
        kernel.spawn(&boot, "main", Box::pin(late));
    }
    kernel.run(Time::from(Duration::from_secs(3600))).unwrap();
    assert_eq!(fabric.connections(), 0, "nothing is left");
    kernel.shut_down();
    let shown = shown.lock().unwrap();
    in_order(shown.clone())
}

fn wait_ours(kernel: &Kernel, node: NodeId) -> impl Fn(Duration) -> BoxFuture<'static, ()> + use<> {
    let kernel = kernel.clone();
    move |time| {
        let kernel = kernel.clone();
        Box::pin(async move { kernel.delay(node, time).await })
    }
}

fn cut_ours(fabric: &Fabric, [a, b]: [NodeId; 2], cut: bool) {
    fabric.heal();
    if cut {
        let (from, to) = (Stations::only([a]), Stations::only([b]));
        fabric.add_rule(Rule { from, to, both_ways: true, effect: Effect::Block });
    }
}

fn run_theirs(steps: &[Step]) -> Shown {
    // Buffers as ours; never does it give a peer up, nor does ours in this time.
    let config = KernelConfig::default()
        .send_buf_cap(256 << 10)
        .recv_buf_cap(256 << 10)
        .retx_threshold(20)
        .retx_max(u32::MAX);
    let shown = Rc::new(RefCell::new(Vec::new()));
    let party = |side| {
        let rule: RefCell<Option<RuleGuard>> = RefCell::new(None);
        Party::new(
            side,
            steps.to_vec(),
            |time| Box::pin(tokio::time::sleep(time)) as BoxFuture<'static, ()>,
            move |cut| {
                let drop_all = |_: &Packet| Verdict::Drop;
                *rule.borrow_mut() = cut.then(|| turmoil_net::rule(drop_all));
            },
        )
    };
    let (serving, asking) = (party(Side::Server), party(Side::Client));
    let (of_server, of_client) = (shown.clone(), shown.clone());
    let ended = Rc::new(tokio::sync::Notify::new());
    let end = ended.clone();
    ClientServer::with_config(config)
        .server(server().ip(), async move {
            let listener = TcpListener::bind(("0.0.0.0", PORT)).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            let outcomes = serving.run(stream).await;
            of_server.borrow_mut().extend(outcomes);
            end.notify_one();
        })
        .run("10.0.0.1", async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let stream = TcpStream::connect(server()).await.unwrap();
            let outcomes = asking.run(stream).await;
            of_client.borrow_mut().extend(outcomes);
            ended.notified().await;
        });
    in_order(shown.take())
}

/// Compares step by step, each side up to its first error: Linux and our model tell an error once,
/// then show an end to readers and a broken pipe to writers; turmoil-net 0.1.0 tells it every time.
fn agree(ours: &Shown, theirs: &Shown) -> bool {
    let mut broken = [false; 2];
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|((number, side, ours), (same, _, theirs))| {
            let before = broken[*side as usize];
            broken[*side as usize] |= theirs.is_error();
            number == same && (before || ours == theirs || allowed(ours, theirs))
        })
}

/// What Linux shows of a reset, where turmoil-net 0.1.0 shows nothing else: bytes that came before it
/// are read first; when the peer's end came before it, a reader meets that (SOCK_DONE in
/// tcp_recvmsg), and a writer a broken pipe (TCP_CLOSE_WAIT in tcp_reset).
fn allowed(ours: &Outcome, theirs: &Outcome) -> bool {
    let reset = ErrorKind::ConnectionReset;
    match (ours, theirs) {
        (Outcome::Read(ours, then), Outcome::Read(theirs, Then::Failed(kind))) => {
            let known = matches!(then, Then::End | Then::Failed(ErrorKind::ConnectionReset));
            known && *kind == reset && ours.starts_with(theirs)
        }
        (Outcome::Wrote(Err(ours)), Outcome::Wrote(Err(theirs))) => {
            *ours == ErrorKind::BrokenPipe && *theirs == reset
        }
        _ => false,
    }
}

/// Leaves out what the two mean differently: turmoil-net 0.1.0 swallows what comes to a socket that
/// its program has closed, where Linux and our model answer with a reset.
fn comparable(steps: Vec<Step>) -> Vec<Step> {
    let (mut closed, mut on_its_way, mut is_cut) = ([false; 2], [false; 2], false);
    let kept = steps.into_iter().filter(|step| match step {
        Step::Cut(cut) => {
            is_cut = *cut;
            on_its_way = [on_its_way[0] && is_cut, on_its_way[1] && is_cut];
            true
        }
        Step::Write(side, _) => {
            on_its_way[*side as usize] |= is_cut;
            !closed[side.other() as usize]
        }
        Step::Close(side) => {
            let close = !on_its_way[side.other() as usize];
            closed[*side as usize] |= close;
            close
        }
        Step::Read(_) | Step::Shutdown(_) => true,
    });
    kept.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn both_models_agree(seed: u64, steps in proptest::collection::vec(step(), 1..20)) {
        let steps = comparable(steps);
        let (ours, theirs) = (run_ours(seed, &steps), run_theirs(&steps));
        prop_assert!(agree(&ours, &theirs), "{:?}\n{:?}\n{:?}", steps, ours, theirs);
    }
}

//! What programs notice of TCP, UDP and names.

use crate::programs::{Diary, PORT, door, echo_server, everywhere, run, seconds, world};
use bytes::Bytes;
use host::{Host, event};
use machine::{Crash, Effect, MachineId, Rule, Stations, World};
use std::{io::ErrorKind, net::SocketAddr, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Connects and tells how that went.
async fn knock(host: Host, to: SocketAddr) {
    match host.network.connect(to).await {
        Ok(_) => event!(host, Info, "open"),
        Err(error) => event!(host, Info, "shut", kind = &error.kind().to_string()),
    }
}

fn two(seed: u64) -> (World, MachineId, MachineId) {
    let world = world(seed);
    let (a, b) = (world.add_machine("a"), world.add_machine("b"));
    (world, a, b)
}

#[test]
fn a_machine_without_a_listener_refuses() {
    let (world, a, b) = two(1);
    let (diary, to) = (Diary::of(&world), door(&world, b));
    run(&world, a, "knock", move |host| knock(host, to));
    world.run_until(seconds(1)).unwrap();
    assert!(diary.has("a: shut kind=connection refused"), "{:?}", diary.lines());
}

#[test]
fn a_machine_without_power_does_not_answer() {
    let (world, a, b) = two(1);
    let (diary, to) = (Diary::of(&world), door(&world, b));
    world.power_off(b);
    run(&world, a, "knock", move |host| knock(host, to));
    world.run_until(seconds(200)).unwrap();
    assert_eq!(diary.times("a: shut kind=timed out"), [seconds(127)]);
}

#[test]
fn an_address_of_nobody_is_unreachable() {
    let (world, a, _) = two(1);
    let diary = Diary::of(&world);
    run(&world, a, "knock", |host| knock(host, "10.9.9.9:1".parse().unwrap()));
    world.run_until(seconds(10)).unwrap();
    assert_eq!(diary.times("a: shut kind=host unreachable"), [seconds(3)]);
}

#[test]
fn a_connect_gets_through_when_the_partition_heals() {
    let (world, a, b) = two(1);
    let (diary, to) = (Diary::of(&world), door(&world, b));
    world.install(b, "echo", echo_server());
    world.start(b, "echo");
    let rule = world.network().partition(Stations::only([a]), Stations::only([b]));
    run(&world, a, "knock", move |host| knock(host, to));
    world.at(seconds(2), move |world| world.network().remove_rule(rule));
    world.run_until(seconds(10)).unwrap();
    // Asked at 0, 1 and 3 s.
    let opened = diary.times("a: open")[0];
    assert!(opened > seconds(3) && opened < seconds(4), "{opened}");
}

/// Writes a byte every second until that fails, then tells how.
async fn talk(host: Host, to: SocketAddr) {
    let mut stream = host.connect(to, Duration::from_secs(5)).await.unwrap();
    loop {
        if let Err(error) = stream.write_all(b"x").await {
            return event!(host, Info, "cut", kind = &error.kind().to_string());
        }
        host.sleep(Duration::from_secs(1)).await;
    }
}

/// Accepts one connection and never reads from it.
async fn ignore(host: Host) {
    let mut listener = host.network.listen(everywhere(PORT)).await.unwrap();
    let _stream = host.accept(&mut *listener).await.unwrap();
    std::future::pending::<()>().await;
}

#[test]
fn a_killed_process_resets_its_peers() {
    let (world, a, b) = two(1);
    let (diary, to) = (Diary::of(&world), door(&world, b));
    run(&world, b, "ignore", ignore);
    world.at(seconds(1), move |world| run(world, a, "talk", move |host| talk(host, to)));
    world.at(seconds(5), move |world| assert!(world.kill(b, "ignore")));
    world.run_until(seconds(20)).unwrap();
    let cut = diary.times("a: cut kind=connection reset")[0];
    assert!(cut >= seconds(5) && cut < seconds(8), "{cut}");
}

#[test]
fn a_peer_without_power_is_silent_until_it_is_back_and_then_resets() {
    let (world, a, b) = two(1);
    let (diary, to) = (Diary::of(&world), door(&world, b));
    run(&world, b, "ignore", ignore);
    world.at(seconds(1), move |world| run(world, a, "talk", move |host| talk(host, to)));
    world.at(seconds(5), move |world| assert!(world.power_off(b)));
    world.at(seconds(60), move |world| assert!(world.power_on(b)));
    world.run_until(seconds(59)).unwrap();
    assert!(!diary.lines().iter().any(|line| line.contains("cut")), "half open");
    world.run_until(seconds(180)).unwrap();
    assert!(diary.times("a: cut kind=connection reset")[0] > seconds(60));
}

#[test]
fn retransmission_gives_up_on_a_peer_that_stays_silent() {
    let (world, a, b) = two(1);
    let (diary, to) = (Diary::of(&world), door(&world, b));
    run(&world, b, "ignore", ignore);
    world.at(seconds(1), move |world| run(world, a, "talk", move |host| talk(host, to)));
    world.at(seconds(5), move |world| assert!(world.power_off(b)));
    world.run_until(seconds(2000)).unwrap();
    let cut = diary.times("a: cut kind=timed out")[0];
    assert!(cut > seconds(900) && cut < seconds(910), "{cut}");
}

#[test]
fn a_writer_waits_for_a_slow_reader() {
    let (world, a, b) = two(1);
    let (diary, to) = (Diary::of(&world), door(&world, b));
    run(&world, b, "sink", |host| async move {
        let mut listener = host.network.listen(everywhere(PORT)).await.unwrap();
        let mut stream = host.accept(&mut *listener).await.unwrap();
        host.sleep(Duration::from_secs(100)).await;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        event!(host, Info, "read", bytes = all.len());
    });
    run(&world, a, "source", move |host| async move {
        host.sleep(Duration::from_secs(1)).await;
        let mut stream = host.connect(to, Duration::from_secs(5)).await.unwrap();
        stream.write_all(&vec![1; 1 << 20]).await.unwrap();
        event!(host, Info, "written");
    });
    world.run_until(seconds(200)).unwrap();
    assert!(diary.times("a: written")[0] > seconds(100), "a megabyte does not fit the window");
    assert!(diary.has("b: read bytes=1048576"), "{:?}", diary.lines());
}

#[test]
fn a_stream_can_be_closed_one_way() {
    let (world, a, b) = two(1);
    let (diary, to) = (Diary::of(&world), door(&world, b));
    run(&world, b, "count", |host| async move {
        let mut listener = host.network.listen(everywhere(PORT)).await.unwrap();
        let mut stream = host.accept(&mut *listener).await.unwrap();
        let mut question = Vec::new();
        stream.read_to_end(&mut question).await.unwrap();
        stream.write_all(&[question.len() as u8]).await.unwrap();
    });
    run(&world, a, "ask", move |host| async move {
        host.sleep(Duration::from_secs(1)).await;
        let mut stream = host.connect(to, Duration::from_secs(5)).await.unwrap();
        stream.write_all(b"12345").await.unwrap();
        stream.shutdown().await.unwrap();
        let error = stream.write_all(b"6").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        event!(host, Info, "answer", first = answer[0]);
    });
    world.run_until(seconds(5)).unwrap();
    assert!(diary.has("a: answer first=5"), "{:?}", diary.lines());
}

#[test]
fn loopback_and_port_zero_work_and_a_port_is_bound_once() {
    let (world, a, _) = two(1);
    let diary = Diary::of(&world);
    run(&world, a, "self", |host| async move {
        let any = everywhere(0);
        let mut listener = host.network.listen(any).await.unwrap();
        let port = listener.local_addr().port();
        let taken = host.network.listen(everywhere(port)).await.err().map(|error| error.kind());
        assert_eq!(taken, Some(ErrorKind::AddrInUse));
        let foreign = host.network.listen("10.9.9.9:80".parse().unwrap()).await.err();
        assert_eq!(foreign.unwrap().kind(), ErrorKind::AddrNotAvailable);
        let to = SocketAddr::new("127.0.0.1".parse().unwrap(), port);
        let mut out = host.connect(to, Duration::from_secs(1)).await.unwrap();
        let mut inward = host.accept(&mut *listener).await.unwrap();
        assert_eq!(inward.peer_addr(), out.local_addr());
        out.write_all(b"me").await.unwrap();
        inward.read_exact(&mut [0; 2]).await.unwrap();
        event!(host, Info, "met myself");
    });
    world.run_until(seconds(2)).unwrap();
    assert!(diary.has("a: met myself"), "{:?}", diary.lines());
}

#[test]
fn datagrams_are_lost_and_doubled_and_reordered() {
    let (world, a, b) = two(1);
    let (diary, to) = (Diary::of(&world), door(&world, b));
    for effect in [Effect::Lose(0.2), Effect::Duplicate(0.2), Effect::Reorder(0.2)] {
        let rule = Rule { from: Stations::All, to: Stations::All, both_ways: false, effect };
        world.network().add_rule(rule);
    }
    run(&world, b, "receive", |host| async move {
        let socket = host.network.datagrams(everywhere(PORT)).await.unwrap();
        loop {
            let (_, payload) = std::future::poll_fn(|cx| socket.poll_receive(cx)).await.unwrap();
            event!(host, Info, "got", number = payload[0]);
        }
    });
    run(&world, a, "send", move |host| async move {
        let socket = host.network.datagrams(everywhere(0)).await.unwrap();
        host.sleep(Duration::from_secs(1)).await;
        for number in 0..200 {
            socket.send_to(to, Bytes::from(vec![number])).unwrap();
            host.sleep(Duration::from_micros(100)).await;
        }
    });
    world.run_until(seconds(5)).unwrap();
    let got: Vec<String> = diary.lines().into_iter().filter(|it| it.contains("got")).collect();
    let mut distinct = got.clone();
    distinct.sort();
    distinct.dedup();
    assert!((120..190).contains(&distinct.len()), "{} of 200 arrived", distinct.len());
    assert!(got.len() > distinct.len() + 10, "some twice");
    let numbers: Vec<u32> =
        got.iter().map(|line| line.rsplit('=').next().unwrap().parse().unwrap()).collect();
    assert!(!numbers.is_sorted(), "some overtaken");
}

#[test]
fn names_resolve_and_fail_in_both_ways() {
    let (world, a, b) = two(1);
    let diary = Diary::of(&world);
    let fail = |from, to, effect| {
        let rule = Rule { from: Stations::only([a]), to: Stations::All, both_ways: false, effect };
        world.at(from, move |world| {
            let id = world.network().add_rule(rule);
            world.at(to, move |world| world.network().remove_rule(id));
        });
    };
    fail(seconds(10), seconds(20), Effect::NameNotFound);
    fail(seconds(20), seconds(25), Effect::NameTimeOut);
    run(&world, a, "ask", |host| async move {
        for _ in 0..4 {
            match host.network.resolve("b", 5).await {
                Ok(addresses) => event!(host, Info, "is", ip = &addresses[0].to_string()),
                Err(error) => event!(host, Info, "is not", kind = &error.kind().to_string()),
            }
            host.sleep(Duration::from_secs(11)).await;
        }
    });
    world.run_until(seconds(60)).unwrap();
    let lines = diary.lines();
    let answers: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("a: is")).collect();
    let there = format!(" ip={}:5", world.address(b));
    assert_eq!(answers, [&there, " not kind=entity not found", " not kind=timed out", &there]);
}

#[test]
fn a_virtual_address_moves_and_its_old_connections_are_reset() {
    let (world, a, b) = two(1);
    let c = world.add_machine("c");
    let diary = Diary::of(&world);
    let shared = "10.96.0.1".parse().unwrap();
    let to = SocketAddr::new(shared, PORT);
    world.network().add_address(b, shared);
    for machine in [b, c] {
        world.install(machine, "echo", echo_server());
        world.start(machine, "echo");
    }
    world.at(seconds(1), move |world| run(world, a, "talk", move |host| talk(host, to)));
    world.at(seconds(5), move |world| world.network().add_address(c, shared));
    world.at(seconds(15), move |world| run(world, a, "knock", move |host| knock(host, to)));
    world.run_until(seconds(30)).unwrap();
    assert!(diary.has("a: cut kind=connection reset"), "{:?}", diary.lines());
    assert!(diary.has("a: open"), "{:?}", diary.lines());
}

#[test]
fn what_waits_at_a_listener_is_reset_when_its_process_dies() {
    let (world, a, b) = two(1);
    let (diary, to) = (Diary::of(&world), door(&world, b));
    run(&world, b, "deaf", |host| async move {
        let _listener = host.network.listen(everywhere(PORT)).await.unwrap();
        std::future::pending::<()>().await;
    });
    run(&world, a, "wait", move |host| async move {
        host.sleep(Duration::from_secs(1)).await;
        let mut stream = host.connect(to, Duration::from_secs(1)).await.unwrap();
        let error = stream.read(&mut [0]).await.unwrap_err();
        event!(host, Info, "cut", kind = &error.kind().to_string());
    });
    world.at(seconds(3), move |world| assert!(world.kill(b, "deaf")));
    world.run_until(seconds(5)).unwrap();
    assert!(diary.has("a: cut kind=connection reset"), "{:?}", diary.lines());
}

#[test]
fn closing_with_data_unread_resets_the_peer() {
    let (world, a, b) = two(1);
    let (diary, to) = (Diary::of(&world), door(&world, b));
    run(&world, b, "rude", |host| async move {
        let mut listener = host.network.listen(everywhere(PORT)).await.unwrap();
        let stream = host.accept(&mut *listener).await.unwrap();
        host.sleep(Duration::from_secs(1)).await;
        drop(stream);
        std::future::pending::<()>().await;
    });
    run(&world, a, "speaker", move |host| async move {
        host.sleep(Duration::from_secs(1)).await;
        let mut stream = host.connect(to, Duration::from_secs(1)).await.unwrap();
        stream.write_all(b"hello").await.unwrap();
        let error = stream.read(&mut [0]).await.unwrap_err();
        event!(host, Info, "cut", kind = &error.kind().to_string());
    });
    world.run_until(seconds(5)).unwrap();
    assert!(diary.has("a: cut kind=connection reset"), "{:?}", diary.lines());
}

#[test]
fn what_was_sent_just_before_the_power_failed_arrives() {
    let (world, a, b) = two(1);
    let (diary, to) = (Diary::of(&world), door(&world, b));
    world.crash_at_point(b, "sent", 1, Crash::Power);
    run(&world, b, "last words", |host| async move {
        let mut listener = host.network.listen(everywhere(PORT)).await.unwrap();
        let mut stream = host.accept(&mut *listener).await.unwrap();
        stream.write_all(b"bye").await.unwrap();
        host.point("sent");
    });
    run(&world, a, "listener", move |host| async move {
        host.sleep(Duration::from_secs(1)).await;
        let mut stream = host.connect(to, Duration::from_secs(1)).await.unwrap();
        stream.read_exact(&mut [0; 3]).await.unwrap();
        event!(host, Info, "heard");
        drop(stream.read(&mut [0]).await);
        event!(host, Info, "noticed");
    });
    world.run_until(seconds(1000)).unwrap();
    assert!(!world.is_powered(b));
    assert!(diary.has("a: heard") && !diary.has("a: noticed"), "{:?}", diary.lines());
}

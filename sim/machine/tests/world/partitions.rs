//! Partitions, one way and both, and clogs, on streams that are already open.

use crate::programs::{
    Diary, PORT, door, echo_client, echo_server, everywhere, run, seconds, world,
};
use host::event;
use machine::{Effect, MachineId, Rule, Stations, Time, World};
use std::sync::Arc;

/// A client that echoes every 10 ms for some seconds, cut by `rule` from second one to three.
fn echoed_under(rule: impl FnOnce(MachineId, MachineId) -> Rule) -> (World, Arc<Diary>, Vec<Time>) {
    let world = world(3);
    let diary = Diary::of(&world);
    let (server, client) = (world.add_machine("server"), world.add_machine("client"));
    world.install(server, "echo", echo_server());
    world.install(client, "client", echo_client("server", 300));
    world.start(server, "echo");
    world.at(Time(1_000_000), move |world| assert!(world.start(client, "client")));
    let rule = rule(server, client);
    world.at(seconds(1), move |world| {
        let id = world.network().add_rule(rule);
        world.at(seconds(3), move |world| world.network().remove_rule(id));
    });
    world.run_until(seconds(30)).unwrap();
    let times = (0..300).map(|round| diary.times(&format!("client: echoed round={round}"))[0]);
    let times = times.collect();
    (world, diary, times)
}

fn rule(from: MachineId, to: MachineId, both_ways: bool, effect: Effect) -> Rule {
    Rule { from: Stations::only([from]), to: Stations::only([to]), both_ways, effect }
}

/// The longest time between two echoes, in milliseconds, and when it ended.
fn gap(times: &[Time]) -> (u128, Time) {
    let gaps = times.windows(2).map(|pair| (pair[1].since(pair[0]).as_millis(), pair[1]));
    gaps.max().unwrap()
}

#[test]
fn a_stream_survives_a_partition_and_goes_on_at_the_next_retransmission() {
    let (_, diary, times) =
        echoed_under(|server, client| rule(server, client, true, Effect::Block));
    assert!(diary.has("client: exited client"));
    // Retransmitted 0.2, 0.6, 1.4 and 3.0 s after the first loss: the last gets through.
    let (millis, end) = gap(&times);
    assert!((2900..3300).contains(&millis), "{millis} ms until {end}");
}

#[test]
fn a_partition_of_one_direction_stops_the_conversation_too() {
    for (from_server, seed) in [(true, 0), (false, 1)] {
        let (_, _, times) = echoed_under(|server, client| {
            let (from, to) = if from_server { (server, client) } else { (client, server) };
            rule(from, to, false, Effect::Block)
        });
        let (millis, end) = gap(&times);
        assert!((1900..4000).contains(&millis), "case {seed}: {millis} ms until {end}");
    }
}

#[test]
fn a_clog_delivers_as_soon_as_it_is_lifted() {
    let (_, _, times) = echoed_under(|server, client| rule(server, client, true, Effect::Clog));
    let (millis, end) = gap(&times);
    assert!((1950..2100).contains(&millis), "{millis} ms until {end}");
}

#[test]
fn lifting_one_partition_leaves_another_that_covers_the_same_link() {
    let world = world(3);
    let (a, b) = (world.add_machine("a"), world.add_machine("b"));
    let diary = Diary::of(&world);
    world.install(a, "echo", echo_server());
    world.install(b, "client", echo_client("a", 1));
    let first = world.network().partition(Stations::only([a]), Stations::All);
    let second = world.network().partition(Stations::only([b]), Stations::All);
    world.network().remove_rule(first);
    world.start(a, "echo");
    world.start(b, "client");
    world.at(Time(300_000_000), move |world| world.network().remove_rule(second));
    world.run_until(seconds(5)).unwrap();
    // The client allows one second; its second request leaves at that very second.
    assert!(!diary.has("b: echoed round=0"), "{:?}", diary.lines());
}

#[test]
fn a_consent_that_is_lost_is_asked_for_again_and_granted_once() {
    let world = world(3);
    let (server, client) = (world.add_machine("server"), world.add_machine("client"));
    let diary = Diary::of(&world);
    run(&world, server, "count", |host| async move {
        let mut listener = host.network.listen(everywhere(PORT)).await.unwrap();
        let mut held = Vec::new();
        loop {
            held.push(host.accept(&mut *listener).await.unwrap());
            event!(host, Info, "accepted");
        }
    });
    let lost = world.network().add_rule(rule(server, client, false, Effect::Block));
    let to = door(&world, server);
    world.at(Time(1_000_000), move |world| {
        run(world, client, "knock", move |host| async move {
            let _stream = host.network.connect(to).await.unwrap();
            event!(host, Info, "open");
            std::future::pending::<()>().await;
        });
    });
    world.at(seconds(2), move |world| world.network().remove_rule(lost));
    world.run_until(seconds(10)).unwrap();
    assert!(diary.times("client: open")[0] > seconds(3), "{:?}", diary.lines());
    assert_eq!(diary.times("server: accepted").len(), 1);
}

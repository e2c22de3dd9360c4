//! Two machines, a stream, a verdict and a hash that are the same wherever the seed is run.

use crate::programs::{Diary, echo_client, echo_server, world};
use machine::{Time, TraceHash};
use std::{thread, time::Duration};

const ROUNDS: u64 = 50;

/// How many rounds were echoed, and the hash.
fn echo(seed: u64) -> (usize, TraceHash) {
    let world = world(seed);
    let diary = Diary::of(&world);
    let (server, client) = (world.add_machine("server"), world.add_machine("client"));
    world.install(server, "echo", echo_server());
    world.install(client, "client", echo_client("server", ROUNDS));
    world.start(server, "echo");
    world.at(Time::from(Duration::from_millis(5)), move |world| {
        assert!(world.start(client, "client"));
    });
    world.run_until(Time::from(Duration::from_secs(5))).unwrap();
    assert!(diary.has("client: exited client"), "{:#?}", diary.lines());
    let echoed = diary.lines().iter().filter(|line| line.contains("echoed")).count();
    (echoed, world.hash())
}

#[test]
fn a_seed_gives_the_same_run_twice_and_another_seed_another() {
    let first = echo(1);
    assert_eq!(first.0 as u64, ROUNDS);
    assert_eq!(first, echo(1));
    assert_ne!(first.1, echo(2).1);
}

#[test]
fn a_world_may_be_moved_between_threads_while_it_stands_still() {
    let world = world(1);
    let diary = Diary::of(&world);
    let (server, client) = (world.add_machine("server"), world.add_machine("client"));
    world.install(server, "echo", echo_server());
    world.install(client, "client", echo_client("server", ROUNDS));
    world.start(server, "echo");
    world.run_for(Duration::from_millis(5)).unwrap();
    let world = thread::spawn(move || {
        world.start(client, "client");
        world.run_for(Duration::from_millis(200)).unwrap();
        world
    });
    let world = world.join().unwrap();
    world.run_for(Duration::from_secs(5)).unwrap();
    assert!(diary.has("client: exited client"), "{:#?}", diary.lines());
}

#[test]
fn a_seed_gives_the_same_run_on_any_thread() {
    let here: Vec<_> = (0..8).map(echo).collect();
    let threads: Vec<_> = (0..8).map(|seed| thread::spawn(move || echo(seed))).collect();
    let there: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(here, there);
}

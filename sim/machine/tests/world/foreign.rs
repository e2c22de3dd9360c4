//! A foreign executor polls a program of its own, and the world serves it.

use crate::programs::{Diary, echo_client, echo_server, world};
use machine::{Time, TraceHash};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// The simplest foreign waker: a flag.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs the echo client outside, the server inside; gives the rounds echoed and the hash.
fn echo_from_outside(seed: u64) -> (usize, TraceHash) {
    let world = world(seed);
    let diary = Diary::of(&world);
    let (server, client) = (world.add_machine("server"), world.add_machine("client"));
    world.install(server, "echo", echo_server());
    world.start(server, "echo");
    world.pump(Time(10_000_000)).unwrap();
    let mut guest = echo_client("server", 20)(world.external_host(client, "guest"));
    let flag = Arc::new(Flag::default());
    let waker = Waker::from(flag.clone());
    let mut now = world.now();
    while guest.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
        loop {
            let next = world.pump(now).unwrap();
            if flag.0.swap(false, Ordering::Relaxed) {
                break;
            }
            now = next.expect("the guest waits for something");
        }
    }
    drop(guest);
    let echoed = diary.lines().iter().filter(|line| line.contains("echoed")).count();
    (echoed, world.hash())
}

#[test]
fn a_foreign_executor_can_drive_the_world() {
    let run = echo_from_outside(1);
    assert_eq!(run.0, 20);
    assert_eq!(run, echo_from_outside(1));
}

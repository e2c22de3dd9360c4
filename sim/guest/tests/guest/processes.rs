//! How a guest's processes live and end.

use crate::guest;
use guest::Trouble;
use machine::Program;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Counts seconds, half of them by tokio's clock and in a task of tokio's host.
fn counter(count: &Arc<AtomicU32>) -> Program {
    let count = count.clone();
    Arc::new(move |host| {
        let count = count.clone();
        Box::pin(async move {
            let work = host.clone();
            let task = host.spawn("counter", async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    work.sleep(Duration::from_millis(500)).await;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
            task.await.unwrap();
        })
    })
}

#[test]
fn a_killed_process_stops_and_can_be_started_again() {
    let guest = guest(1);
    let machine = guest.world().add_machine("node");
    let count = Arc::new(AtomicU32::new(0));
    assert!(guest.start(machine, "counter", &counter(&count)));
    guest.run_for(Duration::from_millis(3_100)).unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 3);
    guest.world().kill(machine, "counter");
    guest.run_for(Duration::from_secs(5)).unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 3);
    assert_eq!(Arc::strong_count(&count), 1, "its memory is gone");
    guest.start(machine, "counter", &counter(&count));
    guest.run_for(Duration::from_millis(1_100)).unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 4);
    guest.world().power_off(machine);
    guest.run_for(Duration::from_secs(5)).unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 4);
    assert!(!guest.start(machine, "counter", &counter(&count)), "the machine is off");
}

#[test]
fn a_panic_is_reported_with_its_place() {
    let guest = guest(1);
    let machine = guest.world().add_machine("node");
    let program: Program = Arc::new(|_| Box::pin(async { panic!("as planned") }));
    guest.start(machine, "doomed", &program);
    let why = guest.run_for(Duration::from_secs(1)).unwrap_err();
    let Trouble::Panicked { process, message, .. } = &why else { panic!("{why}") };
    assert_eq!(process, "doomed");
    assert!(message.contains("as planned") && message.contains("processes.rs"), "{message}");
    assert!(!guest.world().is_running(machine, "doomed"));
}

#[test]
fn both_clocks_are_one() {
    let guest = guest(1);
    let machine = guest.world().add_machine("node");
    let program: Program = Arc::new(|host| {
        Box::pin(async move {
            let (theirs, ours) = (tokio::time::Instant::now(), host.now());
            tokio::time::sleep(Duration::from_millis(7)).await;
            assert_eq!(host.now() - ours, theirs.elapsed());
            host.sleep(Duration::from_micros(1_500)).await;
            assert_eq!(host.now() - ours, theirs.elapsed());
            assert_eq!(theirs.elapsed(), Duration::from_millis(9), "whole milliseconds");
        })
    });
    guest.start(machine, "clocks", &program);
    guest.run_for(Duration::from_secs(1)).unwrap();
    assert!(!guest.world().is_running(machine, "clocks"));
}

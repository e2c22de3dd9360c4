//! Clocks that drift, jump, freeze, and start anew.

use crate::programs::{Diary, run, seconds, world};
use host::{Host, event};
use machine::{MachineId, Time, World};
use std::{sync::Arc, time::Duration};

/// A machine that ticks every second of its own.
fn ticking() -> (World, MachineId, Arc<Diary>) {
    let world = world(5);
    let diary = Diary::of(&world);
    let a = world.add_machine("a");
    run(&world, a, "ticker", |host: Host| async move {
        let mut ticks = host.interval(Duration::from_secs(1));
        loop {
            ticks.tick().await;
            event!(host, Info, "tick");
        }
    });
    (world, a, diary)
}

fn ticks(diary: &Diary) -> usize {
    diary.times("a: tick").len()
}

#[test]
fn a_fast_clock_ticks_more_often() {
    let (world, a, diary) = ticking();
    world.set_clock_drift(a, 500_000_000);
    world.run_until(seconds(100)).unwrap();
    assert!((145..=150).contains(&ticks(&diary)), "{}", ticks(&diary));
}

#[test]
fn a_change_of_rate_reaches_sleeps_that_have_begun() {
    let world = world(1);
    let diary = Diary::of(&world);
    let a = world.add_machine("a");
    run(&world, a, "sleeper", |host| async move {
        host.sleep(Duration::from_secs(100)).await;
        event!(host, Info, "awake");
    });
    world.at(seconds(50), move |world| world.set_clock_drift(a, 1_000_000_000));
    world.run_until(seconds(200)).unwrap();
    let awake = diary.times("a: awake")[0];
    assert!(awake >= seconds(75) && awake < Time(75_100_000_000), "{awake}");
}

#[test]
fn a_frozen_clock_stops_timers_until_it_is_corrected() {
    let (world, a, diary) = ticking();
    world.at(Time(10_500_000_000), move |world| world.freeze_clock(a));
    world.at(seconds(60), move |world| world.correct_clock(a));
    world.run_until(seconds(60)).unwrap();
    assert_eq!(ticks(&diary), 10);
    world.run_until(Time(70_400_000_000)).unwrap();
    assert_eq!(ticks(&diary), 20);
}

#[test]
fn a_wall_clock_jumps_and_the_monotonic_one_does_not_notice() {
    let (world, a, diary) = ticking();
    world.run_until(seconds(10)).unwrap();
    let (monotonic, wall) = world.clock(a);
    world.jump_clock(a, false, Duration::from_secs(3600));
    assert_eq!(world.clock(a).0, monotonic);
    assert_eq!(wall.seconds() - world.clock(a).1.seconds(), 3600);
    world.run_until(seconds(20)).unwrap();
    assert!((19..=20).contains(&ticks(&diary)));
}

#[test]
fn two_machines_have_different_origins_and_a_power_cycle_picks_another() {
    let world = world(1);
    let (a, b) = (world.add_machine("a"), world.add_machine("b"));
    assert_ne!(world.clock(a).0, world.clock(b).0);
    assert_eq!(world.clock(a).1, world.clock(b).1, "wall time is right everywhere");
    let before = world.clock(a).0;
    world.power_cycle(a);
    assert_ne!(world.clock(a).0, before);
}

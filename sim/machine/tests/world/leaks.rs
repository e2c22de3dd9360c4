//! Code that goes round its host is given virtual time and seeded chance, and is counted.

use crate::programs::{run, seconds, world};
use kernel::interpose;
use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// What leaking code saw in a world run on a thread of its own, and how often it was caught.
fn leak(seed: u64) -> (u64, u64, u64, interpose::Leaks) {
    let world = world(seed);
    let a = world.add_machine("a");
    let seen = Arc::new(Mutex::new((0, 0, 0)));
    let result = seen.clone();
    run(&world, a, "leaker", move |host| {
        let seen = seen.clone();
        async move {
            let start = Instant::now();
            host.sleep(Duration::from_secs(5)).await;
            let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let hash = RandomState::new().hash_one(7);
            *seen.lock().unwrap() = (start.elapsed().as_secs(), wall, hash);
        }
    });
    world.run_until(seconds(10)).unwrap();
    let (elapsed, wall, hash) = *result.lock().unwrap();
    (elapsed, wall, hash, world.kernel().leaks())
}

#[test]
fn leaks_are_deterministic_and_counted() {
    assert!(interpose::is_armed());
    let run = |seed| thread::spawn(move || leak(seed)).join().unwrap();
    let (elapsed, wall, hash, leaks) = run(1);
    assert_eq!(elapsed, 5, "virtual seconds");
    assert_eq!(wall, 1_767_225_605, "the beginning of 2026 and five seconds");
    assert_eq!(leaks.time, 3);
    assert_eq!(leaks.random, 0, "the table's keys were drawn with the world");
    assert_eq!(run(1).2, hash);
    assert_ne!(run(2).2, hash);
}

#[test]
fn hash_tables_made_beside_a_world_are_ordered_by_its_seed_too() {
    let hash = |seed| {
        let outside = move || {
            let world = world(seed);
            let hash = RandomState::new().hash_one(7);
            drop(world);
            hash
        };
        thread::spawn(outside).join().unwrap()
    };
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

#[test]
fn outside_a_world_time_is_real() {
    let begin = Instant::now();
    thread::sleep(Duration::from_millis(2));
    assert!(begin.elapsed() >= Duration::from_millis(2));
    assert!(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() > 1_767_225_600);
}

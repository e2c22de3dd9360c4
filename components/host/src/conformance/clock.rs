//! Promises about time.

use super::Ground;
use crate::{Elapsed, Instant};
use std::{
    future::{pending, ready},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(3600);

pub(super) async fn a_sleep_ends_at_its_deadline_and_never_before(ground: Ground) {
    let host = ground.host;
    let deadline = host.now() + SHORT;
    host.clock.sleep_until(deadline).await;
    assert!(host.now() >= deadline, "woke {:?} early", deadline.since(host.now()));
    // A deadline that has passed, and the machine's oldest, are over at once.
    host.clock.sleep_until(deadline).await;
    host.clock.sleep_until(Instant(0)).await;
}

pub(super) async fn a_sleep_can_be_moved_also_after_it_ended(ground: Ground) {
    let host = ground.host;
    let mut sleep = host.sleep(LONG);
    for _ in 0..2 {
        let deadline = host.now() + SHORT;
        sleep.as_mut().reset(deadline);
        sleep.as_mut().await;
        assert!(host.now() >= deadline && host.now().since(deadline) < LONG);
    }
}

/// Notes that it was dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub(super) async fn a_timeout_drops_what_it_waited_for(ground: Ground) {
    let dropped = Arc::new(AtomicBool::new(false));
    let held = Dropped(dropped.clone());
    let work = async move {
        let _held = held;
        pending::<()>().await;
    };
    let began = ground.host.now();
    assert_eq!(ground.host.timeout(SHORT, work).await, Err(Elapsed));
    assert!(ground.host.now().since(began) >= SHORT);
    assert!(dropped.load(Ordering::SeqCst));
}

pub(super) async fn a_result_that_is_there_beats_the_limit(ground: Ground) {
    assert_eq!(ground.host.timeout(Duration::ZERO, ready(7)).await, Ok(7));
    assert_eq!(ground.host.timeout(Duration::MAX, ready(7)).await, Ok(7));
}

pub(super) async fn an_interval_ticks_on(ground: Ground) {
    let host = ground.host;
    let began = host.now();
    let mut interval = host.interval(SHORT);
    for count in 1..=3 {
        interval.tick().await;
        assert!(host.now().since(began) >= SHORT * count);
    }
}

pub(super) async fn wall_time_passes(ground: Ground) {
    let host = ground.host;
    // How far and which way is not promised: it may jump.
    let before = host.clock.wall();
    host.sleep(SHORT).await;
    assert_ne!(host.clock.wall(), before);
}

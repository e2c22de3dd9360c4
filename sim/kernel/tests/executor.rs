//! The executor finds races, notices livelocks, and repeats itself.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use host::{Clock, Tasks};
use kernel::{Boot, Budget, Config, Handle, Kernel, Order, Stalls, Stop, Supervisor, Time};
use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

/// Gives the other tasks a turn.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn one_node(config: Config) -> (Kernel, Boot, Arc<Handle>) {
    let kernel = Kernel::new(config);
    let node = kernel.add_node("node");
    let boot = kernel.boot(node, "process");
    let handle = Arc::new(Handle::new(kernel.clone(), boot.clone()));
    (kernel, boot, handle)
}

/// Two workers take a lock by looking first and writing later, 300 µs apart, and hold it for
/// 200 µs. True if they ever both believed that they had it.
fn race_found(seed: u64, order: Order, stalls: Stalls) -> bool {
    let (kernel, _, handle) = one_node(Config { seed, order, stalls, ..Config::default() });
    let (owner, broken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for me in [1, 2] {
        let (clock, owner, broken) = (handle.clone(), owner.clone(), broken.clone());
        let work = async move {
            clock.sleep_until(clock.now() + Duration::from_micros(300) * me as u32).await;
            for _ in 0..5 {
                if owner.load(Ordering::Relaxed) == 0 {
                    yield_once().await;
                    owner.store(me, Ordering::Relaxed);
                    clock.sleep_until(clock.now() + Duration::from_micros(200)).await;
                    broken.fetch_add(
                        usize::from(owner.load(Ordering::Relaxed) != me),
                        Ordering::Relaxed,
                    );
                    owner.store(0, Ordering::Relaxed);
                }
                clock.sleep_until(clock.now() + Duration::from_millis(1)).await;
            }
        };
        handle.spawn("worker", Box::pin(work));
    }
    assert_eq!(kernel.run(Time::MAX), Ok(Stop::Idle));
    broken.load(Ordering::Relaxed) > 0
}

#[test]
fn stalls_find_a_race_that_shuffling_cannot() {
    let found = |order, stalls| (0..300).filter(|&seed| race_found(seed, order, stalls)).count();
    assert_eq!(found(Order::Fifo, Stalls::NONE), 0);
    assert_eq!(found(Order::Random, Stalls::NONE), 0);
    let stalls = Stalls { probability: 0.1, ..Stalls::default() };
    let with_stalls = found(Order::Random, stalls);
    assert!(with_stalls >= 15, "only {with_stalls} of 300");
}

#[test]
fn a_random_order_is_not_the_order_of_spawning_and_repeats() {
    let order_of = |seed| {
        let config = Config { seed, stalls: Stalls::NONE, ..Config::default() };
        let (kernel, _, handle) = one_node(config);
        let seen = Arc::new(Mutex::new(Vec::new()));
        for me in 0..10 {
            let seen = seen.clone();
            handle.spawn("one", Box::pin(async move { seen.lock().unwrap().push(me) }));
        }
        kernel.run(Time::MAX).unwrap();
        let seen = seen.lock().unwrap().clone();
        (seen, kernel.hash())
    };
    assert_eq!(order_of(1), order_of(1));
    assert_ne!(order_of(1).0, order_of(2).0);
}

#[test]
fn a_livelock_is_an_error_that_names_the_task() {
    let budget = Budget { steps_per_instant_max: 1000, ..Budget::default() };
    let (kernel, _, handle) =
        one_node(Config { budget, stalls: Stalls::NONE, ..Config::default() });
    handle.spawn(
        "spinner",
        Box::pin(async {
            loop {
                yield_once().await;
            }
        }),
    );
    let stuck = kernel.run(Time::MAX).unwrap_err();
    assert!(stuck.livelock);
    assert_eq!(stuck.hottest[0].task, "spinner");
    assert!(stuck.to_string().contains("node/process/spinner"), "{stuck}");
    kernel.shut_down();
}

/// Asks to be called back at once, for ever.
struct Restless(std::sync::OnceLock<kernel::DeviceId>);

impl kernel::Device for Restless {
    fn fire(&self, kernel: &Kernel, token: u64) {
        kernel.schedule(kernel.now(), *self.0.get().unwrap(), token);
    }
}

#[test]
fn a_device_that_never_rests_is_a_livelock_too() {
    let budget = Budget { steps_per_instant_max: 1000, ..Budget::default() };
    let kernel = Kernel::new(Config { budget, ..Config::default() });
    let restless = Arc::new(Restless(std::sync::OnceLock::new()));
    let device: Arc<dyn kernel::Device> = restless.clone();
    let id = kernel.add_device(Arc::downgrade(&device));
    restless.0.set(id).unwrap();
    kernel.schedule(Time(5), id, 0);
    let stuck = kernel.run(Time::MAX).unwrap_err();
    assert_eq!((stuck.at, stuck.livelock), (Time(5), true));
}

/// Counts how many of itself exist.
struct Counted(Arc<AtomicU64>);

impl Counted {
    fn new(count: &Arc<AtomicU64>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn a_reaped_boot_leaves_nothing_behind_and_starts_nothing() {
    let (kernel, boot, handle) = one_node(Config::default());
    let live = Arc::new(AtomicU64::new(0));
    for _ in 0..5 {
        let (held, clock) = (Counted::new(&live), handle.clone());
        let work = async move {
            let _held = held;
            clock.sleep_until(clock.now() + Duration::from_secs(1000)).await;
        };
        handle.spawn("sleeper", Box::pin(work));
    }
    kernel.run(Time(1_000_000_000)).unwrap();
    kernel.reap(&boot);
    assert_eq!(live.load(Ordering::Relaxed), 0);
    let held = Counted::new(&live);
    handle.spawn("late", Box::pin(async move { drop(held) }));
    assert_eq!(live.load(Ordering::Relaxed), 0);
    assert_eq!(kernel.run(Time::MAX), Ok(Stop::Idle));
    assert_eq!(kernel.now(), Time(1_000_000_000), "its timers are cancelled");
}

#[test]
fn an_aborted_task_is_dropped_even_by_its_own_hand() {
    let (kernel, _, handle) = one_node(Config::default());
    let live = Arc::new(AtomicU64::new(0));
    let held = Counted::new(&live);
    let abort: Arc<Mutex<Option<Arc<dyn host::Abort>>>> = Arc::default();
    let own = abort.clone();
    let work = async move {
        let _held = held;
        own.lock().unwrap().take().unwrap().abort();
        std::future::pending::<()>().await;
    };
    *abort.lock().unwrap() = Some(handle.spawn("suicide", Box::pin(work)));
    assert_eq!(kernel.run(Time::MAX), Ok(Stop::Idle));
    assert_eq!(live.load(Ordering::Relaxed), 0);
}

#[derive(Default)]
struct Reports(Mutex<Vec<String>>);

impl Supervisor for Reports {
    fn panicked(&self, _: &Boot, task: &'static str, message: &str) {
        self.0.lock().unwrap().push(format!("{task}: {message}"));
    }
}

#[test]
fn a_panic_is_reported_once_with_its_place() {
    let (kernel, boot, handle) = one_node(Config::default());
    let reports = Arc::new(Reports::default());
    let supervisor: Arc<dyn Supervisor> = reports.clone();
    kernel.set_supervisor(Arc::downgrade(&supervisor));
    for _ in 0..2 {
        handle.spawn("fragile", Box::pin(async { panic!("broke {}", 7) }));
    }
    kernel.run(Time::MAX).unwrap();
    let reports = reports.0.lock().unwrap();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].starts_with("fragile: broke 7 ("), "{reports:?}");
    assert!(reports[0].contains("executor.rs:"), "{reports:?}");
    assert!(!boot.is_alive());
}

#[test]
fn a_foreign_executor_is_told_when_to_look_again() {
    let (kernel, _, handle) = one_node(Config::default());
    assert_eq!(kernel.pump(Time(0)), Ok((None, vec![])));
    let wakes = Arc::new(Counter::default());
    let waker = std::task::Waker::from(wakes.clone());
    let mut cx = std::task::Context::from_waker(&waker);
    let mut sleep = handle.sleep_until(handle.now() + Duration::from_nanos(500));
    assert!(sleep.as_mut().poll(&mut cx).is_pending());
    let earlier = kernel.earlier();
    let mut notified = std::pin::pin!(earlier.notified());
    assert!(notified.as_mut().poll(&mut cx).is_ready(), "something became due");
    kernel.return_at(Time(400), 9);
    assert_eq!(kernel.pump(Time(10)), Ok((Some(Time(400)), vec![])));
    assert_eq!(kernel.pump(Time(450)), Ok((Some(Time(500)), vec![9])));
    assert_eq!(wakes.0.load(Ordering::Relaxed), 0);
    assert_eq!(kernel.pump(Time(500)), Ok((None, vec![])));
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    assert!(sleep.as_mut().poll(&mut cx).is_ready());
}

#[derive(Default)]
struct Counter(AtomicU64);

impl std::task::Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

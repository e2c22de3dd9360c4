//! A world of one machine, for as long as a test runs on it.

use host::{Defects, Event, Host};
use machine::{Lifecycle, Observer, Source, Time, World, WorldConfig};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Simulated time after which a test hangs.
const LIMIT: Duration = Duration::from_secs(24 * 3600);
/// How often it is asked whether it is over.
const STEP: Duration = Duration::from_secs(10);

/// What a panic said, of the test or of a task of the client.
#[derive(Default)]
struct Complaint(Mutex<Option<String>>);

impl Observer for Complaint {
    fn event(&self, _: Time, _: &Source<'_>, _: &Event<'_>) {}

    fn lifecycle(&self, _: Time, _: &Source<'_>, change: &Lifecycle<'_>) {
        if let Lifecycle::Panicked { task, message, .. } = change {
            *self.0.lock().unwrap() = Some(format!("{task}: {message}"));
        }
    }
}

/// Runs a test on a machine of its own; the deliberate bugs may be switched on.
pub(crate) fn run<F>(test: impl FnOnce(Host) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    run_with(Defects::none(), test);
}

/// As [`run`], with these deliberate bugs.
pub(crate) fn run_with<F>(defects: Defects, test: impl FnOnce(Host) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let world = World::new(WorldConfig { seed: 1, defects, ..WorldConfig::default() });
    let complaint = Arc::new(Complaint::default());
    world.observe(complaint.clone());
    let machine = world.add_machine("test");
    let over = Arc::new(AtomicBool::new(false));
    let (test, done) = (Mutex::new(Some(test)), over.clone());
    let program = move |host: Host| {
        let test = test.lock().unwrap().take().expect("it is started once");
        let done = done.clone();
        let work = async move {
            test(host).await;
            done.store(true, Ordering::Relaxed);
        };
        Box::pin(work) as host::BoxFuture<'static, ()>
    };
    world.install(machine, "test", Arc::new(program));
    world.start(machine, "test");
    let mut at = Duration::ZERO;
    while at < LIMIT && !over.load(Ordering::Relaxed) {
        at += STEP;
        world.run_until(Time::from(at)).unwrap();
        if let Some(said) = complaint.0.lock().unwrap().take() {
            panic!("{said}");
        }
    }
    assert!(over.load(Ordering::Relaxed), "the test hangs");
}

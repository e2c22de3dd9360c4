//! Runs one scenario with one seed, on a thread of its own, and survives its panics.

use record::{Broken, Fail, RunOptions, RunRecord, Verdict};
use scenario::{Scenario, System};
use std::{any::Any, panic, thread};

/// Runs a scenario: explicit ones as they are, others as the seed draws them.
///
/// The thread is fresh, so that thread-local state (hash keys above all) starts out the same in a
/// hunt's thousandth run and in a single run.
pub(crate) fn run(scenario: &Scenario, seed: u64, options: RunOptions) -> RunRecord {
    let drawn = scenario.drawn(seed);
    let seed = drawn.seed.map_or(seed, |seed| seed.0);
    let ended = thread::scope(|scope| {
        let drawn = &drawn;
        let builder = thread::Builder::new().name(format!("seed-{seed:#x}"));
        let spawned = builder.spawn_scoped(scope, move || start(drawn, seed, options));
        spawned.expect("the system gives no more threads").join()
    });
    ended.unwrap_or_else(|payload| crashed(&drawn, seed, &*payload))
}

fn start(drawn: &Scenario, seed: u64, options: RunOptions) -> RunRecord {
    match drawn.cluster.system {
        System::Echo => crate::echo::run(drawn, seed, options),
        System::Etcd => stage::run(drawn, seed, options),
    }
}

/// Panics are reported as verdicts, so the default message would only disturb the progress bar.
pub(crate) fn quiet_panics() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let name = thread::current().name().map(str::to_owned);
        if !name.is_some_and(|name| name.starts_with("seed-")) {
            default(info);
        }
    }));
}

fn crashed(drawn: &Scenario, seed: u64, payload: &(dyn Any + Send)) -> RunRecord {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    let text = text.unwrap_or("a panic without words");
    let mut record = RunRecord::new(&drawn.title, seed);
    record.verdict = Verdict::Failed(Broken::new(Fail::Crash, "panic", text));
    record
}

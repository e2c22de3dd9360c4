//! What a tokio guest promises: the traits' contract, the engines' verdict, third-party code.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod conformance;
mod etcd_client;
mod processes;
mod verdicts;

use guest::Guest;
use machine::{World, WorldConfig};

fn guest(seed: u64) -> Guest {
    Guest::new(World::new(WorldConfig { seed, ..WorldConfig::default() }))
}

/// In a thread of its own, so that hash keys are the seed's.
fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::spawn(work).join().unwrap()
}

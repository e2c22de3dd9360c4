//! Waiting for something to become true, with an end.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a test waits for what takes a moment on an idle machine: this one is shared.
pub const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// Looks again and again until there is something to see.
///
/// # Panics
/// Nothing came within [`PATIENCE`]; says `what` was waited for.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "after {PATIENCE:?} still not so: {what}");
        thread::sleep(LOOK);
    }
}

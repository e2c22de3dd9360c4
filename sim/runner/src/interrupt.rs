//! Ctrl-C: the first asks for a report of what was found so far, a later one ends at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Two signals closer together than this are one: `timeout` and terminals send to a process and to
/// its group.
const SAME: Duration = Duration::from_millis(300);

/// True once somebody pressed Ctrl-C.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. Where the system does not let us, Ctrl-C ends the program as ever.
    pub(crate) fn listen() -> Self {
        let this = Self::default();
        let flag = this.0.clone();
        let mut first = None;
        drop(ctrlc::set_handler(move || {
            flag.store(true, Ordering::Relaxed);
            let first: &Instant = first.get_or_insert_with(Instant::now);
            if first.elapsed() > SAME {
                std::process::exit(130);
            }
        }));
        this
    }

    /// Whether to stop.
    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

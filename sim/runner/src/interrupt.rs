//! Ctrl-C: the first asks for a report of what was found so far, the second ends at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// True once somebody pressed Ctrl-C.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. Where the system does not let us, Ctrl-C ends the program as ever.
    pub(crate) fn listen() -> Self {
        let this = Self::default();
        let flag = this.0.clone();
        drop(ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::Relaxed) {
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

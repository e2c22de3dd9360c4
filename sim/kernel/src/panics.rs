//! Panics of simulated code: caught, worded with their place, and kept off the terminal.

use crate::context;
use std::{
    any::Any,
    cell::RefCell,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::Once,
};

thread_local! {
    /// What the hook saw last on this thread.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs simulated code; a panic comes back as its message and place.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    install_hook();
    // Whoever panicked is dropped whole and its process killed: nothing half-done is looked at.
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        LAST.with(|last| last.borrow_mut().take()).unwrap_or_else(|| text(&*payload).to_owned())
    })
}

/// Outside simulated code panics are reported as before.
fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if context::node().is_some() {
                LAST.with(|last| *last.borrow_mut() = Some(describe(info)));
            } else {
                previous(info);
            }
        }));
    });
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    format!("{} ({place})", text(info.payload()))
}

fn text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

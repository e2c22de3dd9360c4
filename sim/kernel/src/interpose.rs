//! A net under third-party code: libc's clock and random calls, answered by the simulated node.
//!
//! Compiled in by the feature `interpose`, for simulation binaries and tests only. A call from a
//! simulated task gets virtual time or seeded bytes and is counted as a leak ([`Kernel::leaks`]):
//! the answer is deterministic, but the code should have asked its host. Everything else, the run
//! loop included, falls through to libc. In strict mode each leak prints the frames it came from.
//!
//! Hash tables of std draw their keys from the same call, once a thread. A new kernel draws them for
//! its thread from its seed, if no table was made there before: run each seed in a thread of its
//! own, and the iteration order of third-party tables is the seed's.
#![allow(unsafe_code)]

use crate::{Kernel, NodeId, context};
use libc::{c_int, c_uint, c_void, clockid_t, size_t, ssize_t, time_t, timespec, timeval};
use rand::Rng;
use std::{cell::Cell, ffi::CStr, sync::OnceLock};

/// How often code on simulated nodes went round its host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leaks {
    /// Clock reads.
    pub time: u64,
    /// Draws of randomness.
    pub random: u64,
}

impl Kernel {
    /// Leaks so far in this world.
    pub fn leaks(&self) -> Leaks {
        self.state().leaks
    }

    /// Prints where each leak comes from, to standard error.
    pub fn set_strict(&self, strict: bool) {
        self.state().strict = strict;
    }
}

/// Makes sure that the linker takes this module in; true when its calls are the ones in use.
pub fn is_armed() -> bool {
    let ours: [usize; 2] = [clock_gettime as *const () as usize, getrandom as *const () as usize];
    std::hint::black_box(ours).iter().all(|&address| address != 0)
        && ours[0] == libc::clock_gettime as *const () as usize
}

thread_local! {
    /// Set while this thread's hash keys are drawn.
    static HASH_KEYS: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Makes this thread's hash keys the seed's, if no hash table was made here before.
pub(crate) fn draw_hash_keys(seed: u64) {
    HASH_KEYS.set(Some(seed));
    let _ = std::hash::RandomState::new();
    HASH_KEYS.set(None);
}

/// The node that this thread runs for, if the kernel can be asked right now.
fn running() -> Option<(Kernel, NodeId)> {
    Some((context::kernel()?, context::node()?))
}

/// Nanoseconds of the node's monotonic (`false`) or wall clock.
fn simulated_time(wall: bool, call: &str) -> Option<u64> {
    let (kernel, node) = running()?;
    let now = kernel.now();
    let mut state = kernel.0.state.try_lock()?;
    state.leaks.time += 1;
    let clock = &state.nodes[node.0 as usize].clock;
    let nanos = if wall { clock.wall(now).0 } else { clock.monotonic(now).0 };
    let strict = state.strict;
    drop(state);
    if strict {
        print_leak(call, node);
    }
    Some(nanos)
}

fn simulated_random(buffer: &mut [u8]) -> Option<()> {
    if let Some(seed) = HASH_KEYS.try_with(Cell::get).ok().flatten() {
        crate::stream(seed, "hash keys", 0).fill_bytes(buffer);
        return Some(());
    }
    let (kernel, node) = running()?;
    let mut state = kernel.0.state.try_lock()?;
    state.leaks.random += 1;
    let strict = state.strict;
    drop(state);
    kernel.fill_random(node, buffer);
    if strict {
        print_leak("getrandom", node);
    }
    Some(())
}

/// Capturing a backtrace may itself read clocks: it runs outside the node.
#[expect(clippy::print_stderr, reason = "strict mode is for a person at a terminal")]
fn print_leak(call: &str, node: NodeId) {
    let frames = context::off_node(|| std::backtrace::Backtrace::force_capture().to_string());
    let ours = |line: &&str| {
        line.contains(": ") && !line.contains("interpose") && !line.contains(" std::")
    };
    let frames: Vec<&str> = frames.lines().map(str::trim).filter(ours).take(6).collect();
    eprintln!("leak: {call} on node {}: {}", node.0, frames.join(" < "));
}

fn is_wall(clock: clockid_t) -> bool {
    clock == libc::CLOCK_REALTIME || clock == libc::CLOCK_REALTIME_COARSE
}

/// The address of libc's own function.
fn real(cache: &OnceLock<usize>, name: &CStr) -> usize {
    *cache.get_or_init(|| {
        // SAFETY: the name is a C string, and RTLD_NEXT is a handle that dlsym defines.
        let address = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
        assert!(!address.is_null(), "libc lacks {name:?}");
        address as usize
    })
}

/// libc's clock_gettime(2), or the simulated node's clock.
///
/// # Safety
/// As clock_gettime(2): `into` points to a timespec.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, into: *mut timespec) -> c_int {
    static REAL: OnceLock<usize> = OnceLock::new();
    if let Some(nanos) = simulated_time(is_wall(clock), "clock_gettime") {
        // Below 2^63 for the next 290 years of virtual time.
        let (seconds, rest) = ((nanos / 1_000_000_000) as i64, (nanos % 1_000_000_000) as i64);
        // SAFETY: the caller promises a valid pointer.
        unsafe { *into = timespec { tv_sec: seconds, tv_nsec: rest } };
        return 0;
    }
    type Call = unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int;
    // SAFETY: the address is that of libc's function of this very signature.
    let call = unsafe { std::mem::transmute::<usize, Call>(real(&REAL, c"clock_gettime")) };
    // SAFETY: the caller's promises are passed on.
    unsafe { call(clock, into) }
}

/// libc's gettimeofday(2), or the simulated node's wall clock.
///
/// # Safety
/// As gettimeofday(2): `into` points to a timeval.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(into: *mut timeval, zone: *mut c_void) -> c_int {
    static REAL: OnceLock<usize> = OnceLock::new();
    if let Some(nanos) = simulated_time(true, "gettimeofday") {
        let (seconds, rest) = ((nanos / 1_000_000_000) as i64, (nanos / 1_000 % 1_000_000) as i64);
        // SAFETY: the caller promises a valid pointer.
        unsafe { *into = timeval { tv_sec: seconds, tv_usec: rest } };
        return 0;
    }
    type Call = unsafe extern "C" fn(*mut timeval, *mut c_void) -> c_int;
    // SAFETY: the address is that of libc's function of this very signature.
    let call = unsafe { std::mem::transmute::<usize, Call>(real(&REAL, c"gettimeofday")) };
    // SAFETY: the caller's promises are passed on.
    unsafe { call(into, zone) }
}

/// libc's time(2), or the simulated node's wall clock.
///
/// # Safety
/// As time(2): `into` is null or points to a time_t.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(into: *mut time_t) -> time_t {
    static REAL: OnceLock<usize> = OnceLock::new();
    if let Some(nanos) = simulated_time(true, "time") {
        let seconds = (nanos / 1_000_000_000) as time_t;
        if !into.is_null() {
            // SAFETY: the caller promises that a pointer that is not null is valid.
            unsafe { *into = seconds };
        }
        return seconds;
    }
    type Call = unsafe extern "C" fn(*mut time_t) -> time_t;
    // SAFETY: the address is that of libc's function of this very signature.
    let call = unsafe { std::mem::transmute::<usize, Call>(real(&REAL, c"time")) };
    // SAFETY: the caller's promises are passed on.
    unsafe { call(into) }
}

/// libc's getrandom(2), or the simulated node's seeded bytes.
///
/// # Safety
/// As getrandom(2): `into` points to `length` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(into: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    static REAL: OnceLock<usize> = OnceLock::new();
    if length > 0 {
        // SAFETY: the caller promises `length` writable bytes, and no one else has them.
        let buffer = unsafe { std::slice::from_raw_parts_mut(into.cast::<u8>(), length) };
        if simulated_random(buffer).is_some() {
            return length as ssize_t;
        }
    }
    type Call = unsafe extern "C" fn(*mut c_void, size_t, c_uint) -> ssize_t;
    // SAFETY: the address is that of libc's function of this very signature.
    let call = unsafe { std::mem::transmute::<usize, Call>(real(&REAL, c"getrandom")) };
    // SAFETY: the caller's promises are passed on.
    unsafe { call(into, length, flags) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Time};
    use std::sync::{Arc, Mutex};

    fn draw() -> [u8; 16] {
        let mut bytes = [0; 16];
        // SAFETY: the pointer and the length are those of one array.
        let length = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        assert_eq!(length, 16);
        bytes
    }

    /// What a task drew by way of libc, and how often that was noticed.
    fn drawn(seed: u64) -> ([u8; 16], Leaks) {
        let kernel = Kernel::new(Config { seed, ..Config::default() });
        let node = kernel.add_node("node");
        let boot = kernel.boot(node, "leaker");
        let seen = Arc::new(Mutex::new([0; 16]));
        let result = seen.clone();
        kernel.spawn(&boot, "main", Box::pin(async move { *seen.lock().unwrap() = draw() }));
        kernel.run(Time::MAX).unwrap();
        let drawn = *result.lock().unwrap();
        (drawn, kernel.leaks())
    }

    #[test]
    fn random_bytes_on_a_node_are_seeded_and_elsewhere_real() {
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1).0, drawn(2).0);
        assert_eq!(drawn(1).1, Leaks { time: 0, random: 1 });
        assert_ne!(draw(), draw());
    }
}

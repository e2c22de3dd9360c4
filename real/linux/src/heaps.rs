//! How the allocator spreads over threads.
#![allow(unsafe_code)]

/// Lets threads share as many heaps as there are that run at a time.
///
/// glibc would give up to eight for each core. A blocking disk job moves a worker's tasks to another
/// thread, so that the same work leaves its holes in one heap after the other: with 100,000 keys they
/// held thirty megabytes.
pub(crate) fn limit(threads: usize) {
    #[cfg(target_env = "gnu")]
    {
        let threads = libc::c_int::try_from(threads).unwrap_or(libc::c_int::MAX);
        // SAFETY: no memory is passed; before the threads start nobody else is in the allocator.
        // It refuses what it does not know, and then goes on as before.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, threads) };
    }
    #[cfg(not(target_env = "gnu"))]
    let _ = threads;
}

//! Chance from the kernel's generator, fetched in advance for small wants.

use host::Random;
use std::sync::{Mutex, PoisonError};

/// Bytes fetched by one system call.
const POOL_BYTES: usize = 1024;
/// Wants above this many bytes go to the kernel: keys and salts are rare.
const SMALL_BYTES_MAX: usize = 16;

/// getrandom(2). Every `select!` draws a number: a system call each would be a tenth of a busy
/// server's time.
pub(crate) struct Kernel(Mutex<Pool>);

/// Bytes of which the first `left` are not given out yet. What was given out is zeros.
struct Pool {
    bytes: [u8; POOL_BYTES],
    left: usize,
}

impl Kernel {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Pool { bytes: [0; POOL_BYTES], left: 0 }))
    }
}

impl Pool {
    fn take(&mut self, buffer: &mut [u8]) {
        if self.left < buffer.len() {
            fetch(&mut self.bytes);
            self.left = self.bytes.len();
        }
        let from = self.left - buffer.len();
        let given = &mut self.bytes[from..self.left];
        buffer.copy_from_slice(given);
        given.fill(0);
        self.left = from;
    }
}

fn fetch(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("invariant: getrandom(2) of a running kernel never fails");
}

impl Random for Kernel {
    fn fill(&self, buffer: &mut [u8]) {
        if buffer.len() > SMALL_BYTES_MAX {
            return fetch(buffer);
        }
        // A panic in `take` leaves bytes that are random still, or zeros that are not counted.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_byte_is_given_out_twice() {
        let kernel = Kernel::new();
        let numbers: BTreeSet<u64> = (0..10_000).map(|_| kernel.next_u64()).collect();
        assert_eq!(numbers.len(), 10_000);
        assert!(!numbers.contains(&0));
        let mut odd = [0; 7];
        kernel.fill(&mut odd);
        assert_ne!(odd, [0; 7]);
    }
}

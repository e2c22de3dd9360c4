//! Chance from the kernel's generator.

use host::Random;

/// getrandom(2).
pub(crate) struct Kernel;

impl Random for Kernel {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("invariant: getrandom(2) of a running kernel never fails");
    }
}

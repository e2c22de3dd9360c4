//! Chance.

/// The machine's randomness: seeded in simulation, the kernel's on Linux (fit for keys there).
pub trait Random: Send + Sync {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);

    /// Sixty-four random bits.
    fn next_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number below `limit`, near enough to uniform for timeouts and choices. Zero gives zero.
    fn below(&self, limit: u64) -> u64 {
        u64::try_from((u128::from(self.next_u64()) * u128::from(limit)) >> 64).unwrap_or(0)
    }
}

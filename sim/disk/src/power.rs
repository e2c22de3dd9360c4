//! Power: it fails now, or at the k-th operation from now, and comes back.

use crate::{
    CrashImages, DiskModel,
    crash::{Chance, Fate},
};
use rand_chacha::ChaCha8Rng;
use std::{fmt, io, time::Duration};

/// The error of every operation after the power failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerLost;

impl fmt::Display for PowerLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the machine has lost power")
    }
}

impl std::error::Error for PowerLost {}

impl PowerLost {
    /// True when an operation failed for this reason: its caller should be dead by now.
    pub fn caused(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<PowerLost>())
    }
}

impl DiskModel {
    /// The power fails now: unsynced changes survive by chance, and every operation fails with
    /// [`PowerLost`] until [`DiskModel::power_on`]. Handles and locks are void.
    pub fn power_off(&mut self) {
        if self.off {
            return;
        }
        let mut rng = self.rng.clone();
        let (survival, torn_sector) = (self.faults.survival, self.faults.torn_sector);
        self.crash(&mut Chance { rng: &mut rng, survival, torn_sector });
        self.rng = rng;
        self.off = true;
    }

    /// The power is back, and a fuse that was set is gone.
    pub fn power_on(&mut self) {
        (self.off, self.fuse) = (false, None);
    }

    /// True between [`DiskModel::power_off`], or a blown fuse, and [`DiskModel::power_on`].
    pub fn is_off(&self) -> bool {
        self.off
    }

    /// The power fails at the `operations`-th operation from now; zero is the next one, which does
    /// not happen.
    pub fn power_fails_after(&mut self, operations: u64) {
        self.fuse = Some(operations);
    }

    /// The disks that a power loss could leave at this moment: all, when they are at most `limit`,
    /// then some with a torn sector; else `limit` samples that begin with the extremes. Each is
    /// powered on.
    pub fn crash_images(&self, limit: usize, rng: ChaCha8Rng) -> CrashImages<'_> {
        CrashImages::new(self, limit, rng)
    }

    pub(crate) fn crash(&mut self, fate: &mut impl Fate) {
        self.names.crash(|| fate.version(1) == 1);
        let live = self.names.live();
        self.files.retain(|inode, _| live.contains(inode));
        for file in self.files.values_mut() {
            file.crash(fate);
            file.linked = true;
        }
        self.handles.clear();
        self.locks.clear();
        self.latency = Duration::ZERO;
        self.fuse = None;
        self.count_space();
    }
}

//! What can be wrong with a machine's clock.

use crate::{MachineId, World};
use host::{Instant, Timestamp};
use std::time::Duration;

/// A clock that stands still.
const FROZEN_PPB: i64 = -1_000_000_000;

impl World {
    /// Moves a machine's wall clock by so much; its monotonic clock does not notice.
    pub fn jump_clock(&self, machine: MachineId, forward: bool, by: Duration) {
        self.inner.kernel.change_clock(machine, |clock| clock.jump_wall(forward, by));
    }

    /// Makes both clocks of a machine too fast by `ppb` parts per billion from now on.
    pub fn set_clock_drift(&self, machine: MachineId, ppb: i64) {
        let now = self.now();
        self.inner.kernel.change_clock(machine, |clock| clock.set_drift(now, ppb));
    }

    /// Stops both clocks of a machine: its timers do not fire, its tasks still run.
    pub fn freeze_clock(&self, machine: MachineId) {
        self.set_clock_drift(machine, FROZEN_PPB);
    }

    /// Makes the wall clock right and both go at the right rate.
    pub fn correct_clock(&self, machine: MachineId) {
        let now = self.now();
        self.inner.kernel.change_clock(machine, |clock| clock.correct(now));
    }

    /// What a machine's clocks show now.
    pub fn clock(&self, machine: MachineId) -> (Instant, Timestamp) {
        let (clock, now) = (self.inner.kernel.clock(machine), self.now());
        (clock.monotonic(now), clock.wall(now))
    }
}

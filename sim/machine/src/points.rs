//! Named places in the code where a process can be made to crash.

use crate::{MachineId, World};
use std::{collections::BTreeMap, sync::atomic::Ordering};

/// What happens at an armed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The process dies; the machine goes on.
    Process,
    /// The machine loses power.
    Power,
}

/// A machine's points: how often each was passed, and which are armed.
#[derive(Debug, Default)]
pub(crate) struct Points {
    pub(crate) passed: BTreeMap<&'static str, u64>,
    armed: BTreeMap<String, (u64, Crash)>,
}

impl Points {
    /// Passes a point; tells whether to crash there.
    pub(crate) fn pass(&mut self, name: &'static str) -> Option<Crash> {
        *self.passed.entry(name).or_default() += 1;
        let (remaining, crash) = self.armed.get_mut(name)?;
        *remaining = remaining.saturating_sub(1);
        if *remaining > 0 {
            return None;
        }
        let crash = *crash;
        self.armed.remove(name);
        Some(crash)
    }

    pub(crate) fn is_armed(&self) -> bool {
        !self.armed.is_empty()
    }
}

impl World {
    /// Arms a point: the `nth` passing from now (one is the next) crashes. Arming again replaces.
    pub fn crash_at_point(&self, machine: MachineId, point: &str, nth: u64, crash: Crash) {
        let machine = self.inner.machine(machine);
        machine.points.lock().armed.insert(point.to_owned(), (nth.max(1), crash));
        machine.points_armed.store(true, Ordering::Relaxed);
    }

    /// Disarms all of a machine's points.
    pub fn disarm_points(&self, machine: MachineId) {
        let machine = self.inner.machine(machine);
        machine.points.lock().armed.clear();
        machine.points_armed.store(false, Ordering::Relaxed);
    }
}

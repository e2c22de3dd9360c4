//! What can be done to a machine as a whole: power, pause, a new disk, a slow CPU.

use crate::{MachineId, World, observer::Lifecycle};
use std::time::Duration;

impl World {
    /// Cuts the power: silence on the network, memory gone, what was not synced lost by chance.
    /// False when it was off already.
    pub fn power_off(&self, machine: MachineId) -> bool {
        let found = self.inner.machine(machine);
        self.inner.lose_power(&found)
    }

    /// Switches a machine on and starts all that is installed on it. Its monotonic clock starts
    /// from another origin; its wall clock is right. False when it was on already.
    pub fn power_on(&self, machine: MachineId) -> bool {
        let found = self.inner.machine(machine);
        {
            let mut state = found.state.lock();
            if std::mem::replace(&mut state.powered, true) {
                return false;
            }
            state.paused = false;
        }
        found.disk.lock().power_on();
        self.inner.fabric.power_on(machine);
        self.inner.kernel.restart_clock(machine);
        self.inner.kernel.resume(machine);
        self.inner.lifecycle(machine, &Lifecycle::PoweredOn);
        self.start_all(machine);
        true
    }

    /// Switches a machine off and on again.
    pub fn power_cycle(&self, machine: MachineId) {
        self.power_off(machine);
        self.power_on(machine);
    }

    /// True while the machine has power.
    pub fn is_powered(&self, machine: MachineId) -> bool {
        self.inner.machine(machine).state.lock().powered
    }

    /// Replaces the disk by an empty one that behaves as a new machine's does. The machine is
    /// switched off for it and stays off.
    pub fn reimage(&self, machine: MachineId) {
        self.power_off(machine);
        let found = self.inner.machine(machine);
        let number = {
            let mut state = found.state.lock();
            state.disks += 1;
            state.disks - 1
        };
        let mut disk = self.inner.new_disk(&found.name, number);
        disk.power_off();
        *found.disk.lock() = disk;
        self.inner.lifecycle(machine, &Lifecycle::Reimaged);
    }

    /// Stops all processes of a machine where they stand, as SIGSTOP does: time goes on, and the
    /// operating system keeps acknowledging what the network brings.
    pub fn pause(&self, machine: MachineId) {
        let found = self.inner.machine(machine);
        if !std::mem::replace(&mut found.state.lock().paused, true) {
            self.inner.kernel.pause(machine);
            self.inner.lifecycle(machine, &Lifecycle::Paused);
        }
    }

    /// Lets them go on.
    pub fn resume(&self, machine: MachineId) {
        let found = self.inner.machine(machine);
        if std::mem::replace(&mut found.state.lock().paused, false) {
            self.inner.kernel.resume(machine);
            self.inner.lifecycle(machine, &Lifecycle::Resumed);
        }
    }

    /// True while the machine's processes stand still.
    pub fn is_paused(&self, machine: MachineId) -> bool {
        self.inner.machine(machine).state.lock().paused
    }

    /// Makes every step of the machine's processes cost `each` of CPU, one after another; zero is
    /// normal speed. A healthy step takes no time at all.
    pub fn set_cpu_slowdown(&self, machine: MachineId, each: Duration) {
        self.inner.kernel.set_poll_cost(machine, each);
    }
}

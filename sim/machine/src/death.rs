//! How processes end: cleanly, by panic, at a crash point, or with their machine.
//!
//! A process may die within one of its own polls. It is condemned then, which ends every effect it
//! could have, and its tasks are dropped as soon as that poll is over.

use crate::{
    machine::Machine,
    observer::{Lifecycle, Source},
    world::Inner,
};
use host::{Event, Level, Value};
use kernel::{Boot, Device, Kernel, Supervisor};
use std::sync::Arc;

impl Inner {
    /// Ends a boot's life: the operating system closes its sockets, files and locks. Its tasks are
    /// still there. False when it was dead already.
    pub(crate) fn bury(&self, machine: &Machine, boot: &Boot) -> bool {
        boot.condemn();
        let mut state = machine.state.lock();
        let process = state.processes.get_mut(boot.process());
        let current = process
            .filter(|it| it.boot.as_ref().is_some_and(|current| current.number() == boot.number()));
        let Some(process) = current else { return false };
        process.boot = None;
        drop(state);
        self.fabric.process_died(boot);
        machine.disk.lock().release_process(disk::Process(u64::from(boot.number())));
        true
    }

    /// Has a boot's tasks dropped once the present poll is over.
    fn reap_soon(&self, boot: &Boot) {
        self.dying.lock().push_back(boot.clone());
        self.kernel.schedule(self.kernel.now(), self.device, 0);
    }

    /// The program returned.
    pub(crate) fn exited(&self, machine: &Machine, boot: &Boot) {
        if self.bury(machine, boot) {
            self.reap_soon(boot);
            self.lifecycle(machine.id, &Lifecycle::Exited { process: boot.process() });
        }
    }

    /// A crash point struck.
    pub(crate) fn crash_process(&self, machine: &Machine, boot: &Boot, point: &'static str) {
        if self.bury(machine, boot) {
            self.reap_soon(boot);
            self.lifecycle(machine.id, &Lifecycle::Crashed { process: boot.process(), point });
        }
    }

    /// The power fails, at any moment: all boots are condemned, the network falls silent, and what
    /// the disk had not synced is lost. False when it was off already.
    pub(crate) fn lose_power(&self, machine: &Machine) -> bool {
        let boots: Vec<Boot> = {
            let mut state = machine.state.lock();
            if !std::mem::replace(&mut state.powered, false) {
                return false;
            }
            state.processes.values_mut().filter_map(|it| it.boot.take()).collect()
        };
        for boot in &boots {
            boot.condemn();
        }
        self.fabric.power_off(machine.id);
        machine.disk.lock().power_off();
        for boot in &boots {
            self.reap_soon(boot);
        }
        self.lifecycle(machine.id, &Lifecycle::PoweredOff);
        true
    }
}

impl Device for Inner {
    fn fire(&self, kernel: &Kernel, _: u64) {
        loop {
            // A statement of its own: destructors may add to the queue.
            let next = self.dying.lock().pop_front();
            let Some(boot) = next else { return };
            kernel.reap(&boot);
        }
    }
}

impl Supervisor for Inner {
    fn panicked(&self, boot: &Boot, task: &'static str, message: &str) {
        let machine: Arc<Machine> = self.machine(boot.node());
        if !self.bury(&machine, boot) {
            return;
        }
        let process = boot.process();
        let source = Source { machine: machine.id, name: &machine.name, process };
        let fields = [("message", Value::Str(message)), ("task", Value::Str(task))];
        let event = Event { level: Level::Error, name: "panic", fields: &fields };
        self.observers.event(self.kernel.now(), &source, &event);
        self.lifecycle(machine.id, &Lifecycle::Panicked { process, task, message });
        self.kernel.reap(boot);
    }
}

//! A process's account of itself, on its way to the trace and the observers.

use crate::{machine::Machine, observer::Source, points::Crash, world::Inner};
use host::{Event, Level, Probe};
use kernel::{Boot, Kind, key_of};
use std::sync::{Arc, Weak, atomic::Ordering};

const EVENT: Kind = Kind::new(65, "event");
const POINT: Kind = Kind::new(66, "point");

pub(crate) struct MachineProbe {
    pub(crate) inner: Weak<Inner>,
    pub(crate) machine: Arc<Machine>,
    pub(crate) boot: Boot,
}

impl MachineProbe {
    /// The world, unless it is ending or this process is dead.
    fn world(&self) -> Option<Arc<Inner>> {
        if self.boot.is_alive() { self.inner.upgrade() } else { None }
    }
}

impl Probe for MachineProbe {
    fn event(&self, event: Event<'_>) {
        let Some(inner) = self.world() else { return };
        let first = event.fields.iter().find_map(|(_, value)| value.as_u64()).unwrap_or(0);
        inner.kernel.record(Some(self.machine.id), EVENT, key_of(event.name), first);
        inner.kernel.note(|| event.to_string());
        let process = self.boot.process();
        let source = Source { machine: self.machine.id, name: &self.machine.name, process };
        inner.observers.event(inner.kernel.now(), &source, &event);
    }

    fn wants(&self, level: Level) -> bool {
        self.world().is_some_and(|inner| inner.observers.want(level))
    }

    fn point(&self, name: &'static str) {
        let Some(inner) = self.world() else { return };
        inner.kernel.record(Some(self.machine.id), POINT, key_of(name), 0);
        inner.kernel.note(|| name.to_owned());
        // A statement of its own: what follows must not run under the points' lock.
        let crash = {
            let mut points = self.machine.points.lock();
            let crash = points.pass(name);
            self.machine.points_armed.store(points.is_armed(), Ordering::Relaxed);
            crash
        };
        match crash {
            Some(Crash::Process) => inner.crash_process(&self.machine, &self.boot, name),
            Some(Crash::Power) => {
                inner.lose_power(&self.machine);
            }
            None => {}
        }
    }

    fn sometimes(&self, name: &'static str) {
        if let Some(inner) = self.world() {
            *inner.marks.lock().entry(name).or_default() += 1;
        }
    }
}

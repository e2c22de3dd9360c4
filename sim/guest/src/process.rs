//! The guest's processes: started on its runtime, and ended when the world says so.

use crate::{
    Trouble,
    driver::Driver,
    life::{GuestTasks, Life},
};
use host::{Event, Level, Tasks};
use machine::{Lifecycle, MachineId, Observer, Program, Source, Time};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};
use tokio::runtime::Handle;

pub(crate) struct Processes {
    pub(crate) runtime: Handle,
    pub(crate) driver: Arc<Driver>,
    living: Mutex<BTreeMap<(MachineId, String), Arc<Life>>>,
    panic: Mutex<Option<Trouble>>,
}

impl Processes {
    pub(crate) fn new(runtime: Handle, driver: Arc<Driver>) -> Arc<Self> {
        Arc::new(Self { runtime, driver, living: Mutex::default(), panic: Mutex::new(None) })
    }

    pub(crate) fn start(self: &Arc<Self>, machine: MachineId, process: &str, program: &Program) {
        let mut host = self.driver.world.external_host(machine, process);
        let life = Arc::new(Life::new(machine, process, self));
        let tasks = Arc::new(GuestTasks(life.clone()));
        host.tasks = tasks.clone();
        self.living.lock().insert((machine, process.to_owned()), life.clone());
        let (program, processes) = (program.clone(), Arc::downgrade(self));
        let main = async move {
            // Called within the task, so that a panic in it is the process's own.
            program(host).await;
            if let Some(processes) = processes.upgrade() {
                processes.driver.world.kill(life.machine, &life.process);
            }
        };
        // It ends with its life; nobody waits for it.
        let _ = tasks.spawn("main", Box::pin(main));
    }

    pub(crate) fn panicked(&self, trouble: Trouble) {
        self.panic.lock().get_or_insert(trouble);
    }

    pub(crate) fn take_panic(&self) -> Option<Trouble> {
        self.panic.lock().take()
    }

    pub(crate) fn end_all(&self) {
        self.end(|_, _| true);
    }

    fn end(&self, matches: impl Fn(MachineId, &str) -> bool) {
        let ended: Vec<Arc<Life>> = {
            let mut living = self.living.lock();
            living
                .extract_if(.., |(machine, process), _| matches(*machine, process))
                .map(|(_, life)| life)
                .collect()
        };
        ended.iter().for_each(|life| life.end());
    }
}

impl Observer for Processes {
    fn event(&self, _: Time, _: &Source<'_>, _: &Event<'_>) {}

    fn lifecycle(&self, _: Time, source: &Source<'_>, change: &Lifecycle<'_>) {
        match change {
            Lifecycle::PoweredOff => self.end(|machine, _| machine == source.machine),
            Lifecycle::Killed { process: ended }
            | Lifecycle::Crashed { process: ended, .. }
            | Lifecycle::Exited { process: ended }
            | Lifecycle::Panicked { process: ended, .. } => {
                self.end(|machine, process| machine == source.machine && process == *ended);
            }
            Lifecycle::PoweredOn
            | Lifecycle::Reimaged
            | Lifecycle::Paused
            | Lifecycle::Resumed
            | Lifecycle::Started { .. } => {}
        }
    }

    fn wants(&self, _: Level) -> bool {
        false
    }
}

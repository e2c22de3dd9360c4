//! Processes: programs on machines, started and killed.

use crate::{
    MachineId, World, disk::MachineDisk, machine::Machine, observer::Lifecycle,
    probe::MachineProbe, world::Inner,
};
use host::{BoxFuture, Clock, Host};
use kernel::{Boot, Handle};
use network::NetworkHandle;
use std::sync::Arc;

/// What a process runs: called at every start with the host of that boot.
pub type Program = Arc<dyn Fn(Host) -> BoxFuture<'static, ()> + Send + Sync>;

pub(crate) struct Process {
    pub(crate) program: Option<Program>,
    /// The present life, if it is running.
    pub(crate) boot: Option<Boot>,
}

impl World {
    /// Puts a program on a machine under a name, in the place of any former one of that name (which
    /// runs on until it is killed). Nothing is started.
    pub fn install(&self, machine: MachineId, process: &str, program: Program) {
        let machine = self.inner.machine(machine);
        let mut state = machine.state.lock();
        let entry = state.processes.entry(process.to_owned());
        entry.or_insert(Process { program: None, boot: None }).program = Some(program);
    }

    /// Starts an installed process; false when it runs already, is not installed, or the machine is
    /// off.
    pub fn start(&self, machine: MachineId, process: &str) -> bool {
        let machine = self.inner.machine(machine);
        let begun = {
            let mut state = machine.state.lock();
            let powered = state.powered;
            match state.processes.get_mut(process) {
                Some(found) if powered && found.boot.is_none() => {
                    found.program.clone().map(|program| {
                        let boot = self.inner.kernel.boot(machine.id, process);
                        found.boot = Some(boot.clone());
                        (program, boot)
                    })
                }
                Some(_) | None => None,
            }
        };
        let Some((program, boot)) = begun else { return false };
        self.inner.lifecycle(machine.id, &Lifecycle::Started { process });
        self.inner.run_program(&machine, &program, &boot);
        true
    }

    /// Starts all installed processes that are not running, by name.
    pub fn start_all(&self, machine: MachineId) {
        let names: Vec<String> =
            self.inner.machine(machine).state.lock().processes.keys().cloned().collect();
        for name in names {
            self.start(machine, &name);
        }
    }

    /// Kills a process as SIGKILL does: its sockets are closed by the operating system, its memory
    /// is gone, what it wrote is still in the page cache. False when it was not running.
    pub fn kill(&self, machine: MachineId, process: &str) -> bool {
        let found = self.inner.machine(machine);
        let boot = found.state.lock().processes.get(process).and_then(|it| it.boot.clone());
        let Some(boot) = boot else { return false };
        self.inner.bury(&found, &boot);
        self.inner.kernel.reap(&boot);
        self.inner.lifecycle(machine, &Lifecycle::Killed { process });
        true
    }

    /// Kills a process and starts it anew at once.
    pub fn restart(&self, machine: MachineId, process: &str) -> bool {
        self.kill(machine, process);
        self.start(machine, process)
    }

    /// True while the process is running, paused or not.
    pub fn is_running(&self, machine: MachineId, process: &str) -> bool {
        let machine = self.inner.machine(machine);
        let state = machine.state.lock();
        state.processes.get(process).is_some_and(|it| it.boot.is_some())
    }

    /// A host for code that a foreign executor runs as a process of this machine: it dies like any
    /// other, but nothing is spawned and no end of it is noticed. The caller may put its own `tasks`
    /// and `clock` in. Replaces a process of that name, which must not run.
    pub fn external_host(&self, machine: MachineId, process: &str) -> Host {
        let machine = self.inner.machine(machine);
        let boot = self.inner.kernel.boot(machine.id, process);
        let entry = Process { program: None, boot: Some(boot.clone()) };
        machine.state.lock().processes.insert(process.to_owned(), entry);
        self.inner.lifecycle(machine.id, &Lifecycle::Started { process });
        self.inner.host(&machine, &boot)
    }
}

impl Inner {
    pub(crate) fn host(self: &Arc<Self>, machine: &Arc<Machine>, boot: &Boot) -> Host {
        let kernel = Arc::new(Handle::new(self.kernel.clone(), boot.clone()));
        let clock: Arc<dyn Clock> = kernel.clone();
        let network = NetworkHandle::new(self.fabric.clone(), boot.clone());
        let (inner, here) = (Arc::downgrade(self), machine.clone());
        Host {
            name: machine.name.clone(),
            clock,
            network: Arc::new(network),
            disk: Arc::new(MachineDisk::new(inner.clone(), here.clone(), boot.clone())),
            random: kernel.clone(),
            tasks: kernel,
            probe: Arc::new(MachineProbe { inner, machine: here, boot: boot.clone() }),
            defects: self.config.defects.clone(),
        }
    }

    fn run_program(self: &Arc<Self>, machine: &Arc<Machine>, program: &Program, boot: &Boot) {
        let (inner, here, life) = (Arc::downgrade(self), machine.clone(), boot.clone());
        let (program, host) = (program.clone(), self.host(machine, boot));
        let main = async move {
            // Called within the task, so that a panic in it is the process's own.
            program(host).await;
            if let Some(inner) = inner.upgrade() {
                inner.exited(&here, &life);
            }
        };
        drop(self.kernel.spawn(boot, "main", Box::pin(main)));
    }
}

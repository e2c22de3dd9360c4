//! The world: all machines, and the way to everything about them.

use crate::{
    MachineId,
    machine::Machine,
    observer::{Lifecycle, Observer, Observers, Source},
};
use disk::{DiskModel, Faults};
use host::Defects;
use kernel::{Boot, Budget, DeviceId, Entry, Kernel, Kind, Order, Stalls, Time, TraceHash, key_of};
use network::{Fabric, NetworkConfig};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Weak},
};

/// 10.0.0.0; machines count up from 10.0.0.1.
const FIRST_ADDRESS: u32 = 0x0a00_0000;
const LIFECYCLE: Kind = Kind::new(64, "machine");

/// Everything that makes one world differ from another.
#[derive(Clone, Debug, Default)]
pub struct WorldConfig {
    /// Decides everything that is left open.
    pub seed: u64,
    /// Order of polling.
    pub order: Order,
    /// Delayed wake-ups.
    pub stalls: Stalls,
    /// Limits on a run.
    pub budget: Budget,
    /// Keep the trace's entries, not only their hash.
    pub record: bool,
    /// Links and streams.
    pub network: NetworkConfig,
    /// How the disk of a new machine behaves.
    pub disk: Faults,
    /// Deliberate bugs in every process.
    pub defects: Defects,
}

pub(crate) type Call = Box<dyn FnOnce(&World) + Send>;

/// What all handles share.
pub(crate) struct Inner {
    pub(crate) kernel: Kernel,
    pub(crate) fabric: Arc<Fabric>,
    pub(crate) machines: Mutex<Vec<Arc<Machine>>>,
    pub(crate) observers: Observers,
    pub(crate) config: WorldConfig,
    pub(crate) device: DeviceId,
    /// Boots that died within one of their own polls; reaped as soon as that is over.
    pub(crate) dying: Mutex<VecDeque<Boot>>,
    pub(crate) calls: Mutex<BTreeMap<u64, Call>>,
    pub(crate) calls_made: Mutex<u64>,
    /// Rare paths reached, and how often.
    pub(crate) marks: Mutex<BTreeMap<&'static str, u64>>,
}

/// A simulated world. It may be moved to a thread of its own; all that runs in it runs on the
/// thread that calls [`World::run_until`] and its like. Dropping it ends everything in it.
pub struct World {
    pub(crate) inner: Arc<Inner>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("now", &self.now())
            .field("machines", &self.inner.machines.lock().len())
            .finish_non_exhaustive()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.inner.calls.lock().clear();
        for machine in self.inner.machines.lock().iter() {
            machine.uninstall_all();
        }
        self.inner.kernel.shut_down();
    }
}

impl World {
    /// An empty world at time zero.
    pub fn new(config: WorldConfig) -> Self {
        let kernel = Kernel::new(kernel::Config {
            seed: config.seed,
            order: config.order,
            stalls: config.stalls,
            budget: config.budget,
            record: config.record,
        });
        let fabric = Fabric::new(&kernel, config.network);
        let inner = Arc::new_cyclic(|this: &Weak<Inner>| Inner {
            device: kernel.add_device(this.clone()),
            kernel,
            fabric,
            machines: Mutex::default(),
            observers: Observers::default(),
            config,
            dying: Mutex::default(),
            calls: Mutex::default(),
            calls_made: Mutex::default(),
            marks: Mutex::default(),
        });
        let weak: Weak<Inner> = Arc::downgrade(&inner);
        inner.kernel.set_supervisor(weak);
        Self { inner }
    }

    /// Adds a machine that is on and runs nothing. The network knows it by this name.
    pub fn add_machine(&self, name: &str) -> MachineId {
        let inner = &self.inner;
        let id = inner.kernel.add_node(name);
        let address = IpAddr::V4(Ipv4Addr::from(FIRST_ADDRESS + 1 + id.0));
        inner.fabric.attach(id, address);
        inner.fabric.set_name(name, vec![address]);
        let disk = inner.new_disk(name, 0);
        inner.machines.lock().push(Arc::new(Machine::new(id, name, disk)));
        inner.lifecycle(id, &Lifecycle::PoweredOn);
        id
    }

    /// True time.
    pub fn now(&self) -> Time {
        self.inner.kernel.now()
    }

    /// The hash of all that happened so far.
    pub fn hash(&self) -> TraceHash {
        self.inner.kernel.hash()
    }

    /// Takes the trace's entries, with words for most; none unless the configuration asked for them.
    pub fn take_trace(&self) -> Vec<(Entry, Option<String>)> {
        self.inner.kernel.take_trace()
    }

    /// Polls and timed events so far.
    pub fn counts(&self) -> (u64, u64) {
        self.inner.kernel.counts()
    }

    /// The engine: for leak counters and for foreign executors.
    pub fn kernel(&self) -> &Kernel {
        &self.inner.kernel
    }

    /// The network: rules, addresses, names.
    pub fn network(&self) -> &Arc<Fabric> {
        &self.inner.fabric
    }

    /// The machines, in the order of adding.
    pub fn machines(&self) -> Vec<MachineId> {
        self.inner.machines.lock().iter().map(|machine| machine.id).collect()
    }

    /// A machine's name.
    pub fn name(&self, machine: MachineId) -> Arc<str> {
        self.inner.machine(machine).name.clone()
    }

    /// The machine of this name.
    pub fn machine_named(&self, name: &str) -> Option<MachineId> {
        self.inner.machines.lock().iter().find(|it| &*it.name == name).map(|it| it.id)
    }

    /// A machine's own address.
    pub fn address(&self, machine: MachineId) -> IpAddr {
        self.inner.fabric.address(machine)
    }

    /// Looks at or changes a machine's disk: its faults, its fuse, its contents. Power is the
    /// machine's business ([`World::power_off`]), and `work` must not call the world.
    pub fn disk<T>(&self, machine: MachineId, work: impl FnOnce(&mut DiskModel) -> T) -> T {
        work(&mut self.inner.machine(machine).disk.lock())
    }

    /// From now on `observer` hears of every event.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.inner.observers.add(observer);
    }

    /// The rare paths that `sometimes!` marks reached so far, and how often.
    pub fn marks(&self) -> BTreeMap<&'static str, u64> {
        self.inner.marks.lock().clone()
    }

    /// The crash points that a machine passed so far, and how often: what can be armed.
    pub fn points(&self, machine: MachineId) -> BTreeMap<&'static str, u64> {
        self.inner.machine(machine).points.lock().passed.clone()
    }
}

impl Inner {
    pub(crate) fn machine(&self, id: MachineId) -> Arc<Machine> {
        self.machines.lock()[id.0 as usize].clone()
    }

    /// An empty disk; each of a machine's disks has chance of its own.
    pub(crate) fn new_disk(&self, name: &str, number: u64) -> DiskModel {
        let owner = key_of(name).wrapping_add(number);
        let mut disk = DiskModel::new(kernel::stream(self.config.seed, "disk", owner));
        disk.faults = self.config.disk.clone();
        disk
    }

    /// Tells of a change in a machine's or a process's life.
    pub(crate) fn lifecycle(&self, id: MachineId, change: &Lifecycle<'_>) {
        let machine = self.machine(id);
        let what = key_of(change.name());
        self.kernel.record(Some(id), LIFECYCLE, what, key_of(change.process()));
        self.kernel
            .note(|| format!("{} {}", change.name(), change.process()).trim_end().to_owned());
        let source = Source { machine: id, name: &machine.name, process: change.process() };
        self.observers.lifecycle(self.kernel.now(), &source, change);
    }
}

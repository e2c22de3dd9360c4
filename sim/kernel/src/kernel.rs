//! The kernel's state and its plain calls: nodes, boots, tasks, things due, the trace.

use crate::{
    Boot, Budget, Device, Entry, Kind, NodeId, Time, Timer, TraceHash,
    due::Due,
    external::External,
    node::Node,
    panics,
    schedule::{KILL, Schedule, WAKE_ALL},
    tasks::Woken,
};
use host::{Abort, BoxFuture};
use parking_lot::{Mutex, MutexGuard};
use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The order in which ready tasks are polled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the seed says.
    #[default]
    Random,
    /// As they were woken: finds fewer bugs, for comparison.
    Fifo,
}

/// Delays between a wake-up and the poll. Shuffling the queue alone finds next to no races.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stalls {
    /// How many of the wake-ups are delayed, 0 to 1.
    pub probability: f64,
    /// The longest delay; all up to it are equally likely.
    pub max: Duration,
}

impl Stalls {
    /// No wake-up is delayed.
    pub const NONE: Stalls = Stalls { probability: 0.0, max: Duration::ZERO };
}

impl Default for Stalls {
    fn default() -> Self {
        Self { probability: 0.02, max: Duration::from_millis(2) }
    }
}

/// How a kernel runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Config {
    /// Decides everything that is left open.
    pub seed: u64,
    /// Order of polling.
    pub order: Order,
    /// Delayed wake-ups.
    pub stalls: Stalls,
    /// Limits.
    pub budget: Budget,
    /// Keep the trace's entries and not only their hash (32 to 64 bytes each).
    pub record: bool,
}

/// Hears of processes that broke.
pub trait Supervisor: Send + Sync {
    /// A task panicked and is gone. The boot is condemned already; its other tasks are still there.
    fn panicked(&self, boot: &Boot, task: &'static str, message: &str);
}

/// Names a device for [`Kernel::schedule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceId(pub(crate) u32);

pub(crate) struct Core {
    /// Readable without the lock: it is asked for all the time.
    pub(crate) now: AtomicU64,
    pub(crate) state: Mutex<Schedule>,
    pub(crate) supervisor: Mutex<Option<Weak<dyn Supervisor>>>,
    pub(crate) devices: Mutex<Vec<Weak<dyn Device>>>,
    pub(crate) external: External,
    /// The trace keeps its entries.
    pub(crate) recording: bool,
    /// Real time once, as an opaque origin: what nodes count from it is virtual.
    pub(crate) std_origin: std::time::Instant,
}

/// One world's engine. Cheap to clone; all clones are the same kernel.
#[derive(Clone)]
pub struct Kernel(pub(crate) Arc<Core>);

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl Kernel {
    /// A kernel at time zero with nothing to do.
    pub fn new(config: Config) -> Self {
        #[cfg(feature = "interpose")]
        crate::interpose::draw_hash_keys(config.seed);
        let recording = config.record;
        Self(Arc::new(Core {
            recording,
            std_origin: std::time::Instant::now(),
            now: AtomicU64::new(0),
            state: Mutex::new(Schedule::new(config, Arc::new(Woken::default()))),
            supervisor: Mutex::new(None),
            devices: Mutex::new(Vec::new()),
            external: External::default(),
        }))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, Schedule> {
        self.0.state.lock()
    }

    /// True time.
    #[inline]
    pub fn now(&self) -> Time {
        Time(self.0.now.load(Ordering::Relaxed))
    }

    pub(crate) fn set_now(&self, now: Time) {
        self.0.now.store(now.0, Ordering::Relaxed);
    }

    /// The seed of this world.
    pub fn seed(&self) -> u64 {
        self.state().config.seed
    }

    /// Adds a node. Its name keys its chance, so names should be distinct.
    pub fn add_node(&self, name: &str) -> NodeId {
        let now = self.now();
        let mut state = self.state();
        let id = NodeId(u32::try_from(state.nodes.len()).expect("fewer than 2^32 nodes"));
        let node = Node::new(state.config.seed, name, now);
        state.nodes.push(node);
        id
    }

    /// The key that a node's chance is drawn by.
    pub fn node_key(&self, node: NodeId) -> u64 {
        self.state().nodes[node.0 as usize].key
    }

    /// A node's name.
    pub fn node_name(&self, node: NodeId) -> Arc<str> {
        self.state().nodes[node.0 as usize].name.clone()
    }

    /// Begins a life of a process.
    pub fn boot(&self, node: NodeId, process: &str) -> Boot {
        let mut state = self.state();
        state.boots += 1;
        Boot::new(state.boots, node, process.into())
    }

    /// Starts a task owned by `boot`. When that is dead, `work` is dropped at once.
    pub fn spawn(
        &self,
        boot: &Boot,
        name: &'static str,
        work: BoxFuture<'static, ()>,
    ) -> Arc<dyn Abort> {
        if !boot.is_alive() {
            drop(work);
            return Arc::new(TaskAbort { kernel: Weak::new(), id: None });
        }
        let id = self.state().spawn(self.now(), boot, name, work);
        Arc::new(TaskAbort { kernel: Arc::downgrade(&self.0), id: Some(id) })
    }

    /// Ends a boot and drops its tasks. Their destructors run here, unable to do anything.
    pub fn reap(&self, boot: &Boot) {
        boot.condemn();
        let dead = {
            let mut state = self.state();
            state.record(self.now(), Some(boot.node()), KILL, crate::key_of(boot.process()), 0);
            state.trace.note(|| boot.process().to_owned());
            state.tasks.extract(|slot| slot.boot.number() == boot.number())
        };
        self.drop_on(boot.node(), dead);
    }

    /// Drops what belongs to a node, as that node. A destructor's panic is ignored: its process is
    /// dying already.
    pub(crate) fn drop_on<T>(&self, node: NodeId, things: Vec<T>) {
        for thing in things {
            let _ = crate::context::on_node(node, || panics::caught(|| drop(thing)));
        }
    }

    /// Registers a device. It is held weakly.
    pub fn add_device(&self, device: Weak<dyn Device>) -> DeviceId {
        let mut devices = self.0.devices.lock();
        devices.push(device);
        DeviceId(u32::try_from(devices.len() - 1).expect("a handful of devices"))
    }

    /// Sets who hears of panics. It is held weakly.
    pub fn set_supervisor(&self, supervisor: Weak<dyn Supervisor>) {
        *self.0.supervisor.lock() = Some(supervisor);
    }

    /// Calls a device back at `at`, or now if that has passed.
    pub fn schedule(&self, at: Time, device: DeviceId, token: u64) -> Timer {
        self.push(at, Due::Device(device.0, token))
    }

    /// Makes [`Kernel::run`] return [`crate::Stop::Returned`] with `token` at `at`.
    pub fn return_at(&self, at: Time, token: u64) -> Timer {
        self.push(at, Due::Return(token))
    }

    pub(crate) fn push(&self, at: Time, due: Due) -> Timer {
        let timer = self.state().timeline.push(at.max(self.now()), due);
        self.0.external.scheduled(at);
        timer
    }

    /// Takes back something scheduled; nothing happens if it is too late.
    pub fn cancel(&self, timer: Timer) {
        let due = self.state().timeline.cancel(timer);
        drop(due);
    }

    /// Adds to the trace.
    pub fn record(&self, node: Option<NodeId>, kind: Kind, a: u64, b: u64) {
        self.state().record(self.now(), node, kind, a, b);
    }

    /// Words for the entry recorded last, for people who read a trace that is kept. They are no part
    /// of the hash.
    pub fn note(&self, words: impl FnOnce() -> String) {
        if self.0.recording {
            // They may ask the kernel for names: not under its lock.
            let words = words();
            self.state().trace.note(|| words);
        }
    }

    /// True when the trace's entries are kept.
    pub fn is_recording(&self) -> bool {
        self.0.recording
    }

    /// The hash of all that happened so far.
    pub fn hash(&self) -> TraceHash {
        self.state().trace.hash()
    }

    /// Takes the entries kept since the last call, with words for those that have some; none unless
    /// the configuration asked for them.
    pub fn take_trace(&self) -> Vec<(Entry, Option<String>)> {
        self.state().trace.take()
    }

    /// Polls and things fired so far.
    pub fn counts(&self) -> (u64, u64) {
        let state = self.state();
        (state.polls, state.fired)
    }

    /// Wakes every sleep of a node, for when its clock was changed: each looks at it anew.
    pub(crate) fn wake_sleeps(&self, node: NodeId) {
        let woken = {
            let mut state = self.state();
            state.record(self.now(), Some(node), WAKE_ALL, 0, 0);
            state.timeline.extract(|due| matches!(due, Due::Wake(of, _) if *of == node))
        };
        for due in woken {
            if let Due::Wake(_, waker) = due {
                waker.wake();
            }
        }
    }

    /// Drops every task and everything due. To be called when the world ends, as tasks hold it.
    pub fn shut_down(&self) {
        loop {
            let (tasks, due) = {
                let mut state = self.state();
                let state = &mut *state;
                (state.tasks.extract(|_| true), state.timeline.extract(|_| true))
            };
            if tasks.is_empty() && due.is_empty() {
                return;
            }
            for task in tasks {
                task.boot.condemn();
                self.drop_on(task.boot.node(), vec![task]);
            }
        }
    }
}

/// Cancels one task.
struct TaskAbort {
    kernel: Weak<Core>,
    id: Option<crate::tasks::TaskId>,
}

impl Abort for TaskAbort {
    fn abort(&self) {
        let (Some(core), Some(id)) = (self.kernel.upgrade(), self.id) else { return };
        // While the task is being polled its future is with the executor, which finds the slot gone
        // and drops it then.
        let task = core.state.lock().tasks.remove(id);
        drop(task);
    }
}

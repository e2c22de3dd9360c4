//! Who is polled next: ready tasks in seeded order, wake-ups that stall, CPUs that are slow.

use crate::{
    Boot, Config, Entry, Kind, NodeId, Order, Stuck, Time,
    chance::{Draw, mix},
    due::Due,
    limits::HotTask,
    node::Node,
    tasks::{Body, Slot, TaskId, TaskTable, Woken},
    time::nanos,
    timeline::Timeline,
    trace::Trace,
};
use host::BoxFuture;
use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

pub(crate) const SPAWN: Kind = Kind::new(1, "spawn");
pub(crate) const POLL: Kind = Kind::new(2, "poll");
pub(crate) const STALL: Kind = Kind::new(3, "stall");
pub(crate) const KILL: Kind = Kind::new(4, "kill");
pub(crate) const WAKE_ALL: Kind = Kind::new(5, "clock changed");
pub(crate) const PAUSE: Kind = Kind::new(6, "pause");
pub(crate) const RESUME: Kind = Kind::new(7, "resume");
pub(crate) const RANDOM: Kind = Kind::new(8, "random");

/// Everything behind the kernel's lock.
pub(crate) struct Schedule {
    pub(crate) config: Config,
    pub(crate) nodes: Vec<Node>,
    pub(crate) tasks: TaskTable,
    pub(crate) timeline: Timeline<Due>,
    pub(crate) trace: Trace,
    pub(crate) boots: u32,
    pub(crate) polls: u64,
    pub(crate) fired: u64,
    /// Polls and things fired since time last moved.
    pub(crate) steps_this_instant: u64,
    #[cfg(feature = "interpose")]
    pub(crate) leaks: crate::interpose::Leaks,
    #[cfg(feature = "interpose")]
    pub(crate) strict: bool,
    /// Lowest first. The number was drawn at the wake-up, from the task's own node's chance, so
    /// that the order among the tasks of some nodes does not depend on the others.
    ready: BinaryHeap<Reverse<(u64, TaskId)>>,
    enqueued: u64,
    woken: Arc<Woken>,
    scratch: Vec<TaskId>,
}

/// A task taken out to be polled.
pub(crate) struct Job {
    pub(crate) id: TaskId,
    pub(crate) node: NodeId,
    pub(crate) body: Body,
}

impl Schedule {
    pub(crate) fn new(config: Config, woken: Arc<Woken>) -> Self {
        Self {
            config,
            nodes: Vec::new(),
            tasks: TaskTable::new(),
            timeline: Timeline::new(),
            trace: Trace::new(config.seed, config.record),
            boots: 0,
            polls: 0,
            fired: 0,
            steps_this_instant: 0,
            #[cfg(feature = "interpose")]
            leaks: crate::interpose::Leaks::default(),
            #[cfg(feature = "interpose")]
            strict: false,
            ready: BinaryHeap::new(),
            enqueued: 0,
            woken,
            scratch: Vec::new(),
        }
    }

    pub(crate) fn record(&mut self, at: Time, node: Option<NodeId>, kind: Kind, a: u64, b: u64) {
        self.trace.add(Entry { at, node, kind, a, b });
    }

    pub(crate) fn spawn(
        &mut self,
        now: Time,
        boot: &Boot,
        name: &'static str,
        work: BoxFuture<'static, ()>,
    ) -> TaskId {
        let node = &mut self.nodes[boot.node().0 as usize];
        node.spawned += 1;
        let serial = node.spawned;
        let id = self.tasks.insert(&self.woken, work, |generation, body| {
            Slot::new(generation, body, boot.clone(), name, serial)
        });
        self.record(now, Some(boot.node()), SPAWN, crate::key_of(name), serial);
        self.trace.note(|| format!("{name} #{serial}"));
        self.woken.push(id);
        id
    }

    /// Moves what was woken since the last call on its way to being polled.
    pub(crate) fn admit_woken(&mut self, now: Time) {
        let mut woken = std::mem::take(&mut self.scratch);
        self.woken.take(&mut woken);
        for id in woken.drain(..) {
            self.admit(now, id);
        }
        self.scratch = woken;
    }

    fn admit(&mut self, now: Time, id: TaskId) {
        let Some(slot) = self.tasks.get_mut(id) else { return };
        if std::mem::replace(&mut slot.queued, true) {
            return;
        }
        let (node_id, name, name_key) = (slot.boot.node(), slot.name, slot.name_key);
        let node = &mut self.nodes[node_id.0 as usize];
        node.decisions += 1;
        let mut draw = Draw::keyed(mix(self.config.seed ^ node.key), node.decisions);
        let stalls = self.config.stalls;
        let mut at = now;
        if draw.happens(stalls.probability) {
            at = Time(now.0 + draw.below(nanos(stalls.max)));
            self.record(now, Some(node_id), STALL, name_key, at.0);
            self.trace.note(|| format!("{name} until {at}"));
        }
        let node = &mut self.nodes[node_id.0 as usize];
        if node.poll_cost > 0 {
            // A stalled task does not keep the CPU from the others.
            node.busy_until = Time(node.busy_until.max(now).0 + node.poll_cost);
            at = at.max(node.busy_until);
        }
        if at > now {
            self.timeline.push(at, Due::Task(id));
        } else {
            self.enqueue(id, draw.bits());
        }
    }

    /// A task whose stall is over.
    pub(crate) fn enqueue_delayed(&mut self, id: TaskId) {
        let Some(slot) = self.tasks.get_mut(id) else { return };
        let node = &mut self.nodes[slot.boot.node().0 as usize];
        node.decisions += 1;
        let bits = Draw::keyed(mix(self.config.seed ^ node.key), node.decisions).bits();
        self.enqueue(id, bits);
    }

    fn enqueue(&mut self, id: TaskId, drawn: u64) {
        let place = match self.config.order {
            Order::Random => drawn,
            Order::Fifo => self.enqueued,
        };
        self.enqueued += 1;
        self.ready.push(Reverse((place, id)));
    }

    /// Takes the next task to poll. Tasks of dead boots stay where they are until they are reaped.
    ///
    /// # Errors
    /// The budget is spent.
    pub(crate) fn next_job(&mut self, now: Time) -> Result<Option<Job>, Stuck> {
        self.admit_woken(now);
        while let Some(Reverse((_, id))) = self.ready.pop() {
            let Some(slot) = self.tasks.get_mut(id) else { continue };
            if !slot.boot.is_alive() {
                continue;
            }
            let node = slot.boot.node();
            if self.nodes[node.0 as usize].paused {
                self.nodes[node.0 as usize].parked.push(id);
                continue;
            }
            let Some(body) = slot.body.take() else { continue };
            // From here on a wake-up counts for the poll after this one.
            slot.queued = false;
            slot.polls += 1;
            let (name, name_key, serial) = (slot.name, slot.name_key, slot.serial);
            self.record(now, Some(node), POLL, name_key, serial);
            self.trace.note(|| format!("{name} #{serial}"));
            self.polls += 1;
            self.step(now)?;
            return Ok(Some(Job { id, node, body }));
        }
        Ok(None)
    }

    /// Counts one poll or one thing fired.
    ///
    /// # Errors
    /// The budget is spent.
    pub(crate) fn step(&mut self, now: Time) -> Result<(), Stuck> {
        let budget = self.config.budget;
        self.steps_this_instant += 1;
        let livelock = self.steps_this_instant > budget.steps_per_instant_max;
        if !livelock && self.polls + self.fired <= budget.steps_max {
            return Ok(());
        }
        let tasks = self.tasks.iter().map(|slot| HotTask {
            node: self.nodes[slot.boot.node().0 as usize].name.to_string(),
            process: slot.boot.process().to_owned(),
            task: slot.name,
            polls: slot.polls,
        });
        Err(Stuck::new(now, livelock, tasks.collect()))
    }

    pub(crate) fn pause(&mut self, now: Time, node: NodeId) {
        self.record(now, Some(node), PAUSE, 0, 0);
        self.nodes[node.0 as usize].paused = true;
    }

    /// Lets the node's tasks run again; those that were to run meanwhile are ready at once.
    pub(crate) fn resume(&mut self, now: Time, node: NodeId) {
        self.record(now, Some(node), RESUME, 0, 0);
        let node = &mut self.nodes[node.0 as usize];
        node.paused = false;
        for id in std::mem::take(&mut node.parked) {
            self.enqueue_delayed(id);
        }
    }
}

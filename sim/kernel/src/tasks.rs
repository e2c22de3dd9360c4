//! The table of tasks, and the queue through which wakers reach it.

use crate::Boot;
use host::BoxFuture;
use parking_lot::Mutex;
use slab::Slab;
use std::{
    sync::Arc,
    task::{Wake, Waker},
};

/// Names a task for as long as it exists; a later task in the same slot has another generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TaskId {
    index: u32,
    generation: u32,
}

/// What the executor takes out of the table to poll it.
pub(crate) struct Body {
    pub(crate) future: BoxFuture<'static, ()>,
    pub(crate) waker: Waker,
}

pub(crate) struct Slot {
    generation: u32,
    pub(crate) boot: Boot,
    pub(crate) name: &'static str,
    pub(crate) name_key: u64,
    /// Its number among the tasks of its node.
    pub(crate) serial: u64,
    pub(crate) polls: u64,
    /// It is on its way to being polled: ready, stalled or parked.
    pub(crate) queued: bool,
    /// Absent while the task is being polled.
    pub(crate) body: Option<Body>,
}

/// Tasks woken since the executor last looked. Wakers hold this and nothing else of the kernel, so
/// that waking never needs the kernel's lock.
#[derive(Debug, Default)]
pub(crate) struct Woken(Mutex<Vec<TaskId>>);

impl Woken {
    pub(crate) fn push(&self, id: TaskId) {
        self.0.lock().push(id);
    }

    /// Moves all of them into `into`, which must be empty.
    pub(crate) fn take(&self, into: &mut Vec<TaskId>) {
        std::mem::swap(&mut *self.0.lock(), into);
    }
}

struct TaskWaker {
    id: TaskId,
    woken: Arc<Woken>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.woken.push(self.id);
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.push(self.id);
    }
}

pub(crate) struct TaskTable {
    slots: Slab<Slot>,
    generation: u32,
}

impl TaskTable {
    pub(crate) fn new() -> Self {
        Self { slots: Slab::new(), generation: 0 }
    }

    pub(crate) fn insert(
        &mut self,
        woken: &Arc<Woken>,
        future: BoxFuture<'static, ()>,
        describe: impl FnOnce(u32, Body) -> Slot,
    ) -> TaskId {
        self.generation = self.generation.wrapping_add(1);
        let entry = self.slots.vacant_entry();
        let index = u32::try_from(entry.key()).expect("fewer than 2^32 tasks");
        let id = TaskId { index, generation: self.generation };
        let waker = Waker::from(Arc::new(TaskWaker { id, woken: woken.clone() }));
        entry.insert(describe(self.generation, Body { future, waker }));
        id
    }

    pub(crate) fn get_mut(&mut self, id: TaskId) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(id.index as usize)?;
        (slot.generation == id.generation).then_some(slot)
    }

    /// Takes a task out. The caller drops it, outside the kernel's lock.
    pub(crate) fn remove(&mut self, id: TaskId) -> Option<Slot> {
        self.get_mut(id)?;
        self.slots.try_remove(id.index as usize)
    }

    /// Takes out every task that `matches` accepts.
    pub(crate) fn extract(&mut self, matches: impl Fn(&Slot) -> bool) -> Vec<Slot> {
        let indices: Vec<usize> =
            self.slots.iter().filter(|(_, slot)| matches(slot)).map(|(index, _)| index).collect();
        indices.into_iter().filter_map(|index| self.slots.try_remove(index)).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().map(|(_, slot)| slot)
    }
}

impl Slot {
    pub(crate) fn new(
        generation: u32,
        body: Body,
        boot: Boot,
        name: &'static str,
        serial: u64,
    ) -> Self {
        let name_key = crate::key_of(name);
        let body = Some(body);
        Self { generation, boot, name, name_key, serial, polls: 0, queued: false, body }
    }
}

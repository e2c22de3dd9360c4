//! Who watches the world from outside: oracles, statistics, the runner's timeline.

use crate::MachineId;
use host::{Event, Level};
use kernel::Time;
use parking_lot::RwLock;
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// Where something came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// The machine.
    pub machine: MachineId,
    /// Its name.
    pub name: &'a str,
    /// The process's name; empty when it is about the machine.
    pub process: &'a str,
}

/// A change in the life of a machine or a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle<'a> {
    /// The machine has power.
    PoweredOn,
    /// The machine lost power, and what was not synced with it.
    PoweredOff,
    /// The machine has a new, empty disk.
    Reimaged,
    /// The machine's processes stand still.
    Paused,
    /// They go on.
    Resumed,
    /// A process began.
    Started {
        /// Its name.
        process: &'a str,
    },
    /// A process was killed.
    Killed {
        /// Its name.
        process: &'a str,
    },
    /// A process crashed at a point where it was told to.
    Crashed {
        /// Its name.
        process: &'a str,
        /// The point's name.
        point: &'static str,
    },
    /// A process's program returned.
    Exited {
        /// Its name.
        process: &'a str,
    },
    /// A process panicked, which is a bug of ours.
    Panicked {
        /// Its name.
        process: &'a str,
        /// The task that panicked.
        task: &'static str,
        /// What it said, and where in the source.
        message: &'a str,
    },
}

impl Lifecycle<'_> {
    /// A word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Lifecycle::PoweredOn => "powered on",
            Lifecycle::PoweredOff => "powered off",
            Lifecycle::Reimaged => "reimaged",
            Lifecycle::Paused => "paused",
            Lifecycle::Resumed => "resumed",
            Lifecycle::Started { .. } => "started",
            Lifecycle::Killed { .. } => "killed",
            Lifecycle::Crashed { .. } => "crashed",
            Lifecycle::Exited { .. } => "exited",
            Lifecycle::Panicked { .. } => "panicked",
        }
    }

    /// The process it is about; empty when it is about the machine.
    pub fn process(&self) -> &str {
        match self {
            Lifecycle::PoweredOn
            | Lifecycle::PoweredOff
            | Lifecycle::Reimaged
            | Lifecycle::Paused
            | Lifecycle::Resumed => "",
            Lifecycle::Started { process }
            | Lifecycle::Killed { process }
            | Lifecycle::Crashed { process, .. }
            | Lifecycle::Exited { process }
            | Lifecycle::Panicked { process, .. } => process,
        }
    }
}

/// Hears of everything at once and in order, and must change nothing in the world. It is called in
/// the midst of the process that tells: it cannot call the world back.
pub trait Observer: Send + Sync {
    /// A process told something.
    fn event(&self, at: Time, source: &Source<'_>, event: &Event<'_>);

    /// A machine or process began, ended or changed.
    fn lifecycle(&self, at: Time, source: &Source<'_>, change: &Lifecycle<'_>) {
        let _ = (at, source, change);
    }

    /// Which levels it wants to hear; by default all but [`Level::Debug`].
    fn wants(&self, level: Level) -> bool {
        level != Level::Debug
    }
}

/// The observers of a world, and which levels anyone of them wants.
#[derive(Default)]
pub(crate) struct Observers {
    all: RwLock<Vec<Arc<dyn Observer>>>,
    wanted: AtomicU8,
}

const LEVELS: [Level; 5] = [Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Fact];

impl Observers {
    pub(crate) fn add(&self, observer: Arc<dyn Observer>) {
        let wanted = LEVELS.into_iter().filter(|level| observer.wants(*level));
        let bits = wanted.fold(0, |bits, level| bits | 1 << level as u8);
        self.wanted.fetch_or(bits, Ordering::Relaxed);
        self.all.write().push(observer);
    }

    /// Errors are always wanted: they go into the trace's hash.
    pub(crate) fn want(&self, level: Level) -> bool {
        level == Level::Error || self.wanted.load(Ordering::Relaxed) & 1 << level as u8 != 0
    }

    pub(crate) fn event(&self, at: Time, source: &Source<'_>, event: &Event<'_>) {
        for observer in self.all.read().iter().filter(|it| it.wants(event.level)) {
            observer.event(at, source, event);
        }
    }

    pub(crate) fn lifecycle(&self, at: Time, source: &Source<'_>, change: &Lifecycle<'_>) {
        for observer in self.all.read().iter() {
            observer.lifecycle(at, source, change);
        }
    }
}

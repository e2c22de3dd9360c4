//! What a run may cost before it is called stuck.

use crate::Time;
use std::fmt;

/// How many of the busiest tasks an error names.
const HOT_TASKS_MAX: usize = 5;

/// Limits of one world. Reaching one is a finding, not a crash of the simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Polls and things fired, in all.
    pub steps_max: u64,
    /// Polls and things fired without virtual time moving: more is a livelock.
    pub steps_per_instant_max: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps_max: 2_000_000_000, steps_per_instant_max: 2_000_000 }
    }
}

/// A task that was polled often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HotTask {
    /// The node's name.
    pub node: String,
    /// The process's name.
    pub process: String,
    /// The task's name.
    pub task: &'static str,
    /// How often it was polled in its life.
    pub polls: u64,
}

/// The world ran on without getting anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// When.
    pub at: Time,
    /// True when time stood still; false when the run was merely too long.
    pub livelock: bool,
    /// The busiest tasks that are still there, busiest first.
    pub hottest: Vec<HotTask>,
}

impl Stuck {
    pub(crate) fn new(at: Time, livelock: bool, mut tasks: Vec<HotTask>) -> Self {
        tasks.sort_by_key(|task| std::cmp::Reverse(task.polls));
        tasks.truncate(HOT_TASKS_MAX);
        Self { at, livelock, hottest: tasks }
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.livelock { "livelock" } else { "the budget of steps is spent" };
        write!(f, "{what} at {}; busiest:", self.at)?;
        for HotTask { node, process, task, polls } in &self.hottest {
            write!(f, " {node}/{process}/{task} ({polls} polls)")?;
        }
        Ok(())
    }
}

impl std::error::Error for Stuck {}

//! Runs many seeds on all cores; what comes out does not depend on how many there are.

use crate::{
    catalogue::Story,
    engine,
    interrupt::Interrupt,
    progress::{Goal, Progress},
};
use record::{RunOptions, RunRecord, Verdict};
use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Instant,
};

/// One run to make: the n-th takes the n-th scenario in turn, and the n-th seed, so that no two runs
/// of a hunt share a seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    /// The scenarios, in turn.
    pub(crate) stories: &'a [Story],
    /// The first seed.
    pub(crate) from: u64,
    /// When to stop.
    pub(crate) goal: Goal,
    /// Runs at the same time; as many as there are cores when zero.
    pub(crate) jobs: usize,
    /// Stop at the first failure.
    pub(crate) first: bool,
    /// For the progress line.
    pub(crate) what: &'a str,
}

/// A run that was made.
#[derive(Debug)]
pub(crate) struct Done {
    /// Which run, from zero.
    pub(crate) index: u64,
    /// Its scenario's place among the stories.
    pub(crate) story: usize,
    /// What it left, but for the timeline, trace and history of runs in which nothing was found.
    pub(crate) record: RunRecord,
}

/// Makes the runs and hands each to `each` in the order of their numbers.
pub(crate) fn run(plan: Plan<'_>, interrupt: &Interrupt, mut each: impl FnMut(Done)) -> Progress {
    let mut progress = Progress::start(plan.goal);
    let (count, deadline) = match plan.goal {
        Goal::Count(count) => (count, None),
        Goal::Time(time) => (u64::MAX, Instant::now().checked_add(time)),
    };
    let queue = Queue { next: AtomicU64::new(0), last: AtomicU64::new(count), deadline };
    let (sender, receiver) = mpsc::sync_channel(64);
    thread::scope(|scope| {
        for _ in 0..jobs(plan.jobs) {
            let (sender, queue, plan) = (sender.clone(), &queue, &plan);
            scope.spawn(move || work(plan, queue, interrupt, &sender));
        }
        drop(sender);
        in_order(&receiver, &queue.last, &mut progress, plan.what, &mut each);
    });
    progress.clear();
    progress
}

/// What the workers share.
#[derive(Debug)]
struct Queue {
    /// The number of the next run.
    next: AtomicU64,
    /// No run from this number on.
    last: AtomicU64,
    /// No run from this moment on.
    deadline: Option<Instant>,
}

fn work(plan: &Plan<'_>, queue: &Queue, interrupt: &Interrupt, sender: &mpsc::SyncSender<Done>) {
    let late = || queue.deadline.is_some_and(|deadline| Instant::now() >= deadline);
    while !interrupt.asked() && !late() {
        let index = queue.next.fetch_add(1, Ordering::Relaxed);
        if index >= queue.last.load(Ordering::Relaxed) {
            break;
        }
        let done = one(plan, index);
        if plan.first && done.record.verdict != Verdict::Kept {
            // Runs with smaller numbers are finished: the first failure is the same however many
            // run at once.
            queue.last.fetch_min(index + 1, Ordering::Relaxed);
        }
        if sender.send(done).is_err() {
            break;
        }
    }
}

fn one(plan: &Plan<'_>, index: u64) -> Done {
    let story = usize::try_from(index % plan.stories.len() as u64).unwrap_or(0);
    let seed = plan.from.wrapping_add(index);
    let mut record = engine::run(&plan.stories[story].scenario, seed, RunOptions::default());
    if record.verdict == Verdict::Kept {
        record.timeline = record::Timeline::default();
        record.trace = Vec::new();
        record.history = None;
    }
    Done { index, story, record }
}

fn in_order(
    receiver: &mpsc::Receiver<Done>,
    last: &AtomicU64,
    progress: &mut Progress,
    what: &str,
    each: &mut impl FnMut(Done),
) {
    let mut waiting = BTreeMap::new();
    let (mut next, mut runs, mut found) = (0, 0, 0);
    for done in receiver {
        runs += 1;
        found += usize::from(done.record.verdict != Verdict::Kept);
        waiting.insert(done.index, done);
        while let Some(done) = waiting.remove(&next) {
            next += 1;
            if done.index < last.load(Ordering::Relaxed) {
                each(done);
            }
        }
        progress.show(what, runs, found);
    }
    // Interrupted: what is left has gaps before it, and is still worth telling.
    let limit = last.load(Ordering::Relaxed);
    waiting.into_values().filter(|done| done.index < limit).for_each(each);
}

/// How many runs at once.
pub(crate) fn jobs(asked: usize) -> usize {
    if asked > 0 { asked } else { thread::available_parallelism().map_or(1, usize::from) }
}

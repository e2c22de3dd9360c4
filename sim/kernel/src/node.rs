//! One machine as the kernel sees it: a clock, a CPU that may be slow or stopped, and chance.

use crate::{LocalClock, Time, chance, tasks::TaskId};
use host::Instant;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// A machine's monotonic clock starts anywhere in its first days, so that nobody compares two.
const ORIGIN_NS_MAX: u64 = 1_000_000_000_000_000;

/// Names a node: its index in the order of adding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: Arc<str>,
    /// The name as a number: what chance is keyed by.
    pub(crate) key: u64,
    pub(crate) clock: LocalClock,
    /// What programs draw from through their host.
    pub(crate) random: ChaCha8Rng,
    /// Decisions of the scheduler made for this node so far.
    pub(crate) decisions: u64,
    /// Tasks started on this node so far.
    pub(crate) spawned: u64,
    pub(crate) paused: bool,
    /// Tasks that were to run while the node was paused.
    pub(crate) parked: Vec<TaskId>,
    /// What one poll costs in virtual time; zero on a CPU of normal speed.
    pub(crate) poll_cost: u64,
    /// When the CPU will have done what was asked of it so far.
    pub(crate) busy_until: Time,
    power_ons: u64,
    seed: u64,
}

impl Node {
    pub(crate) fn new(seed: u64, name: &str, now: Time) -> Self {
        let key = chance::key_of(name);
        let mut node = Self {
            name: name.into(),
            key,
            clock: LocalClock::started(now, Instant(0)),
            random: chance::stream(seed, "host random", key),
            decisions: 0,
            spawned: 0,
            paused: false,
            parked: Vec::new(),
            poll_cost: 0,
            busy_until: Time::ZERO,
            power_ons: 0,
            seed,
        };
        node.restart_clock(now);
        node
    }

    /// What a power cycle does: the monotonic clock starts from another origin, wall time is right.
    pub(crate) fn restart_clock(&mut self, now: Time) {
        self.power_ons += 1;
        let mut draw = chance::Draw::keyed(self.seed ^ self.key, self.power_ons);
        self.clock = LocalClock::started(now, Instant(draw.below(ORIGIN_NS_MAX)));
    }
}

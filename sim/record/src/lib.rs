//! What a run leaves behind: verdict, hash, timeline, counts and evidence, as plain data.
//!
//! Written by whoever runs a scenario, read by the reports. Everything here is a function of the
//! scenario and the seed, so that its JSON is the same byte for byte wherever the run happened:
//! real time, paths and process numbers have no place in it. All times are nanoseconds of simulated
//! time since the run began.

mod hexadecimal;
mod timeline;
mod verdict;

pub use timeline::{Band, BandKind, Lane, LaneKind, Mark, MarkKind, Message, Timeline, TraceLine};
pub use verdict::{Broken, Fail, Verdict};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that one run leaves behind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct RunRecord {
    /// The scenario's title.
    pub title: String,
    /// The seed; in JSON a hexadecimal text, since JSON's readers round large numbers.
    #[serde(with = "hexadecimal")]
    pub seed: u64,
    /// The trace's hash, in hexadecimal: two runs with the same hash did the same things.
    pub hash: String,
    /// How it ended.
    pub verdict: Verdict,
    /// How long the run was, in nanoseconds of simulated time.
    pub simulated_nanos: u64,
    /// How many things happened: polls of tasks and timed events.
    pub events: u64,
    /// Counts by name: operations, elections, messages, faults struck and refused…
    pub counters: BTreeMap<String, u64>,
    /// How often each rare state was reached. A hunt lists those never reached.
    pub sometimes: BTreeMap<String, u64>,
    /// Machines, what was wrong with them and what they did.
    pub timeline: Timeline,
    /// The trace in fixed columns: all of it where the run was asked to keep it, else the end.
    pub trace: Vec<TraceLine>,
    /// What clients asked and saw, in whatever form the oracles keep it. Absent where no one kept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<serde_json::Value>,
}

/// The counter of clock reads that went round the host: answered in virtual time, and to be mended.
pub const CLOCK_LEAKS: &str = "leaks: clock reads";
/// The counter of random draws that went round the host: answered from the seed, and to be mended.
pub const RANDOM_LEAKS: &str = "leaks: random draws";

/// How to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// Keep the whole trace and the history, not only their end.
    pub keep: bool,
    /// Stop at this simulated time, in nanoseconds, whatever has happened by then.
    pub until_nanos: Option<u64>,
}

impl RunRecord {
    /// An empty record: nothing happened and every promise was kept.
    pub fn new(title: &str, seed: u64) -> Self {
        Self {
            title: title.to_owned(),
            seed,
            hash: String::new(),
            verdict: Verdict::Kept,
            simulated_nanos: 0,
            events: 0,
            counters: BTreeMap::new(),
            sometimes: BTreeMap::new(),
            timeline: Timeline::default(),
            trace: Vec::new(),
            history: None,
        }
    }

    /// Adds to a count.
    pub fn count(&mut self, name: &str, by: u64) {
        *self.counters.entry(name.to_owned()).or_default() += by;
    }

    /// How many faults struck.
    pub fn strikes(&self) -> usize {
        self.timeline.bands.iter().filter(|band| band.kind == BandKind::Fault).count()
    }
}

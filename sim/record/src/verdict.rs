//! How a run ended.

use serde::{Deserialize, Serialize};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Every promise was kept.
    Kept,
    /// Something is wrong.
    Failed(Broken),
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Broken {
    /// Which kind of wrong.
    pub kind: Fail,
    /// The oracle that says so; for a crash the task or machine, empty when nobody knows.
    pub oracle: String,
    /// When, in nanoseconds.
    pub at_nanos: u64,
    /// How many things had happened by then, as [`crate::RunRecord::events`].
    pub event: u64,
    /// The lane of the machine where it showed, if it was one.
    pub lane: Option<usize>,
    /// The evidence: a sentence, then as many lines as it takes.
    pub evidence: Vec<String>,
}

/// Which kind of wrong. Each has an exit code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fail {
    /// An oracle says that a promise was broken.
    Promise,
    /// Our own code panicked or reported a bug of its own.
    Crash,
    /// After all faults healed, the cluster did not come back within the time allowed.
    NoConvergence,
    /// The same seed did different things.
    NotDeterministic,
}

impl Verdict {
    /// What is wrong, if anything is.
    pub fn broken(&self) -> Option<&Broken> {
        match self {
            Verdict::Kept => None,
            Verdict::Failed(broken) => Some(broken),
        }
    }

    /// True for two failures that are the same bug as far as anyone can tell from outside.
    pub fn same_as(&self, other: &Verdict) -> bool {
        match (self.broken(), other.broken()) {
            (None, None) => true,
            (Some(a), Some(b)) => a.kind == b.kind && a.oracle == b.oracle,
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

impl Broken {
    /// A failure of a kind, named and explained; where and when can be filled in after.
    pub fn new(kind: Fail, oracle: &str, evidence: impl Into<String>) -> Self {
        let evidence = evidence.into().lines().map(str::to_owned).collect();
        Self { kind, oracle: oracle.to_owned(), at_nanos: 0, event: 0, lane: None, evidence }
    }
}

//! Reads and writes behave as one store that does one thing at a time, in real-time order.
//!
//! etcd hands out a witness: `header.revision`. [`plan`] orders the operations by it, [`replay`]
//! runs the reference store through that order and finds an author for every revision that no
//! answer claims, and [`realtime`] holds the order against the clock. [`search`] needs no witness,
//! is exponential, and exists to check the first three and histories without revisions.

mod evidence;
mod plan;
mod realtime;
mod replay;
pub mod search;
mod sightings;

pub(crate) use plan::is_linearizable;

use crate::{
    Broken, Kind, Observation, Oracle,
    history::{Event, History, LeaseId, Operation, Revision, Time},
};

/// Every revision of the store and who made it.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// One entry for each revision from 2 on, without a gap.
    pub log: Vec<Change>,
    /// Why nothing is said of what comes after the last entry: unknown outcomes left too many
    /// possibilities.
    pub undecided: Option<String>,
    /// The first revision at which something else may have happened as well: no client saw it, and
    /// what follows in the log is one explanation among several.
    pub doubtful: Option<Revision>,
}

/// What happened at one revision.
#[derive(Clone, Debug)]
pub struct Change {
    /// The revision.
    pub revision: Revision,
    /// What happened, in the order of a watch, each with its `prev_kv`.
    pub events: Vec<Event>,
    /// Whose doing it was.
    pub author: Author,
}

/// Whose doing a revision was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The operation with this place in the history.
    Operation(usize),
    /// A lease that ran out, or was revoked by a request without an answer.
    LeaseEnd(LeaseId),
    /// A server-side recipe: the operation with this place in the history.
    Recipe(usize),
}

impl Resolved {
    /// The changes before the first doubt: these happened, and nothing else did.
    pub fn certain(&self) -> &[Change] {
        let doubtful = self.doubtful.unwrap_or(Revision::MAX);
        &self.log[..self.log.partition_point(|change| change.revision < doubtful)]
    }

    /// The changes from a revision on.
    pub fn from(&self, revision: Revision) -> &[Change] {
        let start = self.log.partition_point(|change| change.revision < revision);
        &self.log[start..]
    }
}

/// Finds the order in which the operations of a history took effect, or says why there is none.
pub fn resolve(history: &History) -> Result<Resolved, Broken> {
    let plan = plan::Plan::new(history)?;
    let resolved = replay::replay(&plan)?;
    realtime::check(&plan, &resolved)?;
    Ok(resolved)
}

/// True when one order explains all that operations answered and all that watches showed.
pub(crate) fn explains_watches(history: &History) -> bool {
    plan::Plan::new(history).is_ok_and(|plan| replay::explains_watches(&plan))
}

/// Strict serializability of all requests for keys, and no revision used twice.
#[derive(Debug, Default)]
pub struct KvStrictSerializable;

impl Oracle for KvStrictSerializable {
    const NAME: &'static str = "kv_strict_serializable";
    const KIND: Kind = Kind::History;
    const PROMISE: &'static str = "KV operations are strictly serializable: no acknowledged write \
        is lost, real-time order is kept, one revision is one change";
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::History(record) => record.resolved().map(drop).map_err(Clone::clone),
            Observation::Fact(_) | Observation::World { .. } => Ok(()),
        }
    }
}

/// A broken promise, shown by operations.
pub(crate) fn broken<'a>(
    at: Time,
    text: String,
    operations: impl IntoIterator<Item = &'a Operation>,
) -> Broken {
    operations.into_iter().fold(Broken::new(at, text), |broken, operation| {
        broken.with(serde_json::to_string(operation).unwrap_or_default())
    })
}

/// A moment by which the operation was over, for the report.
pub(crate) fn end_of(operation: &Operation) -> Time {
    operation.returned().unwrap_or(operation.called)
}

//! Lays a history out by revision: who claims to have written it, who claims to have seen it.

use std::collections::BTreeMap;

use crate::{
    Broken,
    history::{History, Operation, Outcome, Request, Revision, Time},
    kv::{broken, end_of, evidence::Evidence},
    model::claims_change,
};

/// A history in the order of its revisions.
pub(crate) struct Plan<'a> {
    pub(crate) history: &'a History,
    /// The last revision that anybody has seen.
    pub(crate) last: Revision,
    /// Operations whose answer says that they made the revision.
    pub(crate) writers: BTreeMap<Revision, usize>,
    /// Answered operations that must agree with the store as it is at the revision; sorted.
    pub(crate) views: Vec<(Revision, usize)>,
    /// Requests for changes without an answer, by the time of their call.
    pub(crate) unknown: Vec<usize>,
    /// Server-side recipes, which may have written.
    pub(crate) recipes: Vec<usize>,
    /// What is known of revisions without a writer.
    pub(crate) evidence: BTreeMap<Revision, Evidence>,
    /// `(revision, time)`: by then somebody had seen this or a later revision; sorted.
    seen: Vec<(Revision, Time)>,
}

impl<'a> Plan<'a> {
    /// Fails when two operations claim the same revision.
    pub(crate) fn new(history: &'a History) -> Result<Self, Broken> {
        let mut plan = Self {
            history,
            last: 1,
            writers: BTreeMap::new(),
            views: Vec::new(),
            unknown: Vec::new(),
            recipes: Vec::new(),
            evidence: BTreeMap::new(),
            seen: Vec::new(),
        };
        for index in 0..history.operations.len() {
            plan.place(index)?;
        }
        plan.watches();
        plan.views.sort_by_key(|&(at, index)| (at, history.operations[index].called));
        plan.unknown.sort_by_key(|&index| history.operations[index].called);
        plan.settle_seen();
        plan.evidence = Evidence::gather(history, |revision| plan.writers.contains_key(&revision));
        Ok(plan)
    }

    pub(crate) fn operation(&self, index: usize) -> &'a Operation {
        &self.history.operations[index]
    }

    /// The first time at which somebody had seen this revision or a later one.
    pub(crate) fn seen(&self, revision: Revision) -> Time {
        let start = self.seen.partition_point(|&(seen, _)| seen < revision);
        self.seen.get(start).map_or(Time::MAX, |&(_, at)| at)
    }

    /// Recipes that may have written by the time the revision was seen.
    pub(crate) fn recipes_before(&self, seen: Time) -> impl Iterator<Item = usize> {
        self.recipes.iter().copied().filter(move |&index| self.operation(index).called <= seen)
    }

    fn place(&mut self, index: usize) -> Result<(), Broken> {
        let operation = self.operation(index);
        if matches!(operation.request, Request::Recipe { .. })
            && !matches!(operation.outcome, Outcome::Refused { .. })
        {
            self.recipes.push(index);
        }
        match &operation.outcome {
            Outcome::Answered { returned, revision, response } if has_view(&operation.request) => {
                self.see(*revision, *returned);
                let change = claims_change(&operation.request, response) == Some(true);
                if change { self.claim(*revision, index) } else { self.view(*revision, index) }
            }
            Outcome::Unknown { .. } if may_write(&operation.request) => {
                self.unknown.push(index);
                Ok(())
            }
            Outcome::Answered { .. } | Outcome::Unknown { .. } | Outcome::Refused { .. } => Ok(()),
        }
    }

    fn claim(&mut self, revision: Revision, index: usize) -> Result<(), Broken> {
        let Some(other) = self.writers.insert(revision, index) else { return Ok(()) };
        let operations = [self.operation(other), self.operation(index)];
        let at = operations.into_iter().map(end_of).max().unwrap_or_default();
        Err(broken(at, format!("two changes carry revision {revision}"), operations))
    }

    fn view(&mut self, header: Revision, index: usize) -> Result<(), Broken> {
        let operation = self.operation(index);
        let asked = match &operation.request {
            Request::Range(range) if range.revision > 0 => range.revision,
            _ => header,
        };
        if asked > header {
            let text = format!("revision {asked} was shown when the store stood at {header}");
            return Err(broken(end_of(operation), text, [operation]));
        }
        self.views.push((asked, index));
        Ok(())
    }

    fn watches(&mut self) {
        let responses = self.history.watches.iter().flat_map(|watch| &watch.responses);
        for response in responses {
            if let Some(event) = response.events.last() {
                self.see(event.kv.modified, response.at);
            }
        }
    }

    fn see(&mut self, revision: Revision, at: Time) {
        self.last = self.last.max(revision);
        self.seen.push((revision, at));
    }

    fn settle_seen(&mut self) {
        self.seen.sort_unstable();
        let mut earliest = Time::MAX;
        for (_, at) in self.seen.iter_mut().rev() {
            earliest = earliest.min(*at);
            *at = earliest;
        }
    }
}

/// True when the answer says how the store looked at `header.revision`.
fn has_view(request: &Request) -> bool {
    match request {
        Request::Put(_)
        | Request::Delete(_)
        | Request::Range(_)
        | Request::Txn(_)
        | Request::Compact { .. }
        | Request::LeaseGrant { .. }
        | Request::LeaseRevoke { .. } => true,
        Request::LeaseKeepAlive { .. }
        | Request::LeaseTimeToLive { .. }
        | Request::Recipe { .. }
        | Request::Auth(_)
        | Request::Admin(_)
        | Request::Other { .. } => false,
    }
}

/// True when the answer must also fit the clock: it went through the quorum.
pub(crate) fn is_linearizable(request: &Request) -> bool {
    match request {
        Request::Range(range) => !range.serializable,
        Request::Txn(txn) => !txn.success.iter().chain(&txn.failure).all(is_serializable_read),
        other => has_view(other),
    }
}

// Upstream's isTxnSerializable: such a transaction is answered by the member at hand.
fn is_serializable_read(request: &Request) -> bool {
    match request {
        Request::Range(range) => range.serializable,
        Request::Txn(txn) => txn.success.iter().chain(&txn.failure).all(is_serializable_read),
        _ => false,
    }
}

fn may_write(request: &Request) -> bool {
    match request {
        Request::Put(_) | Request::Delete(_) => true,
        Request::Txn(txn) => txn.success.iter().chain(&txn.failure).any(may_write),
        // A lease that ends without an answer needs no request: see `Author::LeaseEnd`.
        Request::LeaseRevoke { .. }
        | Request::Range(_)
        | Request::Compact { .. }
        | Request::LeaseGrant { .. }
        | Request::LeaseKeepAlive { .. }
        | Request::LeaseTimeToLive { .. }
        | Request::Recipe { .. }
        | Request::Auth(_)
        | Request::Admin(_)
        | Request::Other { .. } => false,
    }
}

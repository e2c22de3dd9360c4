//! Linearizability by trying: exact, exponential, and in need of no revision as a witness.
//!
//! Wing and Gong's search with Lowe's memory of visited states, as in Porcupine. It judges small
//! histories to check the fast path, and histories whose answers carry no revision, key by key
//! (linearizability is local: a history is linearizable when it is so for each key).

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    history::{History, KeyValue, Operation, Outcome, Request, Response, Time},
    kv::{plan::is_linearizable, replay::agrees},
    model::Store,
};

/// What of an answer is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All of it, `header.revision` too.
    Revisions,
    /// Keys, values and versions; revisions mean nothing in a part of a history.
    Values,
}

/// What the search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Some order of the operations explains every answer.
    Linearizable,
    /// None does.
    Illegal,
    /// More states than [`STATES_MAX`], or more operations than [`OPERATIONS_MAX`].
    TooLarge,
}

/// Most states to visit.
pub const STATES_MAX: usize = 200_000;
/// Most operations of one search.
pub const OPERATIONS_MAX: usize = 64;

/// Judges the linearizable operations of a history as one.
pub fn search(history: &History, sight: Sight) -> Verdict {
    let operations: Vec<&Operation> = history.operations.iter().filter(|op| judged(op)).collect();
    if operations.len() > OPERATIONS_MAX {
        return Verdict::TooLarge;
    }
    Search { operations, sight, visited: BTreeSet::new() }.run()
}

/// Judges each key by itself, from values alone. Operations on several keys are left out.
pub fn search_by_key(history: &History) -> Verdict {
    let mut parts = BTreeMap::<&str, History>::new();
    for operation in &history.operations {
        if let Some(key) = only_key(&operation.request) {
            parts.entry(key).or_default().operations.push(operation.clone());
        }
    }
    let verdicts = parts.values().map(|part| search(part, Sight::Values));
    verdicts.fold(Verdict::Linearizable, |worst, verdict| match (worst, verdict) {
        (Verdict::Illegal, _) | (_, Verdict::Illegal) => Verdict::Illegal,
        (Verdict::TooLarge, _) | (_, Verdict::TooLarge) => Verdict::TooLarge,
        (Verdict::Linearizable, Verdict::Linearizable) => Verdict::Linearizable,
    })
}

struct Search<'a> {
    operations: Vec<&'a Operation>,
    sight: Sight,
    visited: BTreeSet<(u64, Store)>,
}

impl Search<'_> {
    fn run(&mut self) -> Verdict {
        let mut open = vec![(0_u64, Store::default())];
        while let Some((done, store)) = open.pop() {
            if self.all_answered(done) {
                return Verdict::Linearizable;
            }
            if !self.visited.insert((done, store.clone())) {
                continue;
            }
            if self.visited.len() > STATES_MAX {
                return Verdict::TooLarge;
            }
            for index in self.next(done) {
                let mut after = store.clone();
                if self.explains(index, &mut after) {
                    open.push((done | 1 << index, after));
                }
            }
        }
        Verdict::Illegal
    }

    fn all_answered(&self, done: u64) -> bool {
        let mut left = self.operations.iter().enumerate().filter(|(i, _)| done & (1 << i) == 0);
        left.all(|(_, operation)| operation.returned().is_none())
    }

    /// Operations that no other remaining one must precede.
    fn next(&self, done: u64) -> Vec<usize> {
        let left = |index: &usize| done & (1 << index) == 0;
        let left: Vec<usize> = (0..self.operations.len()).filter(left).collect();
        let first_return: Time = left
            .iter()
            .filter_map(|&index| self.operations[index].returned())
            .min()
            .unwrap_or(Time::MAX);
        let starts = |index: &usize| self.operations[*index].called <= first_return;
        left.into_iter().filter(starts).collect()
    }

    fn explains(&self, index: usize, store: &mut Store) -> bool {
        let operation = self.operations[index];
        let outcome = store.execute(&operation.request);
        match (&operation.outcome, outcome) {
            (Outcome::Unknown { .. }, outcome) => outcome.is_ok(),
            (Outcome::Answered { revision, response, .. }, Ok((wanted, _))) => match self.sight {
                Sight::Revisions => store.revision == *revision && agrees(&wanted, response),
                Sight::Values => agrees(&blind(&wanted), &blind(response)),
            },
            (Outcome::Answered { .. } | Outcome::Refused { .. }, _) => false,
        }
    }
}

fn judged(operation: &Operation) -> bool {
    is_linearizable(&operation.request) && !matches!(operation.outcome, Outcome::Refused { .. })
}

/// The answer without what depends on other keys.
fn blind(response: &Response) -> Response {
    let mut response = response.clone();
    let strip = |kv: &mut KeyValue| (kv.create, kv.modified) = (0, 0);
    match &mut response {
        Response::Put { prev_kv } => prev_kv.iter_mut().for_each(strip),
        Response::Delete { prev_kvs, .. } => prev_kvs.iter_mut().for_each(strip),
        Response::Range { kvs, .. } => kvs.iter_mut().for_each(strip),
        Response::Txn { .. }
        | Response::LeaseGrant { .. }
        | Response::LeaseKeepAlive { .. }
        | Response::LeaseTimeToLive { .. }
        | Response::Told(_)
        | Response::Done => {}
    }
    response
}

fn only_key(request: &Request) -> Option<&str> {
    match request {
        Request::Put(put) if put.lease == 0 => Some(&put.key),
        Request::Delete(delete) if delete.range_end.is_empty() => Some(&delete.key),
        Request::Range(range) if range.range_end.is_empty() && range.revision == 0 => {
            Some(&range.key)
        }
        _ => None,
    }
}

//! What was over before something began also came before it: the order of revisions against time.

use crate::{
    Broken,
    history::{Operation, Outcome, Refusal, Request, Revision, Time},
    kv::{Author, Resolved, broken, end_of, plan::Plan, plan::is_linearizable},
};

/// A place in the order: the writer of a revision comes before those who saw it.
type Place = (Revision, u8);
const WRITER: u8 = 0;
const READER: u8 = 1;

/// Fails when an answer came from before something that the client could already know of.
pub(crate) fn check(plan: &Plan<'_>, resolved: &Resolved) -> Result<(), Broken> {
    // Beyond an undecided revision it is not known who wrote what.
    let known = resolved.log.last().map_or(1, |change| change.revision);
    let decided = if resolved.undecided.is_some() { known } else { Revision::MAX };
    across_clients(plan, resolved, decided)?;
    within_sessions(plan)?;
    compactions(plan)
}

fn across_clients(plan: &Plan<'_>, resolved: &Resolved, decided: Revision) -> Result<(), Broken> {
    let mut floor = Floor::default();
    for (index, operation) in plan.history.operations.iter().enumerate() {
        let Some((returned, revision)) = header(operation) else { continue };
        let place = match is_linearizable(&operation.request) {
            true => place(plan, resolved, index, revision),
            // A read that may be stale still proves that its revision was there.
            false => (revision, WRITER),
        };
        floor.raise(returned, place, Some(index));
    }
    for watch in &plan.history.watches {
        for response in &watch.responses {
            if let Some(event) = response.events.last() {
                floor.raise(response.at, (event.kv.modified, WRITER), None);
            }
        }
    }
    let operations = plan.history.operations.iter().enumerate();
    let judged = operations.filter(|(_, operation)| is_linearizable(&operation.request));
    floor.sweep(plan, judged, |index, (reached, by), operation| match &operation.outcome {
        Outcome::Answered { revision, .. } => {
            let own = place(plan, resolved, index, *revision);
            let early = own < reached && own.0 <= decided;
            if early { Err(stale(plan, operation, own, reached, by)) } else { Ok(()) }
        }
        Outcome::Refused { .. } => refused(operation, reached.0),
        Outcome::Unknown { .. } => Ok(()),
    })
}

/// The revision never goes back on one connection, also for reads that may be stale.
fn within_sessions(plan: &Plan<'_>) -> Result<(), Broken> {
    let mut sessions = std::collections::BTreeMap::<u32, Vec<usize>>::new();
    for (index, operation) in plan.history.operations.iter().enumerate() {
        if operation.session != 0 && header(operation).is_some() {
            sessions.entry(operation.session).or_default().push(index);
        }
    }
    for indices in sessions.into_values() {
        let mut floor = Floor::default();
        for &index in &indices {
            if let Some((returned, revision)) = header(plan.operation(index)) {
                floor.raise(returned, (revision, WRITER), Some(index));
            }
        }
        let operations = indices.iter().map(|&index| (index, plan.operation(index)));
        floor.sweep(plan, operations, |_, (reached, by), operation| match header(operation) {
            Some((_, revision)) if revision < reached.0 => {
                Err(stale(plan, operation, (revision, READER), reached, by))
            }
            _ => Ok(()),
        })?;
    }
    Ok(())
}

/// What was compacted before the call is refused, and nothing else is.
fn compactions(plan: &Plan<'_>) -> Result<(), Broken> {
    let mut floor = Floor::default();
    let mut wished = Floor::default();
    for (index, operation) in plan.history.operations.iter().enumerate() {
        let Request::Compact { revision } = operation.request else { continue };
        match operation.outcome {
            Outcome::Answered { returned, .. } => {
                floor.raise(returned, (revision, WRITER), Some(index));
            }
            Outcome::Unknown { .. } | Outcome::Refused { .. } => {}
        }
        wished.raise(operation.called, (revision, WRITER), Some(index));
    }
    let reads = || plan.history.operations.iter().enumerate().filter(|(_, op)| asked(op) > 0);
    floor.sweep(plan, reads(), |_, (compacted, by), operation| {
        let answered = matches!(operation.outcome, Outcome::Answered { .. });
        if answered && is_linearizable(&operation.request) && asked(operation) < compacted.0 {
            let text = format!("revision {} was shown after its compaction", asked(operation));
            let compaction = by.map(|index| plan.operation(index));
            return Err(broken(end_of(operation), text, compaction.into_iter().chain([operation])));
        }
        Ok(())
    })?;
    if plan.history.auto_compaction {
        return Ok(());
    }
    wished.raises.sort_unstable();
    for (_, operation) in reads() {
        let Outcome::Refused { error: Refusal::Compacted, returned, .. } = operation.outcome else {
            continue;
        };
        let known = wished.raises.iter().take_while(|(at, ..)| *at <= returned);
        if known.map(|(_, place, _)| place.0).max().unwrap_or(0) <= asked(operation) {
            let text = "the revision was refused as compacted, and nobody had compacted it".into();
            return Err(broken(returned, text, [operation]));
        }
    }
    Ok(())
}

/// The latest place that was over at each moment.
#[derive(Default)]
struct Floor {
    raises: Vec<(Time, Place, Option<usize>)>,
}

impl Floor {
    fn raise(&mut self, at: Time, place: Place, by: Option<usize>) {
        self.raises.push((at, place, by));
    }

    /// Shows each operation, in the order of their calls, the latest place that was over by then.
    fn sweep<'o>(
        &mut self,
        plan: &Plan<'_>,
        operations: impl Iterator<Item = (usize, &'o Operation)>,
        mut judge: impl FnMut(usize, (Place, Option<usize>), &Operation) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        self.raises.sort_unstable();
        let mut calls: Vec<usize> = operations.map(|(index, _)| index).collect();
        calls.sort_by_key(|&index| plan.operation(index).called);
        let mut raises = self.raises.iter().peekable();
        let mut reached = ((1, WRITER), None);
        for index in calls {
            let operation = plan.operation(index);
            while let Some((_, place, by)) = raises.next_if(|(at, ..)| *at < operation.called) {
                if *place > reached.0 {
                    reached = (*place, *by);
                }
            }
            judge(index, reached, operation)?;
        }
        Ok(())
    }
}

fn place(plan: &Plan<'_>, resolved: &Resolved, index: usize, revision: Revision) -> Place {
    let writes = plan.writers.get(&revision) == Some(&index)
        || resolved.from(revision).first().is_some_and(|change| {
            change.revision == revision && change.author == Author::Operation(index)
        });
    (revision, if writes { WRITER } else { READER })
}

fn header(operation: &Operation) -> Option<(Time, Revision)> {
    match (&operation.request, &operation.outcome) {
        (
            Request::Other { .. } | Request::Auth(_) | Request::Admin(_) | Request::Recipe { .. },
            _,
        ) => None,
        // Filled in before the renewal, from the member at hand.
        (Request::LeaseKeepAlive { .. } | Request::LeaseTimeToLive { .. }, _) => None,
        (_, Outcome::Answered { returned, revision, .. }) => Some((*returned, *revision)),
        (_, Outcome::Refused { .. } | Outcome::Unknown { .. }) => None,
    }
}

fn asked(operation: &Operation) -> Revision {
    match &operation.request {
        Request::Range(range) => range.revision,
        _ => 0,
    }
}

fn refused(operation: &Operation, reached: Revision) -> Result<(), Broken> {
    let Outcome::Refused { error: Refusal::FutureRevision, returned, .. } = operation.outcome
    else {
        return Ok(());
    };
    if (1..=reached).contains(&asked(operation)) {
        let text = format!("a revision before {reached} was refused as a future one");
        return Err(broken(returned, text, [operation]));
    }
    Ok(())
}

fn stale(
    plan: &Plan<'_>,
    operation: &Operation,
    own: Place,
    reached: Place,
    by: Option<usize>,
) -> Broken {
    let text = format!(
        "an answer from revision {} came to a request made when revision {} was known",
        own.0, reached.0
    );
    let earlier = by.map(|index| plan.operation(index));
    broken(end_of(operation), text, earlier.into_iter().chain([operation]))
}

//! The list of leases has every lease that its member must know.

use std::collections::BTreeMap;

use crate::{
    Broken,
    history::{History, LeaseId, Operation, Outcome, Request, Response, Revision, Time, Told},
    kv::broken,
    one_cluster::ClusterPromise,
};

/// A lease that was granted before a write that the answering member has, and that is renewed after
/// the answer, is in a list of leases.
///
/// The member at hand answers from what it has (upstream's LeaseLeases in
/// server/etcdserver/v3_server.go), so that only what its revision proves it to know is asked for.
#[derive(Debug, Default)]
pub struct LeaseListed;

impl ClusterPromise for LeaseListed {
    const NAME: &'static str = "lease_listed";
    const PROMISE: &'static str = "LeaseLeases lists all existing leases";

    fn judge(history: &History) -> Result<(), Broken> {
        let lists: Vec<_> = history.operations.iter().filter_map(list).collect();
        if lists.is_empty() {
            return Ok(());
        }
        let (lives, writes) = (lives(history), writes(history));
        for (operation, revision, ids) in lists {
            // What was granted before the last of the writes that it has was asked for.
            let known =
                writes.iter().filter(|(made, _)| *made <= revision).map(|(_, called)| *called);
            let Some(known) = known.max() else { continue };
            let over = operation.returned().unwrap_or(Time::MAX);
            let due = |life: &Life| life.granted < known && life.proven > over;
            let missing = lives.iter().find(|(id, life)| due(life) && !ids.contains(id));
            if let Some((id, _)) = missing {
                let text = format!("lease {id:x} lives and is not listed at revision {revision}");
                return Err(broken(over, text, [operation]));
            }
        }
        Ok(())
    }
}

/// When a lease surely lived.
struct Life {
    granted: Time,
    proven: Time,
}

fn list(operation: &Operation) -> Option<(&Operation, Revision, &[LeaseId])> {
    match &operation.outcome {
        Outcome::Answered { revision, response: Response::Told(Told::Leases { ids }), .. } => {
            Some((operation, *revision, ids))
        }
        _ => None,
    }
}

fn lives(history: &History) -> BTreeMap<LeaseId, Life> {
    let mut lives = BTreeMap::new();
    for operation in &history.operations {
        if let Outcome::Answered { returned, response: Response::LeaseGrant { id, .. }, .. } =
            &operation.outcome
        {
            lives.insert(*id, Life { granted: *returned, proven: 0 });
        }
    }
    for operation in &history.operations {
        let Request::LeaseKeepAlive { id } = operation.request else { continue };
        let Outcome::Answered { response: Response::LeaseKeepAlive { ttl: 1.. }, .. } =
            operation.outcome
        else {
            continue;
        };
        if let Some(life) = lives.get_mut(&id) {
            life.proven = life.proven.max(operation.called);
        }
    }
    lives
}

/// Writes by their revisions, with the time of their calls.
fn writes(history: &History) -> Vec<(Revision, Time)> {
    let written = |operation: &Operation| match (&operation.request, &operation.outcome) {
        (Request::Put(_), Outcome::Answered { revision, .. }) => {
            Some((*revision, operation.called))
        }
        _ => None,
    };
    history.operations.iter().filter_map(written).collect()
}

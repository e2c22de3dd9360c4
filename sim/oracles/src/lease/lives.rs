//! A lease that is renewed in time is not taken away.

use std::collections::BTreeMap;

use crate::{
    Broken, Kind, Observation, Oracle,
    history::{History, LeaseId, Operation, Outcome, Request, Response, Time},
    lease::{CLOCK_ERROR_PERCENT, nanoseconds},
};

/// A lease is not revoked, unless a client asks for it, before its last renewal plus its TTL.
#[derive(Debug, Default)]
pub struct LeaseLives {
    /// When the revocation was first applied anywhere.
    revoked: BTreeMap<LeaseId, Time>,
}

impl Oracle for LeaseLives {
    const NAME: &'static str = "lease_lives";
    const KIND: Kind = Kind::History;
    const PROMISE: &'static str = "A lease expires if the etcd cluster does not receive a \
        keepAlive within a given TTL period, and not before";
    const FACTS: Option<&'static [&'static str]> = Some(&["lease/revoke"]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::Fact(fact) if fact.name == "lease/revoke" => {
                self.revoked.entry(fact.signed("id")?).or_insert(fact.at);
            }
            Observation::History(record) => return self.judge(record.history),
            Observation::Fact(_) | Observation::World { .. } => {}
        }
        Ok(())
    }
}

impl LeaseLives {
    fn judge(&self, history: &History) -> Result<(), Broken> {
        let asked = asked_for(history);
        for operation in &history.operations {
            let Some((id, ttl)) = extension(operation) else { continue };
            let Some(&revoked) = self.revoked.get(&id) else { continue };
            // A renewal asked for later extends nothing: there was no lease any more.
            let renewed_after = operation.called > revoked;
            let asked = asked.get(&id).is_some_and(|asked| *asked <= revoked);
            // From the call: the server began to count no earlier.
            let alive_until = operation.called + shortest(ttl);
            if !asked && !renewed_after && revoked < alive_until {
                let text = format!("lease {id} was revoked before {ttl}s had passed");
                let line = serde_json::to_string(operation).unwrap_or_default();
                return Err(Broken::new(revoked, text).with(line));
            }
        }
        Ok(())
    }
}

/// A time to live on the fastest clock.
fn shortest(ttl: i64) -> Time {
    nanoseconds(ttl) / 100 * (100 - CLOCK_ERROR_PERCENT)
}

/// When a client first asked to revoke each lease.
fn asked_for(history: &History) -> BTreeMap<LeaseId, Time> {
    let mut asked = BTreeMap::new();
    for operation in &history.operations {
        if let Request::LeaseRevoke { id } = operation.request {
            let first = asked.entry(id).or_insert(operation.called);
            *first = operation.called.min(*first);
        }
    }
    asked
}

/// A granted or renewed lease, and for how many seconds.
fn extension(operation: &Operation) -> Option<(LeaseId, i64)> {
    let Outcome::Answered { response, .. } = &operation.outcome else { return None };
    match (&operation.request, response) {
        (_, Response::LeaseGrant { id, ttl }) => Some((*id, *ttl)),
        (Request::LeaseKeepAlive { id }, Response::LeaseKeepAlive { ttl }) if *ttl > 0 => {
            Some((*id, *ttl))
        }
        _ => None,
    }
}

//! "Renewed" means that the lease is there.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Broken, Fact, Kind, Observation, Oracle, World,
    history::{History, LeaseId, Outcome, Request, Response, Time},
};

/// A lease that is gone is never reported as renewed.
#[derive(Debug, Default)]
pub struct LeaseRenewal {
    /// Leases that each machine knows to be gone.
    gone: BTreeMap<String, BTreeSet<LeaseId>>,
    /// Since when it is committed that each lease is over: since some member applied it.
    over: BTreeMap<LeaseId, Time>,
}

impl Oracle for LeaseRenewal {
    const NAME: &'static str = "lease_renewal";
    const KIND: Kind = Kind::Always;
    const PROMISE: &'static str = "LeaseKeepAlive: if the lease has expired or was revoked, the \
        server answers with TTL 0";
    const FACTS: Option<&'static [&'static str]> =
        Some(&["lease/grant", "lease/renew", "lease/revoke"]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::Fact(fact) if fact.name.starts_with("lease/") => self.fact(fact),
            Observation::World { event: World::Boot { machine }, .. } => {
                self.gone.remove(*machine);
                Ok(())
            }
            Observation::World { event: World::Restored, .. } => {
                // What was not acknowledged need not be in the snapshot.
                self.over.clear();
                Ok(())
            }
            Observation::History(record) => self.answers(record.history),
            Observation::Fact(_) | Observation::World { .. } => Ok(()),
        }
    }
}

impl LeaseRenewal {
    fn fact(&mut self, fact: &Fact<'_>) -> Result<(), Broken> {
        let gone = self.gone.entry(fact.machine.to_owned()).or_default();
        match fact.name {
            "lease/revoke" => {
                gone.insert(fact.signed("id")?);
                self.over.entry(fact.signed("id")?).or_insert(fact.at);
            }
            "lease/grant" => {
                gone.remove(&fact.signed("id")?);
            }
            "lease/renew" if gone.contains(&fact.signed("id")?) => {
                let text = "a lease was renewed after its revocation";
                return Err(Broken::new(fact.at, text).with(fact));
            }
            _ => {}
        }
        Ok(())
    }

    /// A renewal that was asked for when it was over already must hear so. The server confirms its
    /// leadership after it was asked, and has applied all that was committed by then.
    fn answers(&self, history: &History) -> Result<(), Broken> {
        let revoked = surely_gone(history);
        for operation in &history.operations {
            let Request::LeaseKeepAlive { id } = operation.request else { continue };
            let Outcome::Answered { returned, ref response, .. } = operation.outcome else {
                continue;
            };
            let renewed = matches!(response, Response::LeaseKeepAlive { ttl } if *ttl > 0);
            let known = [revoked.get(&id), self.over.get(&id)].into_iter().flatten().min();
            if renewed && known.is_some_and(|at| *at < operation.called) {
                let line = serde_json::to_string(operation).unwrap_or_default();
                let text = format!("lease {id} was renewed after it was over");
                return Err(Broken::new(returned, text).with(line));
            }
        }
        Ok(())
    }
}

/// Since when each lease is over. Names that were granted twice are left out.
fn surely_gone(history: &History) -> BTreeMap<LeaseId, Time> {
    let mut revoked = BTreeMap::new();
    let mut grants = BTreeMap::<LeaseId, u32>::new();
    for operation in &history.operations {
        match (&operation.request, &operation.outcome) {
            (Request::LeaseRevoke { id }, Outcome::Answered { returned, .. }) => {
                revoked.insert(*id, *returned);
            }
            (Request::LeaseGrant { id, .. }, _) => *grants.entry(*id).or_default() += 1,
            _ => {}
        }
    }
    revoked.retain(|id, _| grants.get(id).is_none_or(|grants| *grants <= 1));
    revoked
}

//! A lease that nobody renews ends, also when leaders come and go.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Broken, Fact, Kind, Observation, Oracle, World,
    facts::SECOND,
    history::{LeaseId, Time},
    lease::{CLOCK_ERROR_PERCENT, nanoseconds},
};

/// A lease outlives its last renewal by its TTL, plus what each change of leader may add.
#[derive(Debug, Default)]
pub struct LeaseExpires {
    leases: BTreeMap<LeaseId, Lease>,
    /// The machine that counts leases down, and since when.
    primary: Option<(String, Time)>,
    /// Machines whose clocks stand still: time to live does not pass there.
    standing: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    ttl: Time,
    /// How long earlier primaries have counted it down since its last renewal.
    counted: Time,
    /// What changes of primary since then may have added.
    added: Time,
    /// When it was last renewed.
    renewed: Time,
    /// It was revoked; kept so that a slower member's grant does not bring it back.
    over: bool,
}

/// How long a change of leader may stop the count.
const ELECTION_MAX: Time = 3 * SECOND;
/// How long the revocation itself may take.
const REVOCATION_MAX: Time = 10 * SECOND;

impl Oracle for LeaseExpires {
    const NAME: &'static str = "lease_expires";
    const KIND: Kind = Kind::Always;
    const PROMISE: &'static str = "A lease expires when its TTL passes without a keepAlive; a new \
        leader continues from the last checkpoint of its remaining TTL";
    const FACTS: Option<&'static [&'static str]> =
        Some(&["lease/primary", "lease/demote", "lease/grant", "lease/renew", "lease/revoke"]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::Fact(fact) => self.fact(fact),
            Observation::World { at, event } => self.world(*at, *event),
            Observation::History(_) => Ok(()),
        }
    }
}

impl LeaseExpires {
    fn fact(&mut self, fact: &Fact<'_>) -> Result<(), Broken> {
        match fact.name {
            "lease/primary" => self.promote(fact),
            "lease/demote" => {
                self.demote(fact.machine, fact.at);
                Ok(())
            }
            "lease/grant" | "lease/renew" => self.renew(fact),
            "lease/revoke" => self.revoke(fact),
            _ => Ok(()),
        }
    }

    fn world(&mut self, at: Time, event: World<'_>) -> Result<(), Broken> {
        match event {
            World::Crash { machine, .. }
            | World::Exit { machine, .. }
            | World::Wiped { machine }
            | World::Panic { machine, .. } => {
                self.demote(machine, at);
                Ok(())
            }
            World::End => self.leases.keys().try_for_each(|id| self.overdue(*id, at)),
            World::Clock { machine, stands } => {
                self.count(at);
                match stands {
                    true => self.standing.insert(machine.to_owned()),
                    false => self.standing.remove(machine),
                };
                Ok(())
            }
            World::Boot { .. } | World::Healed => Ok(()),
        }
    }

    fn renew(&mut self, fact: &Fact<'_>) -> Result<(), Broken> {
        let (id, ttl) = (fact.signed("id")?, nanoseconds(fact.signed("ttl")?));
        let lease = Lease { ttl, counted: 0, added: 0, renewed: fact.at, over: false };
        // Each member applies the grant; only the first counts.
        if fact.name == "lease/renew" || !self.leases.contains_key(&id) {
            self.leases.insert(id, lease);
        }
        Ok(())
    }

    fn revoke(&mut self, fact: &Fact<'_>) -> Result<(), Broken> {
        let id = fact.signed("id")?;
        let verdict = self.overdue(id, fact.at);
        if let Some(lease) = self.leases.get_mut(&id) {
            lease.over = true;
        }
        verdict
    }

    fn promote(&mut self, fact: &Fact<'_>) -> Result<(), Broken> {
        if let Some((machine, _)) = self.primary.clone() {
            self.demote(&machine, fact.at);
        }
        let checkpoint = match fact.number("checkpoint_ms")? {
            0 => Time::MAX,
            ms => ms.saturating_mul(SECOND / 1000),
        };
        for lease in self.leases.values_mut() {
            lease.added = lease.added.saturating_add(lease.ttl.min(checkpoint) + ELECTION_MAX);
        }
        self.primary = Some((fact.machine.to_owned(), fact.at));
        Ok(())
    }

    fn demote(&mut self, machine: &str, at: Time) {
        if self.primary.as_ref().is_some_and(|(primary, _)| primary == machine) {
            self.count(at);
            self.primary = None;
        }
    }

    /// Adds what the primary has counted until now.
    fn count(&mut self, at: Time) {
        let Some((machine, since)) = &mut self.primary else { return };
        let since = std::mem::replace(since, at);
        if self.standing.contains(machine) {
            return;
        }
        for lease in self.leases.values_mut() {
            lease.counted += at.saturating_sub(since.max(lease.renewed));
        }
    }

    fn overdue(&self, id: LeaseId, at: Time) -> Result<(), Broken> {
        let Some(lease) = self.leases.get(&id).filter(|lease| !lease.over) else { return Ok(()) };
        let present = self
            .primary
            .as_ref()
            .filter(|(machine, _)| !self.standing.contains(machine))
            .map_or(0, |(_, since)| at.saturating_sub(lease.renewed.max(*since)));
        let lived = lease.counted + present;
        let ttl = lease.ttl + lease.ttl / 100 * CLOCK_ERROR_PERCENT;
        let allowed = ttl.saturating_add(lease.added).saturating_add(REVOCATION_MAX);
        if lived <= allowed {
            return Ok(());
        }
        let (lived, allowed) = (lived / SECOND, allowed / SECOND);
        let text = format!("lease {id} was counted down for {lived}s, of {allowed}s at most");
        Err(Broken::new(at, text).with(format!("{lease:?}")))
    }
}

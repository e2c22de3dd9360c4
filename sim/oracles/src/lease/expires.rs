//! A lease that nobody renews ends, also when leaders come and go.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Broken, Fact, Kind, Observation, Oracle, World,
    facts::SECOND,
    history::{LeaseId, Time},
    lease::{CLOCK_ERROR_PERCENT, nanoseconds},
};

/// A lease outlives its last renewal by its TTL. A change of leader may add what passed since the
/// last checkpoint, and never gives more than the TTL.
///
/// Upstream promises no moment: a lease is over when its revocation is committed. So only time
/// counts in which a leader could have done that: between signs that it commits, close together.
/// A leader that is stopped, cut off, or left by a quorum of stopped members gives none.
#[derive(Debug, Default)]
pub struct LeaseExpires {
    leases: BTreeMap<LeaseId, Lease>,
    /// The machine that counts leases down, and until when it was counted here.
    primary: Option<(String, Time)>,
    /// How long leaders have counted and could revoke, in all.
    counted: Time,
    /// The last index of each machine's log, and what each has committed of it.
    logs: BTreeMap<String, (u64, u64)>,
    /// Nothing waited in the primary's log at its last sign.
    idle: bool,
    /// Machines whose clocks stand still: time to live does not pass there.
    standing: BTreeSet<String>,
    /// No fault is active any more: all time counts.
    healed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    /// Its whole time, on the slowest clock.
    ttl: Time,
    /// Until when it lives at most, by what leaders have counted in all.
    end: Time,
    /// When it was revoked, by what leaders had counted; kept so that a slower member's grant does
    /// not bring it back.
    over: Option<Time>,
}

/// A leader that commits twice within this time, and had nothing left to commit the first time,
/// could commit in between.
const SIGNS_APART_MAX: Time = 2 * SECOND;
/// Within this time it could, whatever waits in its log: a batch of revocations behind what clients
/// asked before is committed within [`REVOCATION_MAX`], even where one entry is sent at a time.
const BUSY_SIGNS_APART_MAX: Time = SECOND / 5;
/// What a change of leader adds: an election timeout, a started second of a checkpoint, and the
/// time that a checkpoint takes.
const CHANGE_MAX: Time = 4 * SECOND;
/// How long the revocation itself may take: its proposal may be lost, which is known after the
/// request timeout of seven seconds, and is then tried again.
const REVOCATION_MAX: Time = 8 * SECOND;
/// A leader revokes so many at once, those that were over first before the others (upstream:
/// maxPendingRevokes in server/etcdserver/server.go): each batch may take as long.
const BATCH: usize = 16;

impl Oracle for LeaseExpires {
    const NAME: &'static str = "lease_expires";
    const KIND: Kind = Kind::Always;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "A lease expires when its TTL passes without a keepAlive; a new \
        leader continues from the last checkpoint of its remaining TTL";
    const FACTS: Option<&'static [&'static str]> = Some(&[
        "lease/primary",
        "lease/demote",
        "lease/grant",
        "lease/renew",
        "lease/revoke",
        "raft/commit",
        "raft/log",
    ]);

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
            "lease/primary" => return self.promote(fact),
            "lease/demote" => self.demote(fact.machine),
            "raft/log" => {
                self.logs.entry(fact.machine.to_owned()).or_default().0 = fact.number("index")?
            }
            "raft/commit" => {
                self.logs.entry(fact.machine.to_owned()).or_default().1 = fact.number("index")?;
                self.sign(fact);
            }
            "lease/grant" | "lease/renew" => {
                self.sign(fact);
                self.renew(fact)?;
            }
            "lease/revoke" => {
                self.sign(fact);
                return self.revoke(fact);
            }
            _ => {}
        }
        Ok(())
    }

    fn world(&mut self, at: Time, event: World<'_>) -> Result<(), Broken> {
        match event {
            World::Crash { machine, .. }
            | World::Exit { machine, .. }
            | World::Wiped { machine }
            | World::Panic { machine, .. } => self.demote(machine),
            World::Healed => {
                self.count(at);
                self.healed = true;
            }
            World::Clock { machine, stands } => {
                self.count(at);
                match stands {
                    true => self.standing.insert(machine.to_owned()),
                    false => self.standing.remove(machine),
                };
            }
            World::End => {
                self.count(at);
                return self.leases.keys().try_for_each(|id| self.overdue(*id, at));
            }
            World::Boot { .. } | World::Paused { .. } | World::Restored => {}
        }
        Ok(())
    }

    /// The primary is at work: what it says rests on a quorum.
    fn sign(&mut self, fact: &Fact<'_>) {
        if self.primary.as_ref().is_some_and(|(primary, _)| primary == fact.machine) {
            self.count(fact.at);
        }
    }

    /// Counts the time since the last sign, if the primary could have revoked in it.
    fn count(&mut self, at: Time) {
        let Some((machine, until)) = &mut self.primary else { return };
        let apart = at.saturating_sub(std::mem::replace(until, at));
        let most = if self.idle { SIGNS_APART_MAX } else { BUSY_SIGNS_APART_MAX };
        let able = self.healed || apart <= most;
        self.idle = self.logs.get(machine).is_none_or(|(last, committed)| last <= committed);
        if able && !self.standing.contains(machine) {
            self.counted += apart;
        }
    }

    fn renew(&mut self, fact: &Fact<'_>) -> Result<(), Broken> {
        let (id, ttl) = (fact.signed("id")?, nanoseconds(fact.signed("ttl")?));
        let ttl = ttl + ttl / 100 * CLOCK_ERROR_PERCENT;
        let lease = Lease { ttl, end: self.counted.saturating_add(ttl), over: None };
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
            lease.over = lease.over.or(Some(self.counted));
        }
        verdict
    }

    fn promote(&mut self, fact: &Fact<'_>) -> Result<(), Broken> {
        let checkpoint = match fact.number("checkpoint_ms")? {
            0 => Time::MAX,
            ms => ms.saturating_mul(SECOND / 1000),
        };
        let now = self.counted;
        for lease in self.leases.values_mut() {
            let anew = now.saturating_add(lease.ttl);
            let continued = lease.end.max(now).saturating_add(checkpoint);
            lease.end = anew.min(continued).saturating_add(CHANGE_MAX);
        }
        self.primary = Some((fact.machine.to_owned(), fact.at));
        Ok(())
    }

    fn demote(&mut self, machine: &str) {
        if self.primary.as_ref().is_some_and(|(primary, _)| primary == machine) {
            self.primary = None;
        }
    }

    /// Whole batches of leases that were over before this one, as far as that can be told, and were
    /// revoked while it waited.
    fn batches_before(&self, lease: &Lease) -> Time {
        let first = |other: &&Lease| other.end <= lease.end.saturating_add(CHANGE_MAX);
        let since = |other: &&Lease| other.over.is_some_and(|at| at >= lease.end);
        let revoked = self.leases.values().filter(first).filter(since).count();
        Time::try_from(revoked / BATCH).unwrap_or(Time::MAX)
    }

    fn overdue(&self, id: LeaseId, at: Time) -> Result<(), Broken> {
        let Some(lease) = self.leases.get(&id).filter(|lease| lease.over.is_none()) else {
            return Ok(());
        };
        let late = self.counted.saturating_sub(lease.end);
        if late <= REVOCATION_MAX || late <= REVOCATION_MAX * (1 + self.batches_before(lease)) {
            return Ok(());
        }
        let text = format!("lease {id} was over for {}ms and not revoked", late / (SECOND / 1000));
        Err(Broken::new(at, text).with(format!("{lease:?}")))
    }
}

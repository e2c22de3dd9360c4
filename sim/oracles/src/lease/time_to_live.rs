//! What a lease is said to have left, and to hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Broken, Kind, Observation, Oracle, Record, World,
    facts::SECOND,
    history::{EventKind, History, LeaseId, Operation, Outcome, Request, Response, Revision, Time},
    kv::Resolved,
    lease::{CLOCK_ERROR_PERCENT, nanoseconds},
};

/// `LeaseTimeToLive` tells the granted time, the rest of it, and the keys of a lease that is there;
/// only of one that is over it tells -1.
///
/// The rest is judged between two renewals on one leader: another leader counts from its election,
/// or from a checkpoint, and a clock that stands still lets nothing pass.
#[derive(Debug, Default)]
pub struct LeaseTimeToLive {
    /// When the revocation was first applied anywhere.
    revoked: BTreeMap<LeaseId, Time>,
    /// When members applied its grant or renewed it: a leader that applies late counts from then.
    applied: BTreeMap<LeaseId, BTreeSet<Time>>,
    /// When leaders took over.
    unsteady: BTreeSet<Time>,
    /// By machine: since when its clocks stand still.
    standing: BTreeMap<String, Time>,
    /// From when to when clocks stood still: whoever was renewed meanwhile has its whole time at the
    /// end.
    stood: Vec<(Time, Time)>,
}

/// A second begun counts as none, and one leader may count for another while it does not know.
const ROUNDING: Time = 2 * SECOND;
/// How much later than its client gave up a request may still be carried out.
const LATE_MAX: Time = 10 * SECOND;

impl Oracle for LeaseTimeToLive {
    const NAME: &'static str = "lease_time_to_live";
    const KIND: Kind = Kind::History;
    const PROMISE: &'static str = "LeaseTimeToLive retrieves lease information: TTL is the \
        remaining TTL in seconds, grantedTTL the initial granted time, keys the list of keys \
        attached to this lease";
    const FACTS: Option<&'static [&'static str]> =
        Some(&["lease/grant", "lease/renew", "lease/revoke", "lease/primary", "lease/demote"]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::Fact(fact) if fact.name == "lease/revoke" => {
                self.revoked.entry(fact.signed("id")?).or_insert(fact.at);
            }
            Observation::Fact(fact) if matches!(fact.name, "lease/grant" | "lease/renew") => {
                self.applied.entry(fact.signed("id")?).or_default().insert(fact.at);
            }
            Observation::Fact(fact) => drop(self.unsteady.insert(fact.at)),
            Observation::World { at, event: World::Clock { machine, stands } } => {
                if *stands {
                    self.standing.entry((*machine).to_owned()).or_insert(*at);
                } else if let Some(since) = self.standing.remove(*machine) {
                    self.stood.push((since, *at));
                }
            }
            Observation::World { at, event: World::Restored } => {
                self.unsteady.insert(*at);
            }
            Observation::World { .. } => {}
            Observation::History(record) => return self.judge(record),
        }
        Ok(())
    }
}

/// An answer to the question.
struct Told<'h> {
    operation: &'h Operation,
    id: LeaseId,
    returned: Time,
    granted_ttl: i64,
    ttl: i64,
    keys: &'h [String],
}

impl<'h> Told<'h> {
    fn of(operation: &'h Operation) -> Option<Self> {
        let Request::LeaseTimeToLive { id } = operation.request else { return None };
        let Outcome::Answered { returned, response, .. } = &operation.outcome else {
            return None;
        };
        let Response::LeaseTimeToLive { granted_ttl, ttl, keys } = response else { return None };
        let (returned, granted_ttl, ttl) = (*returned, *granted_ttl, *ttl);
        Some(Self { operation, id, returned, granted_ttl, ttl, keys })
    }

    fn broken(&self, text: String) -> Result<(), Broken> {
        let line = serde_json::to_string(self.operation).unwrap_or_default();
        Err(Broken::new(self.returned, format!("lease {}: {text}", self.id)).with(line))
    }
}

/// A grant or a renewal: the lease has its whole time from some moment in between.
#[derive(Clone, Copy)]
struct Start {
    called: Time,
    /// None: its client gave up, and it may have been carried out up to [`LATE_MAX`] later.
    returned: Option<Time>,
    by: Time,
}

impl LeaseTimeToLive {
    fn judge(&self, record: &Record<'_>) -> Result<(), Broken> {
        let history = record.history;
        let asked: Vec<Told<'_>> = history.operations.iter().filter_map(Told::of).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let (granted, starts) = (granted(history), starts(history));
        for told in &asked {
            let Some(granted) = granted.get(&told.id) else { continue };
            let starts = starts.get(&told.id).map_or(&[][..], Vec::as_slice);
            self.time(told, *granted, starts)?;
        }
        record.resolved().map_or(Ok(()), |resolved| keys(&asked, history, resolved))
    }

    /// Whether one leader counted all the time, by clocks that went.
    fn is_steady(&self, from: Time, to: Time) -> bool {
        let still = self.standing.values().map(|since| (*since, Time::MAX));
        let mut stood = self.stood.iter().copied().chain(still);
        let went = !stood.any(|(since, until)| since <= to && until >= from);
        went && self.unsteady.range(from..=to).next().is_none()
    }

    fn time(&self, told: &Told<'_>, granted: i64, starts: &[Start]) -> Result<(), Broken> {
        if told.ttl < 0 {
            let over = self.revoked.get(&told.id).is_some_and(|at| *at <= told.returned);
            return if over { Ok(()) } else { told.broken("it was told gone, and is not".into()) };
        }
        if told.granted_ttl != granted {
            return told.broken(format!("{granted}s were granted"));
        }
        let error = |time: Time| time / 100 * CLOCK_ERROR_PERCENT;
        let before = || starts.iter().filter(|start| start.called < told.returned);
        let surely = before().filter_map(|start| Some((start.returned?, start.called)));
        let surely = surely.filter(|(returned, _)| *returned <= told.operation.called);
        let left = nanoseconds(told.ttl);
        // Counted from the last renewal that is surely over; a later one leaves more.
        if let Some((_, called)) = surely.max() {
            let passed = told.returned - called;
            let least = nanoseconds(granted).saturating_sub(passed + error(passed) + ROUNDING);
            if left < least {
                return told.broken(format!("at least {}s are left", least / SECOND));
            }
        }
        let applied =
            self.applied.get(&told.id).and_then(|at| at.range(..=told.returned).next_back());
        let last = before().map(|start| start.by).chain(applied.copied()).max().unwrap_or(0);
        let from = before().map(|start| start.called).max().unwrap_or(0);
        let passed = told.operation.called.saturating_sub(last);
        let most = nanoseconds(granted).saturating_sub(passed - error(passed)) + ROUNDING;
        if left > most && self.is_steady(from.min(last), told.returned) {
            return told.broken(format!("at most {}s are left", most / SECOND));
        }
        Ok(())
    }
}

/// The seconds that each lease was granted; those of names that were asked for are left out.
fn granted(history: &History) -> BTreeMap<LeaseId, i64> {
    let grant = |operation: &Operation| match (&operation.request, &operation.outcome) {
        (
            Request::LeaseGrant { id: 0, .. },
            Outcome::Answered { response: Response::LeaseGrant { id, ttl }, .. },
        ) => Some((*id, *ttl)),
        _ => None,
    };
    history.operations.iter().filter_map(grant).collect()
}

fn starts(history: &History) -> BTreeMap<LeaseId, Vec<Start>> {
    let mut starts = BTreeMap::<LeaseId, Vec<Start>>::new();
    for operation in &history.operations {
        let called = operation.called;
        let start = |returned: Time| Start { called, returned: Some(returned), by: returned };
        let (id, start) = match (&operation.request, &operation.outcome) {
            (
                Request::LeaseGrant { .. },
                Outcome::Answered { returned, response: Response::LeaseGrant { id, .. }, .. },
            ) => (*id, start(*returned)),
            (
                Request::LeaseKeepAlive { id },
                Outcome::Answered { returned, response: Response::LeaseKeepAlive { ttl }, .. },
            ) if *ttl > 0 => (*id, start(*returned)),
            (Request::LeaseKeepAlive { id }, Outcome::Unknown { gave_up, .. }) => {
                (*id, Start { called, returned: None, by: gave_up + LATE_MAX })
            }
            // Refused after the leader did it, perhaps: the stream ends with any error.
            (Request::LeaseKeepAlive { id }, Outcome::Refused { returned, .. }) => {
                (*id, Start { called, returned: None, by: returned + LATE_MAX })
            }
            _ => continue,
        };
        starts.entry(id).or_default().push(start);
    }
    starts
}

/// The keys are those of some revision between what was written before the question and what was
/// written after the answer. Its header is no limit: it is that of the member at hand, the keys are
/// those that the leader knows.
fn keys(asked: &[Told<'_>], history: &History, resolved: &Resolved) -> Result<(), Broken> {
    let certain = resolved.certain().last().map_or(1, |change| change.revision);
    let written: Vec<_> = history.operations.iter().filter_map(written).collect();
    let changes = Attached::of(asked, resolved);
    for told in asked.iter().filter(|told| told.ttl >= 0) {
        let before = written.iter().filter(|(_, returned, _)| *returned < told.operation.called);
        let from = before.map(|(.., revision)| *revision).max().unwrap_or(1);
        let after = written.iter().filter(|(called, ..)| *called > told.returned);
        let to = after.map(|(.., revision)| *revision).min().unwrap_or(Revision::MAX);
        let shown: BTreeSet<&str> = told.keys.iter().map(String::as_str).collect();
        if to <= certain && !changes.had(told.id, from, to, &shown) {
            return told.broken(format!("other keys hung on it from {from} to {to}"));
        }
    }
    Ok(())
}

/// When a write was asked for and answered, and its revision.
fn written(operation: &Operation) -> Option<(Time, Time, Revision)> {
    match (&operation.request, &operation.outcome) {
        (Request::Put(_) | Request::Delete(_), Outcome::Answered { returned, revision, .. }) => {
            Some((operation.called, *returned, *revision))
        }
        _ => None,
    }
}

/// For each lease that was asked about: its keys from some revisions on.
struct Attached<'r>(BTreeMap<LeaseId, Vec<(Revision, BTreeSet<&'r str>)>>);

impl<'r> Attached<'r> {
    fn of(asked: &[Told<'_>], resolved: &'r Resolved) -> Self {
        let mut sets: BTreeMap<LeaseId, Vec<_>> =
            asked.iter().map(|told| (told.id, vec![(1, BTreeSet::new())])).collect();
        let mut owners = BTreeMap::<&str, LeaseId>::new();
        for change in resolved.certain() {
            for event in &change.events {
                let key = event.kv.key.as_str();
                let lease = if event.kind == EventKind::Put { event.kv.lease } else { 0 };
                let before = owners.insert(key, lease).unwrap_or(0);
                let moves = [(before, false), (lease, true)];
                for (id, is_there) in moves.into_iter().filter(|_| before != lease) {
                    let Some(sets) = sets.get_mut(&id) else { continue };
                    let mut keys: BTreeSet<&str> =
                        sets.last().map(|(_, keys)| keys.clone()).unwrap_or_default();
                    if is_there {
                        keys.insert(key)
                    } else {
                        keys.remove(key)
                    };
                    match sets.last_mut().filter(|(at, _)| *at == change.revision) {
                        Some((_, last)) => *last = keys,
                        None => sets.push((change.revision, keys)),
                    }
                }
            }
        }
        Self(sets)
    }

    /// Whether these were a lease's keys at some revision from `from` to `to`.
    fn had(&self, id: LeaseId, from: Revision, to: Revision, keys: &BTreeSet<&str>) -> bool {
        let Some(sets) = self.0.get(&id) else { return true };
        let first = sets.partition_point(|(at, _)| *at <= from).saturating_sub(1);
        sets[first..].iter().take_while(|(at, _)| *at <= to).any(|(_, shown)| shown == keys)
    }
}

//! Who leads: the pure half of the election.
//!
//! Clocks of two machines are never compared. A candidate counts from when it saw the record
//! change; a leader counts from when it asked for its last renewal, which the store saw later, and
//! upstream from its answer.

use super::lease::{JITTER_TENTHS, Record, Timing, micro_time};
use host::{Instant, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// What is to be done now.
#[derive(Clone, PartialEq, Debug)]
pub enum Next {
    /// Read the Lease.
    Read,
    /// Create it.
    Create(Value),
    /// Replace it, guarded by its resource version.
    Update(Value),
    /// Do nothing for a while.
    Wait(Duration),
    /// It is over: a leader lost the lease, or was told to stop.
    End,
}

/// How it ended.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// The Lease; none: there is none.
    Read(Option<Value>),
    /// It was written; as it is now.
    Written(Value),
    /// It could not be read or written, or it is not known whether it was.
    Failed,
    /// The wait is over.
    Waited,
    /// The component ends. Only while waiting.
    Stop,
}

/// A replica's part in an election.
#[derive(Debug)]
pub struct Election {
    identity: String,
    namespace: String,
    name: String,
    timing: Timing,
    /// Give the lease back at the end, so that others need not wait for it.
    release: bool,
    /// The Lease as last seen, and when it was first seen with this record.
    seen: Option<(Value, Record, Instant)>,
    /// When what is under way was asked for.
    asked: Instant,
    /// The leader leads until then.
    leads_until: Option<Instant>,
    /// The update under way is made without a look at the Lease before.
    unread: bool,
    ending: bool,
}

impl Election {
    /// A candidate that has seen nothing, and the first thing to do.
    pub fn begin(
        now: Instant,
        identity: &str,
        (namespace, name): (&str, &str),
        timing: Timing,
        release: bool,
    ) -> (Self, Next) {
        let election = Self {
            identity: identity.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            timing,
            release,
            seen: None,
            asked: now,
            leads_until: None,
            unread: false,
            ending: false,
        };
        (election, Next::Read)
    }

    /// Whether this replica leads at this moment.
    pub fn leads(&self, now: Instant) -> bool {
        self.leads_until.is_some_and(|until| now < until)
    }

    /// When a leader that cannot renew ceases to be one.
    pub fn leads_until(&self) -> Option<Instant> {
        self.leads_until
    }

    /// Who leads, as far as is known; empty: nobody.
    pub fn holder(&self) -> &str {
        self.seen.as_ref().map_or("", |(_, record, _)| &record.holder)
    }

    /// Takes in how the last thing ended.
    pub fn step(&mut self, now: Instant, wall: Timestamp, chance: u64, input: Input) -> Next {
        if self.leads_until.is_some_and(|until| now >= until) && !self.ending {
            return self.end();
        }
        let unread = std::mem::take(&mut self.unread);
        match input {
            _ if self.ending => self.end(),
            Input::Stop => self.stop(now, wall),
            Input::Waited => self.attempt(now, wall),
            Input::Read(lease) => self.read(now, wall, chance, lease),
            Input::Written(lease) => {
                self.see(now, lease);
                let until = self.asked + self.timing.renew;
                self.leads_until = Some(until);
                Next::Wait(self.timing.retry.min(until.since(now)))
            }
            // Somebody else may have written: look.
            Input::Failed if unread => self.ask(now, Next::Read),
            Input::Failed => self.wait(now, chance),
        }
    }

    /// `tryAcquireOrRenew`: a leader whose lease is valid renews it without a look.
    fn attempt(&mut self, now: Instant, wall: Timestamp) -> Next {
        match &self.seen {
            Some((lease, record, _)) if self.leads(now) && record.holder == self.identity => {
                let update = Next::Update(self.claim(lease.clone(), record, wall));
                self.unread = true;
                self.ask(now, update)
            }
            _ => self.ask(now, Next::Read),
        }
    }

    fn read(&mut self, now: Instant, wall: Timestamp, chance: u64, lease: Option<Value>) -> Next {
        let Some(lease) = lease else {
            let first = self.record(wall, micro_time(wall), 0);
            return self.ask(now, Next::Create(first.lease(&self.namespace, &self.name)));
        };
        self.see(now, lease);
        let Some((lease, record, since)) = &self.seen else { return Next::Read };
        let ours = record.holder == self.identity;
        if !ours && self.leads_until.is_some() {
            // Upstream goes on trying until its deadline: it would come to the same.
            return self.end();
        }
        let valid = now < *since + Duration::from_secs(record.lease_seconds);
        if !ours && !record.holder.is_empty() && valid {
            return self.wait(now, chance);
        }
        let update = Next::Update(self.claim(lease.clone(), record, wall));
        self.ask(now, update)
    }

    /// The Lease with us as its holder.
    fn claim(&self, mut lease: Value, old: &Record, wall: Timestamp) -> Value {
        let record = match old.holder == self.identity {
            true => self.record(wall, old.acquired.clone(), old.transitions),
            false => self.record(wall, micro_time(wall), old.transitions + 1),
        };
        record.write(&mut lease);
        lease
    }

    fn record(&self, wall: Timestamp, acquired: String, transitions: u64) -> Record {
        Record {
            holder: self.identity.clone(),
            lease_seconds: self.timing.lease.as_secs(),
            acquired,
            renewed: micro_time(wall),
            transitions,
        }
    }

    /// A record that did not change is as old as when it was first seen.
    fn see(&mut self, now: Instant, lease: Value) {
        let record = Record::of(&lease);
        let since = match &self.seen {
            Some((_, old, since)) if *old == record => *since,
            _ => now,
        };
        self.seen = Some((lease, record, since));
    }

    fn ask(&mut self, now: Instant, next: Next) -> Next {
        self.asked = now;
        next
    }

    /// Leaders come again on time; candidates at random, so as not to come together.
    fn wait(&self, now: Instant, chance: u64) -> Next {
        let retry = self.timing.retry;
        Next::Wait(match self.leads_until {
            Some(until) => retry.min(until.since(now)),
            None => {
                let span = u64::try_from((retry * JITTER_TENTHS / 10).as_nanos());
                let span = span.unwrap_or(u64::MAX).max(1);
                retry + Duration::from_nanos(chance % span)
            }
        })
    }

    /// Gives the lease back, if we have it.
    fn stop(&mut self, now: Instant, wall: Timestamp) -> Next {
        let leads = self.leads(now);
        self.ending = true;
        // Whoever depends on our leading has ended by now.
        self.leads_until = None;
        let Some((lease, record, _)) = self.seen.as_ref().filter(|_| leads && self.release) else {
            return Next::End;
        };
        let moment = micro_time(wall);
        let nobody = Record {
            holder: String::new(),
            lease_seconds: 1,
            acquired: moment.clone(),
            renewed: moment,
            transitions: record.transitions,
        };
        let mut lease = lease.clone();
        nobody.write(&mut lease);
        Next::Update(lease)
    }

    fn end(&mut self) -> Next {
        self.leads_until = None;
        self.ending = true;
        Next::End
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn at(seconds: u64) -> (Instant, Timestamp) {
        (Instant(seconds * SECOND), Timestamp(seconds * SECOND))
    }

    fn candidate(identity: &str) -> Election {
        let timing = Timing::default();
        Election::begin(at(1).0, identity, ("n", "l"), timing, true).0
    }

    fn step(election: &mut Election, seconds: u64, input: Input) -> Next {
        let (now, wall) = at(seconds);
        election.step(now, wall, 0, input)
    }

    fn holder(next: &Next) -> (String, u64) {
        match next {
            Next::Create(lease) | Next::Update(lease) => {
                let record = Record::of(lease);
                (record.holder, record.transitions)
            }
            other => panic!("{other:?} is no write"),
        }
    }

    fn leader() -> (Election, Value) {
        let mut election = candidate("a");
        let Next::Create(lease) = step(&mut election, 1, Input::Read(None)) else {
            panic!("nothing is there");
        };
        let next = step(&mut election, 2, Input::Written(lease.clone()));
        assert_eq!(next, Next::Wait(Duration::from_secs(2)));
        (election, lease)
    }

    #[test]
    fn a_leader_leads_from_its_asking_until_its_deadline() {
        let (mut election, _) = leader();
        assert!(election.leads(at(10).0) && !election.leads(at(11).0));
        let renewal = step(&mut election, 4, Input::Waited);
        assert_eq!(holder(&renewal), ("a".into(), 0));
        // It may have been another's write.
        assert_eq!(step(&mut election, 5, Input::Failed), Next::Read);
        assert_eq!(step(&mut election, 9, Input::Failed), Next::Wait(Duration::from_secs(2)));
        assert_eq!(step(&mut election, 11, Input::Waited), Next::End);
        assert!(!election.leads(at(11).0));
    }

    #[test]
    fn a_candidate_waits_until_the_record_has_not_changed_for_the_lease() {
        let (_, lease) = leader();
        let mut other = candidate("b");
        let wait = Next::Wait(Duration::from_secs(2));
        assert_eq!(step(&mut other, 5, Input::Read(Some(lease.clone()))), wait);
        assert_eq!(step(&mut other, 7, Input::Waited), Next::Read);
        let mut renewed = lease;
        renewed["spec"]["renewTime"] = "1970-01-01T00:00:04.000000Z".into();
        assert_eq!(step(&mut other, 10, Input::Read(Some(renewed.clone()))), wait);
        assert_eq!(step(&mut other, 24, Input::Read(Some(renewed.clone()))), wait);
        let claim = step(&mut other, 25, Input::Read(Some(renewed)));
        assert_eq!(holder(&claim), ("b".into(), 1));
        assert!(!other.leads(at(25).0));
    }

    #[test]
    fn a_leader_that_stops_gives_the_lease_back_at_once() {
        let (mut election, _) = leader();
        let release = step(&mut election, 3, Input::Stop);
        assert_eq!(holder(&release), (String::new(), 0));
        assert!(!election.leads(at(3).0));
        let Next::Update(lease) = release else { panic!("a release is an update") };
        let mut other = candidate("b");
        assert_eq!(holder(&step(&mut other, 3, Input::Read(Some(lease.clone())))).0, "b");
        assert_eq!(step(&mut election, 4, Input::Written(lease)), Next::End);
    }
}

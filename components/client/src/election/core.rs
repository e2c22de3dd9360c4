//! Who leads: the pure half of the election.
//!
//! Clocks of two machines are never compared. A candidate counts from when it saw the record
//! change; a leader counts from when it asked for its last renewal, which the store saw later, and
//! upstream from its answer.

use super::{
    lease::{JITTER_TENTHS, Record, Timing, micro_time},
    step::{Input, Next},
};
use api::time::Moment;
use host::{Defects, Instant, Timestamp};
use serde_json::Value;
use std::time::Duration;

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
    defects: Defects,
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
            defects: Defects::default(),
        };
        (election, Next::Read)
    }

    /// Switches deliberate bugs on.
    pub fn with_defects(&mut self, defects: Defects) {
        self.defects = defects;
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
        let mut valid = now < *since + Duration::from_secs(record.lease_seconds);
        // K28 (kubernetes #23731): another machine's clock is believed to agree with ours.
        if self.defects.has("K28") {
            let renewed = Moment::parse(&record.renewed).map_or(0, |moment| moment.seconds);
            let lasts = i64::try_from(record.lease_seconds).unwrap_or(i64::MAX);
            valid = i64::try_from(wall.seconds()).unwrap_or(0) < renewed.saturating_add(lasts);
        }
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
#[path = "core_tests.rs"]
mod tests;

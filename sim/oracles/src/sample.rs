//! Makes up the history of a perfect store: for tests of oracles and for measuring them.

use std::collections::BTreeMap;

use crate::{
    history::{
        Compare, CompareResult, CompareTarget, Delete, Event, EventKind, History, LeaseId,
        Operation, Outcome, Put, Range, Request, Response, Revision, Time, Txn, Watch,
        WatchRequest, WatchResponse, in_range,
    },
    kv::{Author, Change},
    model::Store,
};

/// What to make up.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The same seed makes the same history.
    pub seed: u64,
    /// Clients, each with one request at a time.
    pub clients: u32,
    /// Requests of all clients.
    pub operations: u32,
    /// Different keys.
    pub keys: u64,
    /// How many of a hundred requests get no answer; half of them have their effect.
    pub unknown_percent: u64,
    /// Puts with leases, leases that end, reads of the past, reads that may be stale.
    pub rich: bool,
    /// Watches; the first is over all keys from the first revision.
    pub watches: u32,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            seed: 1,
            clients: 4,
            operations: 200,
            keys: 5,
            unknown_percent: 5,
            rich: true,
            watches: 4,
        }
    }
}

/// A history and the truth behind it.
#[derive(Clone, Debug)]
pub struct Sampled {
    /// What clients saw.
    pub history: History,
    /// What happened.
    pub log: Vec<Change>,
}

/// Numbers from a seed (SplitMix64): enough for samples, and no dependency.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides.max(1)
    }
}

impl Sample {
    /// Makes it up.
    pub fn make(self) -> Sampled {
        let mut maker = Maker {
            sample: self,
            dice: Dice(self.seed),
            store: Store::default(),
            past: BTreeMap::from([(1, Store::default())]),
            behind: BTreeMap::new(),
            leases: Vec::new(),
            log: Vec::new(),
            times: BTreeMap::new(),
            operations: Vec::new(),
        };
        for (client, called, effect, returned) in maker.schedule() {
            maker.happen(client, called, effect, returned);
        }
        let watches = (0..self.watches).map(|index| maker.watch(index)).collect();
        let history = History { operations: maker.operations, watches, ..History::default() };
        Sampled { history, log: maker.log }
    }
}

struct Maker {
    sample: Sample,
    dice: Dice,
    store: Store,
    past: BTreeMap<Revision, Store>,
    behind: BTreeMap<u32, Store>,
    leases: Vec<LeaseId>,
    log: Vec<Change>,
    times: BTreeMap<Revision, Time>,
    operations: Vec<Operation>,
}

/// How many old states are kept to be read.
const PAST_MAX: usize = 20;

impl Maker {
    /// `(client, called, effect, returned)`, in the order of effects.
    fn schedule(&mut self) -> Vec<(u32, Time, Time, Time)> {
        let mut clocks = vec![0; self.sample.clients as usize];
        let mut schedule = Vec::new();
        for index in 0..self.sample.operations {
            let client = index % self.sample.clients;
            let clock = &mut clocks[client as usize];
            let called = *clock + 1 + self.dice.roll(1000);
            let effect = called + 1 + self.dice.roll(1000);
            let returned = effect + 1 + self.dice.roll(1000);
            *clock = returned;
            schedule.push((client, called, effect, returned));
        }
        schedule.sort_by_key(|&(.., effect, _)| effect);
        schedule
    }

    fn happen(&mut self, client: u32, called: Time, effect: Time, returned: Time) {
        let request = self.request();
        let unknown = self.dice.roll(100) < self.sample.unknown_percent;
        let lost = unknown && self.dice.roll(2) == 0;
        let index = self.operations.len();
        let outcome = match lost {
            true => Outcome::Unknown { gave_up: returned, text: "timeout".into() },
            false => self.carry_out(client, &request, index, effect, returned),
        };
        let outcome = match unknown {
            true => Outcome::Unknown { gave_up: returned, text: "timeout".into() },
            false => outcome,
        };
        let (session, user) = (client + 1, String::new());
        self.operations.push(Operation { client, session, user, called, request, outcome });
        if self.sample.rich && self.dice.roll(20) == 0 {
            self.end_a_lease(effect);
        }
        self.behind.insert(client, self.store.clone());
    }

    fn carry_out(
        &mut self,
        client: u32,
        request: &Request,
        index: usize,
        effect: Time,
        returned: Time,
    ) -> Outcome {
        let mut revision = self.store.revision;
        let response = match request {
            Request::Range(range) if range.revision > 0 => {
                Ok((self.past[&range.revision].select(range).to_response(range), Vec::new()))
            }
            Request::Range(range) if range.serializable && self.behind.contains_key(&client) => {
                let behind = &self.behind[&client];
                revision = behind.revision;
                Ok((behind.select(range).to_response(range), Vec::new()))
            }
            request => {
                let outcome = self.store.execute(request);
                revision = self.store.revision;
                outcome
            }
        };
        match response {
            Ok((response, events)) => {
                self.note(events, Author::Operation(index), effect);
                Outcome::Answered { returned, revision, response }
            }
            Err(error) => Outcome::Refused { returned, error, text: format!("{error:?}") },
        }
    }

    fn end_a_lease(&mut self, at: Time) {
        if let Some(lease) = self.leases.pop() {
            let revoke = Request::LeaseRevoke { id: lease };
            if let Ok((_, events)) = self.store.execute(&revoke) {
                self.note(events, Author::LeaseEnd(lease), at);
            }
        }
    }

    fn note(&mut self, events: Vec<Event>, author: Author, at: Time) {
        if events.is_empty() {
            return;
        }
        let revision = self.store.revision;
        self.times.insert(revision, at);
        self.log.push(Change { revision, events, author });
        if self.sample.rich {
            self.past.insert(revision, self.store.clone());
            if self.past.len() > PAST_MAX {
                self.past.pop_first();
            }
        }
    }

    fn request(&mut self) -> Request {
        let rich = u64::from(self.sample.rich);
        match self.dice.roll(10 + 3 * rich) {
            0..=2 => self.put(0),
            3 => self.delete(),
            4 => self.txn(),
            5..=7 => self.range(0, false),
            8 | 9 => self.get(),
            10 => {
                let id = 1000 + self.operations.len() as i64;
                self.leases.push(id);
                Request::LeaseGrant { id, ttl: 10 }
            }
            11 if !self.leases.is_empty() => {
                let lease = self.leases[self.dice.roll(self.leases.len() as u64) as usize];
                self.put(lease)
            }
            _ => {
                let past = self.dice.roll(self.past.len() as u64) as usize;
                let revision = self.past.keys().nth(past).copied().unwrap_or(1);
                let serializable = self.dice.roll(2) == 0;
                self.range(if serializable { 0 } else { revision }, serializable)
            }
        }
    }

    fn key(&mut self) -> String {
        format!("key{}", self.dice.roll(self.sample.keys))
    }

    fn put(&mut self, lease: LeaseId) -> Request {
        let (key, value) = (self.key(), format!("v{}", self.operations.len()));
        Request::Put(Put { key, value, lease, prev_kv: self.dice.roll(2) == 0, ..Put::default() })
    }

    fn delete(&mut self) -> Request {
        let (key, prev_kv) = (self.key(), self.dice.roll(2) == 0);
        let range_end = if self.dice.roll(4) == 0 { "kez".into() } else { String::new() };
        Request::Delete(Delete { key, range_end, prev_kv })
    }

    fn get(&mut self) -> Request {
        Request::Range(Range { key: self.key(), ..Range::default() })
    }

    fn range(&mut self, revision: Revision, serializable: bool) -> Request {
        let (key, range_end) = ("key".to_owned(), "kez".to_owned());
        let limit = self.dice.roll(4) as i64;
        Request::Range(Range { key, range_end, limit, revision, serializable, ..Range::default() })
    }

    fn txn(&mut self) -> Request {
        let key = self.key();
        let known = self.store.kvs.get(&key).map_or(0, |kv| kv.modified);
        let target = CompareTarget::Mod(known - self.dice.roll(2) as i64);
        let compare = Compare {
            key: key.clone(),
            range_end: String::new(),
            result: CompareResult::Equal,
            target,
        };
        let put = self.put(0);
        let get = Request::Range(Range { key, ..Range::default() });
        Request::Txn(Txn { compares: vec![compare], success: vec![put], failure: vec![get] })
    }

    fn watch(&mut self, index: u32) -> Watch {
        let mut request = WatchRequest {
            key: "\0".into(),
            range_end: "\0".into(),
            start_revision: 1,
            prev_kv: true,
            ..WatchRequest::default()
        };
        if index > 0 {
            request.key = self.key();
            request.range_end = if self.dice.roll(2) == 0 { String::new() } else { "kez".into() };
            request.start_revision = 1 + self.dice.roll(self.log.len() as u64) as i64;
            request.no_delete = self.dice.roll(4) == 0;
            request.prev_kv = self.dice.roll(2) == 0;
        }
        let responses = self.responses(&request);
        Watch { client: 100 + index, session: 100 + index, request, responses, ..Watch::default() }
    }

    fn responses(&mut self, request: &WatchRequest) -> Vec<WatchResponse> {
        let mut responses =
            vec![WatchResponse { at: 1, revision: 1, created: true, ..WatchResponse::default() }];
        for change in &self.log {
            if change.revision < request.start_revision {
                continue;
            }
            let at = self.times[&change.revision] + 1 + self.dice.roll(500);
            let at = responses.last().map_or(at, |last| at.max(last.at));
            let events: Vec<Event> =
                change.events.iter().filter_map(|event| shown(request, event)).collect();
            let progress = events.is_empty();
            if progress && self.dice.roll(4) > 0 {
                continue;
            }
            let revision = change.revision;
            responses.push(WatchResponse {
                at,
                revision,
                progress,
                events,
                ..WatchResponse::default()
            });
        }
        responses
    }
}

fn shown(request: &WatchRequest, event: &Event) -> Option<Event> {
    let hidden = match event.kind {
        EventKind::Put => request.no_put,
        EventKind::Delete => request.no_delete,
    };
    if hidden || !in_range(&event.kv.key, &request.key, &request.range_end) {
        return None;
    }
    let prev_kv = event.prev_kv.clone().filter(|_| request.prev_kv);
    Some(Event { prev_kv, ..event.clone() })
}

/// The first answered operation, from a place on, whose answer meets a condition.
pub fn find(history: &History, from: usize, wanted: impl Fn(&Response) -> bool) -> Option<usize> {
    let matches = |operation: &Operation| match &operation.outcome {
        Outcome::Answered { response, .. } => wanted(response),
        Outcome::Refused { .. } | Outcome::Unknown { .. } => false,
    };
    (0..history.operations.len())
        .cycle()
        .skip(from)
        .take(history.operations.len())
        .find(|&index| matches(&history.operations[index]))
}

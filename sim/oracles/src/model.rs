//! The store as its documentation describes it: a map, a revision, and nothing about how.
//!
//! The slow, obvious reference that answers are compared with. Upstream's rules:
//! server/etcdserver/txn/{txn,range,put,delete}.go; the model is in the manner of
//! tests/robustness/model/deterministic.go.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    history::{
        Compare, CompareResult, CompareTarget, Delete, Event, EventKind, KeyValue, LeaseId, Put,
        Range, Refusal, Request, Response, Revision, SortOrder, SortTarget, Txn, in_range,
    },
    selection::Selection,
};

/// All keys at one revision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Store {
    /// The revision of the last change.
    pub revision: Revision,
    /// The keys that exist.
    pub kvs: BTreeMap<String, KeyValue>,
    /// Leases that are surely over. A lease that is not listed may or may not exist.
    pub ended: BTreeSet<LeaseId>,
}

impl Default for Store {
    fn default() -> Self {
        Self { revision: 1, kvs: BTreeMap::new(), ended: BTreeSet::new() }
    }
}

impl Store {
    /// Carries a request out and returns what etcd answers and what a watch sees, each event with
    /// its `prev_kv`. A refused request changes nothing.
    pub fn execute(&mut self, request: &Request) -> Result<(Response, Vec<Event>), Refusal> {
        let mut events = Vec::new();
        let outcome = match request {
            Request::Txn(txn) => {
                let path = self.branches(txn);
                self.txn(txn, &mut path.into_iter(), &mut events)
            }
            Request::LeaseRevoke { id } => {
                self.end_lease(*id, &mut events);
                Ok(Response::Done)
            }
            Request::LeaseGrant { id, ttl } => Ok(Response::LeaseGrant { id: *id, ttl: *ttl }),
            Request::Put(_) | Request::Delete(_) | Request::Range(_) => {
                self.simple(request, &mut events)
            }
            Request::Compact { .. }
            | Request::LeaseKeepAlive { .. }
            | Request::LeaseTimeToLive { .. }
            | Request::Recipe { .. }
            | Request::Auth(_)
            | Request::Admin(_)
            | Request::Other { .. } => Ok(Response::Done),
        };
        match outcome {
            Ok(response) => {
                // One revision for all changes of a request, none for no change.
                self.revision += i64::from(!events.is_empty());
                Ok((response, events))
            }
            Err(refusal) => {
                self.take_back(&events);
                Err(refusal)
            }
        }
    }

    /// Undoes a request that [`Store::execute`] has just carried out with these events.
    pub fn undo(&mut self, request: &Request, events: &[Event]) {
        if let Request::LeaseRevoke { id } = request {
            self.ended.remove(id);
        }
        self.take_back(events);
        self.revision -= i64::from(!events.is_empty());
    }

    /// The keys attached to a lease.
    pub fn attached(&self, lease: LeaseId) -> impl Iterator<Item = &KeyValue> {
        self.kvs.values().filter(move |kv| kv.lease == lease)
    }

    /// What a range shows at this revision.
    pub fn select<'a>(&'a self, range: &'a Range) -> Selection<'a> {
        let mut kvs: Vec<&KeyValue> = self.scan(&range.key, &range.range_end).collect();
        let count = kvs.len() as i64;
        if range.count_only {
            return Selection { kvs: Vec::new(), matching: Vec::new(), more: false, count };
        }
        kvs.retain(|kv| passes(range, kv));
        if range.sort_order != SortOrder::None || range.sort_target != SortTarget::Key {
            kvs.sort_by(|a, b| by_target(range.sort_target, a, b));
            if range.sort_order == SortOrder::Descend {
                kvs.reverse();
            }
        }
        let matching = kvs.clone();
        let more = range.limit > 0 && kvs.len() as i64 > range.limit;
        if more {
            kvs.truncate(usize::try_from(range.limit).unwrap_or(usize::MAX));
        }
        Selection { kvs, matching, more, count }
    }

    fn scan<'a>(&'a self, key: &str, end: &str) -> Box<dyn Iterator<Item = &'a KeyValue> + 'a> {
        match end {
            "" => Box::new(self.kvs.get(key).into_iter()),
            "\0" => Box::new(self.kvs.range(key.to_owned()..).map(|(_, kv)| kv)),
            end if end <= key => Box::new(std::iter::empty()),
            end => Box::new(self.kvs.range(key.to_owned()..end.to_owned()).map(|(_, kv)| kv)),
        }
    }

    fn simple(&mut self, request: &Request, events: &mut Vec<Event>) -> Result<Response, Refusal> {
        match request {
            Request::Put(put) => self.put(put, events),
            Request::Delete(delete) => Ok(self.delete(delete, events)),
            Request::Range(range) => Ok(self.select(range).to_response(range)),
            other => unreachable!("a history's transaction holds {other:?}"),
        }
    }

    fn put(&mut self, put: &Put, events: &mut Vec<Event>) -> Result<Response, Refusal> {
        let previous = self.kvs.get(&put.key).cloned();
        if (put.ignore_value || put.ignore_lease) && previous.is_none() {
            return Err(Refusal::KeyNotFound);
        }
        let mut kv = KeyValue {
            key: put.key.clone(),
            value: put.value.clone(),
            create: self.revision + 1,
            modified: self.revision + 1,
            version: 1,
            lease: put.lease,
        };
        if let Some(before) = &previous {
            kv.create = before.create;
            kv.version = before.version + 1;
            if put.ignore_value {
                kv.value.clone_from(&before.value);
            }
            if put.ignore_lease {
                kv.lease = before.lease;
            }
        }
        if self.ended.contains(&kv.lease) {
            return Err(Refusal::LeaseNotFound);
        }
        self.kvs.insert(put.key.clone(), kv.clone());
        let prev_kv = previous.clone().filter(|_| put.prev_kv);
        events.push(Event { kind: EventKind::Put, kv, prev_kv: previous });
        Ok(Response::Put { prev_kv })
    }

    fn delete(&mut self, delete: &Delete, events: &mut Vec<Event>) -> Response {
        let gone: Vec<KeyValue> = self.scan(&delete.key, &delete.range_end).cloned().collect();
        for kv in &gone {
            self.remove(kv, events);
        }
        let deleted = gone.len() as i64;
        Response::Delete { deleted, prev_kvs: if delete.prev_kv { gone } else { Vec::new() } }
    }

    fn end_lease(&mut self, lease: LeaseId, events: &mut Vec<Event>) {
        let gone: Vec<KeyValue> = self.attached(lease).cloned().collect();
        for kv in &gone {
            self.remove(kv, events);
        }
        self.ended.insert(lease);
    }

    fn remove(&mut self, kv: &KeyValue, events: &mut Vec<Event>) {
        self.kvs.remove(&kv.key);
        let tombstone =
            KeyValue { key: kv.key.clone(), modified: self.revision + 1, ..KeyValue::default() };
        let prev_kv = Some(kv.clone());
        events.push(Event { kind: EventKind::Delete, kv: tombstone, prev_kv });
    }

    fn take_back(&mut self, events: &[Event]) {
        for event in events.iter().rev() {
            match &event.prev_kv {
                Some(before) => self.kvs.insert(before.key.clone(), before.clone()),
                None => self.kvs.remove(&event.kv.key),
            };
        }
    }

    fn txn(
        &mut self,
        txn: &Txn,
        path: &mut std::vec::IntoIter<bool>,
        events: &mut Vec<Event>,
    ) -> Result<Response, Refusal> {
        let succeeded = path.next().expect("one branch was chosen for each transaction");
        let mut responses = Vec::new();
        for request in if succeeded { &txn.success } else { &txn.failure } {
            responses.push(match request {
                Request::Txn(inner) => self.txn(inner, path, events)?,
                other => self.simple(other, events)?,
            });
        }
        Ok(Response::Txn { succeeded, responses })
    }

    /// Which branch each transaction takes, outermost first. All comparisons, also those of nested
    /// transactions, see the store before the first write.
    fn branches(&self, txn: &Txn) -> Vec<bool> {
        let succeeded = txn.compares.iter().all(|compare| self.holds(compare));
        let mut path = vec![succeeded];
        for request in if succeeded { &txn.success } else { &txn.failure } {
            if let Request::Txn(inner) = request {
                path.extend(self.branches(inner));
            }
        }
        path
    }

    fn holds(&self, compare: &Compare) -> bool {
        let mut keys = self.scan(&compare.key, &compare.range_end).peekable();
        if keys.peek().is_none() {
            return match compare.target {
                CompareTarget::Value(_) => false,
                CompareTarget::Version(_)
                | CompareTarget::Create(_)
                | CompareTarget::Mod(_)
                | CompareTarget::Lease(_) => meets(compare, &KeyValue::default()),
            };
        }
        keys.all(|kv| meets(compare, kv))
    }
}

/// True when the request, answered so, has changed keys. None: the answer does not tell.
pub fn claims_change(request: &Request, response: &Response) -> Option<bool> {
    match (request, response) {
        (Request::LeaseRevoke { .. }, _) => None,
        (_, Response::Put { .. }) => Some(true),
        (_, Response::Delete { deleted, .. }) => Some(*deleted > 0),
        (_, Response::Txn { responses, .. }) => {
            Some(responses.iter().any(|inner| claims_change(request, inner) == Some(true)))
        }
        (
            _,
            Response::Range { .. }
            | Response::LeaseGrant { .. }
            | Response::LeaseKeepAlive { .. }
            | Response::LeaseTimeToLive { .. }
            | Response::Told(_)
            | Response::Done,
        ) => Some(false),
    }
}

/// True when a watch or range over `key..range_end` shows the event.
pub fn touches(event: &Event, key: &str, range_end: &str) -> bool {
    in_range(&event.kv.key, key, range_end)
}

fn meets(compare: &Compare, kv: &KeyValue) -> bool {
    let order = match &compare.target {
        CompareTarget::Version(version) => kv.version.cmp(version),
        CompareTarget::Create(revision) => kv.create.cmp(revision),
        CompareTarget::Mod(revision) => kv.modified.cmp(revision),
        CompareTarget::Lease(lease) => kv.lease.cmp(lease),
        CompareTarget::Value(value) => kv.value.cmp(value),
    };
    match compare.result {
        CompareResult::Equal => order.is_eq(),
        CompareResult::NotEqual => order.is_ne(),
        CompareResult::Greater => order.is_gt(),
        CompareResult::Less => order.is_lt(),
    }
}

fn passes(range: &Range, kv: &KeyValue) -> bool {
    let below = |limit: Revision, value: Revision| limit == 0 || value <= limit;
    kv.modified >= range.min_mod_revision
        && below(range.max_mod_revision, kv.modified)
        && kv.create >= range.min_create_revision
        && below(range.max_create_revision, kv.create)
}

/// The order of two keys by one property; ties are left open, as upstream's sort does.
pub fn by_target(target: SortTarget, a: &KeyValue, b: &KeyValue) -> std::cmp::Ordering {
    match target {
        SortTarget::Key => a.key.cmp(&b.key),
        SortTarget::Version => a.version.cmp(&b.version),
        SortTarget::Create => a.create.cmp(&b.create),
        SortTarget::Mod => a.modified.cmp(&b.modified),
        SortTarget::Value => a.value.cmp(&b.value),
    }
}

//! What clients saw of revisions whose writer never got an answer.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{
    Delete, Event, EventKind, History, KeyValue, Outcome, Put, Request, Response, Revision, Txn,
    Watch, covers_everything, in_range,
};

/// What is known of one revision.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// Events that watches showed, without `prev_kv`.
    pub(crate) events: BTreeSet<Event>,
    /// Keys that answers showed as changed at this revision.
    pub(crate) kvs: BTreeSet<KeyValue>,
    /// True when a watch over all keys showed the revision: then there were no other events.
    pub(crate) complete: bool,
    /// Ranges that were watched before and after this revision: what changed there was shown.
    pub(crate) watched: BTreeSet<(String, String)>,
}

impl Evidence {
    /// Collects what is known of each revision that has no writer.
    pub(crate) fn gather(
        history: &History,
        has_writer: impl Fn(Revision) -> bool,
    ) -> BTreeMap<Revision, Self> {
        let mut all = BTreeMap::<Revision, Self>::new();
        let mut note = |kv: &KeyValue| {
            if !has_writer(kv.modified) {
                all.entry(kv.modified).or_default().kvs.insert(kv.clone());
            }
        };
        for operation in &history.operations {
            if let Outcome::Answered { response, .. } = &operation.outcome {
                each_kv(&operation.request, response, &mut note);
            }
        }
        for watch in &history.watches {
            let request = &watch.request;
            let whole = covers_everything(&request.key, &request.range_end)
                && !(request.no_put || request.no_delete);
            for event in watch.responses.iter().flat_map(|response| &response.events) {
                if !has_writer(event.kv.modified) {
                    let evidence = all.entry(event.kv.modified).or_default();
                    evidence.events.insert(Event { prev_kv: None, ..event.clone() });
                    evidence.complete |= whole;
                }
            }
            for revision in followed(watch).filter(|revision| !has_writer(*revision)) {
                let range = (request.key.clone(), request.range_end.clone());
                all.entry(revision).or_default().watched.insert(range);
            }
        }
        all
    }

    /// True when a change with these events would have been seen so.
    pub(crate) fn allows(&self, events: &[Event]) -> bool {
        let shown = |seen: &Event| {
            events.iter().any(|event| event.kind == seen.kind && event.kv == seen.kv)
        };
        let returned = |seen: &KeyValue| {
            events.iter().any(|event| event.kind == EventKind::Put && event.kv == *seen)
        };
        let watched = |event: &&Event| {
            let within = |(key, end): &(String, String)| in_range(&event.kv.key, key, end);
            self.watched.iter().any(within)
        };
        let told = |event: &Event| {
            self.events.iter().any(|seen| event.kind == seen.kind && event.kv == seen.kv)
        };
        self.events.iter().all(shown)
            && events.iter().filter(watched).all(told)
            && self.kvs.iter().all(returned)
            && (!self.complete || self.events.len() == events.len())
    }

    /// Keys and values that were written at this revision.
    pub(crate) fn puts(&self) -> impl Iterator<Item = &KeyValue> {
        let events = self.events.iter().filter(|event| event.kind == EventKind::Put);
        events.map(|event| &event.kv).chain(&self.kvs)
    }

    /// All keys that were seen to change.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let events = self.events.iter().map(|event| &event.kv);
        events.chain(&self.kvs).map(|kv| kv.key.as_str())
    }

    /// The request that would have had these effects; None when no watch showed any.
    pub(crate) fn as_request(&self, prefix: &str) -> Option<Request> {
        let ours = |event: &Event| event.kv.key.starts_with(prefix);
        if self.events.is_empty() || !self.events.iter().all(ours) {
            return None;
        }
        let success = self.events.iter().map(request_for).collect();
        Some(Request::Txn(Txn { success, ..Txn::default() }))
    }
}

/// The revisions of which a watch has surely shown all that happened in its range: those before its
/// last event, whose own revision may have been cut.
fn followed(watch: &Watch) -> std::ops::Range<Revision> {
    let request = &watch.request;
    let events = || watch.responses.iter().flat_map(|response| &response.events);
    let revision = |event: &Event| event.kv.modified;
    let filtered = request.no_put || request.no_delete;
    let (Some(first), Some(last)) = (events().next(), events().next_back()) else { return 0..0 };
    match request.start_revision {
        _ if filtered => 0..0,
        0 => revision(first)..revision(last),
        start => start..revision(last),
    }
}

fn request_for(event: &Event) -> Request {
    let KeyValue { key, value, lease, .. } = event.kv.clone();
    match event.kind {
        EventKind::Put => Request::Put(Put { key, value, lease, ..Put::default() }),
        EventKind::Delete => Request::Delete(Delete { key, ..Delete::default() }),
    }
}

fn each_kv(request: &Request, response: &Response, note: &mut impl FnMut(&KeyValue)) {
    match (request, response) {
        (_, Response::Put { prev_kv }) => prev_kv.iter().for_each(note),
        (_, Response::Delete { prev_kvs, .. }) => prev_kvs.iter().for_each(note),
        // Keys without their values prove nothing about who wrote them.
        (Request::Range(range), Response::Range { kvs, .. }) if !range.keys_only => {
            kvs.iter().for_each(note);
        }
        (Request::Txn(txn), Response::Txn { succeeded, responses }) => {
            let branch = if *succeeded { &txn.success } else { &txn.failure };
            for (request, response) in branch.iter().zip(responses) {
                each_kv(request, response, &mut *note);
            }
        }
        _ => {}
    }
}

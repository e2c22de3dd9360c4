//! What a range shows, and whether an answer shows the same.

use crate::{
    history::{KeyValue, Range, Response, SortTarget},
    model::by_target,
};

/// The keys of a range by reference: most operations of a history are reads, and copying what each
/// of them shows would cost more than all the rest.
#[derive(Debug)]
pub struct Selection<'a> {
    /// What is returned.
    pub kvs: Vec<&'a KeyValue>,
    /// What would be returned without a limit.
    pub matching: Vec<&'a KeyValue>,
    /// True when the limit left some out.
    pub more: bool,
    /// How many keys the range holds.
    pub count: i64,
}

impl Selection<'_> {
    /// True when an answer shows exactly this. Keys that are equal in what the range is sorted by
    /// may come in any order, and a limit may keep any of them.
    pub fn shown_by(&self, range: &Range, response: &Response) -> bool {
        let Response::Range { kvs, more, count } = response else { return false };
        if *more != self.more || *count != self.count || kvs.len() != self.kvs.len() {
            return false;
        }
        let in_order = self.kvs.iter().zip(kvs).all(|(wanted, got)| same(range, wanted, got));
        in_order || (range.sort_target != SortTarget::Key && self.permuted_by(range, kvs))
    }

    /// The same as an answer.
    pub fn to_response(&self, range: &Range) -> Response {
        let kvs = self.kvs.iter().map(|kv| shown(range, kv)).collect();
        Response::Range { kvs, more: self.more, count: self.count }
    }

    fn permuted_by(&self, range: &Range, kvs: &[KeyValue]) -> bool {
        // Values may have been left out: what is sorted by is looked up by key.
        let mut found = Vec::new();
        for got in kvs {
            let Some(wanted) = self.matching.iter().find(|kv| kv.key == got.key) else {
                return false;
            };
            if !same(range, wanted, got) || found.iter().any(|kv: &&KeyValue| kv.key == got.key) {
                return false;
            }
            found.push(*wanted);
        }
        let level = |(a, b): (&&KeyValue, &&KeyValue)| by_target(range.sort_target, a, b).is_eq();
        self.kvs.iter().zip(&found).all(level)
    }
}

fn shown(range: &Range, kv: &KeyValue) -> KeyValue {
    let mut kv = kv.clone();
    if range.keys_only {
        kv.value.clear();
    }
    kv
}

fn same(range: &Range, wanted: &KeyValue, got: &KeyValue) -> bool {
    if !range.keys_only {
        return wanted == got;
    }
    got.value.is_empty() && *got == shown(range, wanted)
}

//! What a client asks for next: pure, from chance and what the client has learnt.

use std::collections::BTreeMap;

use oracles::history::{
    Compare, CompareResult, CompareTarget, Delete, KeyValue, LeaseId, Put, Range, Request,
    Response, Revision, SortOrder, SortTarget, Txn,
};

use crate::profile::KvMix;

/// Where numbers come from.
pub trait Chance {
    /// A number below `limit`; 0 for a limit of 0.
    fn below(&mut self, limit: u64) -> u64;
}

impl<F: FnMut(u64) -> u64> Chance for F {
    fn below(&mut self, limit: u64) -> u64 {
        self(limit)
    }
}

/// First key and range end of all keys.
pub fn everything() -> (String, String) {
    ("\0".to_owned(), "\0".to_owned())
}

/// Makes one client's requests.
#[derive(Clone, Debug)]
pub struct Generator {
    client: u32,
    keys: u64,
    mix: KvMix,
    /// Requests so far: with the client's number, a value that nobody else writes.
    count: u64,
    /// The last revision of each key that this client saw.
    known: BTreeMap<String, Revision>,
    /// The last revision of the store that it saw.
    revision: Revision,
    /// The lease for its leased writes, once it has one.
    lease: LeaseId,
    /// Most bytes of a value.
    value_bytes: u64,
}

type Make = fn(&mut Generator, &mut dyn FnMut(u64) -> u64) -> Request;

impl Generator {
    /// For one client among many that share `keys` keys.
    pub fn new(client: u32, keys: u64, mix: KvMix) -> Self {
        let (count, known, revision, lease) = (0, BTreeMap::new(), 0, 0);
        Self { client, keys, mix, count, known, revision, lease, value_bytes: 0 }
    }

    /// With values of up to so many bytes.
    #[must_use]
    pub fn with_values(mut self, bytes_max: u64) -> Self {
        self.value_bytes = bytes_max;
        self
    }

    /// The next request.
    pub fn next(&mut self, chance: &mut impl Chance) -> Request {
        self.count += 1;
        let mut below = |limit| chance.below(limit);
        let table = self.table();
        let mut left = below(table.iter().map(|(weight, _)| weight).sum());
        for (weight, make) in table {
            match left.checked_sub(weight) {
                Some(rest) => left = rest,
                None => return make(self, &mut below),
            }
        }
        self.get(&mut below)
    }

    /// Takes in what an answer tells.
    pub fn learn(&mut self, revision: Revision, response: &Response) {
        self.revision = self.revision.max(revision);
        match response {
            Response::Range { kvs, .. } => kvs.iter().for_each(|kv| self.see(kv)),
            Response::Put { prev_kv } => prev_kv.iter().for_each(|kv| self.see(kv)),
            Response::Txn { responses, .. } => {
                responses.iter().for_each(|inner| self.learn(revision, inner));
            }
            Response::LeaseGrant { id, .. } => self.lease = *id,
            Response::Delete { .. }
            | Response::LeaseKeepAlive { .. }
            | Response::LeaseTimeToLive { .. }
            | Response::Told(_)
            | Response::Done => {}
        }
    }

    /// The lease is gone: the next leased write asks for another.
    pub fn lose_lease(&mut self) {
        self.lease = 0;
    }

    fn table(&self) -> [(u64, Make); 11] {
        let mix = &self.mix;
        [
            (mix.put, Self::put),
            (mix.leased_put, Self::leased_put),
            (mix.delete, Self::delete),
            (mix.delete_range, Self::delete_range),
            (mix.get, |own, below| own.get(below)),
            (mix.list, Self::list),
            (mix.query, Self::query),
            (mix.serializable, Self::serializable),
            (mix.past, Self::past),
            (mix.compare_and_set, Self::compare_and_set),
            (mix.multi_put, Self::multi_put),
        ]
    }

    fn see(&mut self, kv: &KeyValue) {
        let known = self.known.entry(kv.key.clone()).or_default();
        *known = kv.modified.max(*known);
    }

    /// Mostly one that all share; some lie behind all others, for ranges without an end.
    fn key(&self, below: &mut dyn FnMut(u64) -> u64) -> String {
        match below(self.keys + self.keys.div_ceil(8)) {
            shared if shared < self.keys => format!("k/{shared:03}"),
            last => format!("z/{:03}", last - self.keys),
        }
    }

    /// One that nobody else writes. The number at its end is its length on the wire.
    fn value(&self, below: &mut dyn FnMut(u64) -> u64) -> String {
        let (client, count) = (self.client, self.count);
        match self.value_bytes {
            0 => format!("{client}-{count}"),
            most => format!("{client}-{count}:{}", below(most + 1)),
        }
    }

    fn plain_put(&self, key: String, below: &mut dyn FnMut(u64) -> u64) -> Put {
        Put { key, value: self.value(below), ..Put::default() }
    }

    fn put(&mut self, below: &mut dyn FnMut(u64) -> u64) -> Request {
        let put = self.plain_put(self.key(below), below);
        let options = below(16);
        let put = Put { prev_kv: options < 4, ..put };
        Request::Put(match options {
            3 | 4 => Put { value: String::new(), ignore_value: true, ..put },
            5 | 6 => Put { ignore_lease: true, ..put },
            _ => put,
        })
    }

    fn leased_put(&mut self, below: &mut dyn FnMut(u64) -> u64) -> Request {
        if self.lease == 0 {
            return Request::LeaseGrant { id: 0, ttl: 2 + below(20).cast_signed() };
        }
        let put = self.plain_put(self.key(below), below);
        Request::Put(Put { lease: self.lease, ..put })
    }

    fn delete(&mut self, below: &mut dyn FnMut(u64) -> u64) -> Request {
        let (key, prev_kv) = (self.key(below), below(4) == 0);
        Request::Delete(Delete { key, prev_kv, ..Delete::default() })
    }

    fn delete_range(&mut self, below: &mut dyn FnMut(u64) -> u64) -> Request {
        let (key, range_end) = self.some_range(below);
        Request::Delete(Delete { key, range_end, prev_kv: below(4) == 0 })
    }

    /// Some neighbours, all of the last keys, or nothing because the end comes first.
    fn some_range(&self, below: &mut dyn FnMut(u64) -> u64) -> (String, String) {
        let first = below(self.keys);
        let key = format!("k/{first:03}");
        match below(12) {
            0 | 1 => ("z/".to_owned(), "\0".to_owned()),
            2 => (key, format!("k/{:03}", first.saturating_sub(1))),
            _ => (key, format!("k/{:03}", first + 1 + below(4))),
        }
    }

    fn get(&self, below: &mut dyn FnMut(u64) -> u64) -> Request {
        Request::Range(Range { key: self.key(below), ..Range::default() })
    }

    fn all(&self) -> Range {
        Range { key: "k/".into(), range_end: "k0".into(), ..Range::default() }
    }

    fn list(&mut self, below: &mut dyn FnMut(u64) -> u64) -> Request {
        match below(4) {
            0 => self.read_together(below),
            _ => Request::Range(self.all()),
        }
    }

    /// A transaction that only reads: no entry of the log, and as fresh as any other read.
    fn read_together(&self, below: &mut dyn FnMut(u64) -> u64) -> Request {
        let serializable = below(4) == 0;
        let read = |range| Request::Range(Range { serializable, ..range });
        let one = Range { key: self.key(below), ..Range::default() };
        let compares = match below(2) {
            0 => vec![self.condition(self.key(below), below)],
            _ => Vec::new(),
        };
        let (success, failure) = (vec![read(one.clone()), read(self.all())], vec![read(one)]);
        Request::Txn(Txn { compares, success, failure })
    }

    fn query(&mut self, below: &mut dyn FnMut(u64) -> u64) -> Request {
        let orders = [SortOrder::None, SortOrder::Ascend, SortOrder::Descend];
        let targets = [
            SortTarget::Key,
            SortTarget::Version,
            SortTarget::Create,
            SortTarget::Mod,
            SortTarget::Value,
        ];
        let range = match below(3) {
            0 => self.some_range(below),
            _ => ("k/".to_owned(), "k0".to_owned()),
        };
        Request::Range(Range {
            key: range.0,
            range_end: range.1,
            limit: below(4).cast_signed(),
            sort_order: orders[below(3) as usize],
            sort_target: targets[below(5) as usize],
            keys_only: below(5) == 0,
            count_only: below(8) == 0,
            min_mod_revision: self.bound(below),
            max_mod_revision: self.bound(below),
            min_create_revision: self.bound(below),
            max_create_revision: self.bound(below),
            ..Range::default()
        })
    }

    /// A limit for a filter: mostly none, sometimes a revision at which some key surely changed.
    fn bound(&self, below: &mut dyn FnMut(u64) -> u64) -> Revision {
        match below(12) {
            0 => below(self.revision.max(0).cast_unsigned()).cast_signed(),
            1 => {
                let place = usize::try_from(below(self.known.len() as u64));
                place.ok().and_then(|at| self.known.values().nth(at)).copied().unwrap_or(0)
            }
            _ => 0,
        }
    }

    fn serializable(&mut self, below: &mut dyn FnMut(u64) -> u64) -> Request {
        let range = match below(2) {
            0 => self.all(),
            _ => Range { key: self.key(below), ..Range::default() },
        };
        Request::Range(Range { serializable: true, ..range })
    }

    fn past(&mut self, below: &mut dyn FnMut(u64) -> u64) -> Request {
        // Mostly not long ago, so that it is not compacted; sometimes in the future.
        let back = below(30).cast_signed() - 2;
        let revision = (self.revision - back).max(1);
        let (serializable, count_only) = (below(3) == 0, below(6) == 0);
        Request::Range(Range { revision, serializable, count_only, ..self.all() })
    }

    fn compare_and_set(&mut self, below: &mut dyn FnMut(u64) -> u64) -> Request {
        let key = self.key(below);
        let compare = match below(3) {
            0 => self.condition(key.clone(), below),
            _ => self.unchanged(key.clone(), below),
        };
        let write = match below(5) {
            0 => Request::Delete(Delete { key: key.clone(), ..Delete::default() }),
            _ => Request::Put(self.plain_put(key.clone(), below)),
        };
        let read = Request::Range(Range { key, ..Range::default() });
        Request::Txn(Txn { compares: vec![compare], success: vec![write], failure: vec![read] })
    }

    /// What who wants to replace a key asks for.
    fn unchanged(&self, key: String, below: &mut dyn FnMut(u64) -> u64) -> Compare {
        let known = self.known.get(&key).copied().unwrap_or(0);
        let target = match below(4) {
            0 => CompareTarget::Create(0),
            1 => CompareTarget::Version(below(4).cast_signed()),
            _ => CompareTarget::Mod(known),
        };
        Compare { key, range_end: String::new(), result: CompareResult::Equal, target }
    }

    /// Any condition that can be put, on the key or on some neighbours.
    fn condition(&self, key: String, below: &mut dyn FnMut(u64) -> u64) -> Compare {
        let results = [
            CompareResult::Equal,
            CompareResult::NotEqual,
            CompareResult::Greater,
            CompareResult::Less,
        ];
        let result = results[below(4) as usize];
        let known = self.known.get(&key).copied().unwrap_or(0);
        let target = match below(5) {
            0 => CompareTarget::Create(known),
            1 => CompareTarget::Version(below(4).cast_signed()),
            2 => CompareTarget::Mod(known),
            3 => CompareTarget::Lease(if below(2) == 0 { self.lease } else { 0 }),
            _ => CompareTarget::Value(format!("{}-{}", self.client, below(1 + self.count))),
        };
        let (key, range_end) = match below(3) {
            0 => self.some_range(below),
            _ => (key, String::new()),
        };
        Compare { key, range_end, result, target }
    }

    fn multi_put(&mut self, below: &mut dyn FnMut(u64) -> u64) -> Request {
        let first = below(self.keys);
        let [key, next] = [first, first + 1].map(|key| format!("k/{key:03}"));
        let put = Request::Put(self.plain_put(key.clone(), below));
        let other = match below(6) {
            0 => self.turn(next.clone(), next, below),
            // It sees the store as it was before the first put.
            1 => self.turn(key, next, below),
            _ => Request::Put(self.plain_put(next, below)),
        };
        let success = vec![put, other, Request::Range(self.all())];
        Request::Txn(Txn { success, ..Txn::default() })
    }

    /// A transaction within another: the key goes if the one looked at is there, and else it comes.
    fn turn(&self, looked_at: String, key: String, below: &mut dyn FnMut(u64) -> u64) -> Request {
        let (range_end, result) = (String::new(), CompareResult::Greater);
        let target = CompareTarget::Create(0);
        let there = Compare { key: looked_at, range_end, result, target };
        let put = Request::Put(self.plain_put(key.clone(), below));
        let delete = Request::Delete(Delete { key, prev_kv: true, ..Delete::default() });
        Request::Txn(Txn { compares: vec![there], success: vec![delete], failure: vec![put] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oracles::sample::Dice;
    use std::collections::BTreeSet;

    fn requests(seed: u64) -> Vec<Request> {
        let mut dice = Dice(seed);
        let mut generator = Generator::new(7, 5, KvMix::default());
        let grant = Response::LeaseGrant { id: 9, ttl: 5 };
        generator.learn(50, &grant);
        (0..500).map(|_| generator.next(&mut |limit| dice.roll(limit))).collect()
    }

    #[test]
    fn the_same_chance_makes_the_same_requests() {
        assert_eq!(requests(3), requests(3));
        assert_ne!(requests(3), requests(4));
    }

    #[test]
    fn no_value_is_written_by_two_requests() {
        let mut values = BTreeSet::new();
        for request in requests(1) {
            let put = match &request {
                Request::Put(put) => Some(put),
                Request::Txn(txn) => txn.success.iter().find_map(|inner| match inner {
                    Request::Put(put) => Some(put),
                    _ => None,
                }),
                _ => None,
            };
            if let Some(put) = put.filter(|put| !put.ignore_value) {
                assert!(values.insert(put.value.clone()), "{put:?}");
            }
        }
        assert!(values.len() > 100);
    }

    #[test]
    fn a_mix_without_weights_still_asks_for_something() {
        let none = KvMix {
            put: 0,
            leased_put: 0,
            delete: 0,
            delete_range: 0,
            get: 0,
            list: 0,
            query: 0,
            serializable: 0,
            past: 0,
            compare_and_set: 0,
            multi_put: 0,
        };
        let mut generator = Generator::new(1, 5, none);
        assert!(matches!(generator.next(&mut |_| 0), Request::Range(_)));
    }
}

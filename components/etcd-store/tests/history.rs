//! Ranges, writes, transactions, compactions and restarts, against the whole history kept in maps.

#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use etcd_api::{
    EtcdError,
    etcdserverpb::{
        Compare, DeleteRangeRequest, PutRequest, RequestOp, TxnRequest, compare, request_op,
    },
    internal::internal_request::Request,
    mvccpb::KeyValue,
};
use etcd_store::{KeyRange, Refused, Store, check};
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::{apply, compact, crash, everything, new_disk, open, txn};

type State = BTreeMap<Bytes, KeyValue>;

/// Every state there ever was: the index is the revision.
struct Reference {
    states: Vec<State>,
    compacted: i64,
}

impl Reference {
    fn new() -> Self {
        Self { states: vec![State::new(), State::new()], compacted: 0 }
    }

    fn revision(&self) -> i64 {
        self.states.len() as i64 - 1
    }

    fn apply(&mut self, request: &Request) {
        let now = self.states.last().unwrap().clone();
        let mut next = now.clone();
        let revision = self.revision() + 1;
        let changed = match request {
            Request::Put(request) => put(&mut next, request, revision),
            Request::DeleteRange(request) => delete(&mut next, request),
            Request::Txn(request) => transaction(&now, &mut next, request, revision),
            Request::Compaction(request) => {
                if request.revision > self.compacted && request.revision < revision {
                    self.compacted = request.revision;
                }
                false
            }
            _ => unreachable!(),
        };
        if changed {
            self.states.push(next);
        }
    }
}

fn put(state: &mut State, request: &PutRequest, revision: i64) -> bool {
    let old = state.get(&request.key);
    let kv = KeyValue {
        key: request.key.clone(),
        create_revision: old.map_or(revision, |old| old.create_revision),
        mod_revision: revision,
        version: old.map_or(1, |old| old.version + 1),
        value: request.value.clone(),
        lease: 0,
    };
    state.insert(request.key.clone(), kv);
    true
}

fn delete(state: &mut State, request: &DeleteRangeRequest) -> bool {
    let range = KeyRange::new(&request.key, &request.range_end);
    let before = state.len();
    state.retain(|key, _| !range.contains(key));
    state.len() < before
}

fn transaction(now: &State, next: &mut State, request: &TxnRequest, revision: i64) -> bool {
    let holds = |compare: &Compare| {
        let Some(compare::TargetUnion::Version(version)) = compare.target_union else {
            unreachable!()
        };
        now.get(&compare.key).map_or(0, |kv| kv.version) > version
    };
    let succeeded = request.compare.iter().all(holds);
    let ops = if succeeded { &request.success } else { &request.failure };
    let mut changed = false;
    for op in ops {
        changed |= match op.request.as_ref().unwrap() {
            request_op::Request::RequestPut(request) => put(next, request, revision),
            request_op::Request::RequestDeleteRange(request) => delete(next, request),
            request_op::Request::RequestTxn(nested) => transaction(now, next, nested, revision),
            request_op::Request::RequestRange(_) => false,
        };
    }
    changed
}

#[derive(Clone, Debug)]
enum Step {
    Apply(Request),
    Commit,
    DeleteCompacted,
    Restart,
    Crash,
    Defragment,
}

fn key() -> impl Strategy<Value = Bytes> {
    (0_u8..6).prop_map(|key| Bytes::from(vec![b'a' + key]))
}

fn put_request() -> impl Strategy<Value = PutRequest> {
    (key(), any::<u8>()).prop_map(|(key, value)| PutRequest {
        key,
        value: vec![value; usize::from(value % 7)].into(),
        ..PutRequest::default()
    })
}

fn delete_request() -> impl Strategy<Value = DeleteRangeRequest> {
    (key(), prop_oneof![Just(Bytes::new()), Just(Bytes::from_static(&[0])), key()])
        .prop_map(|(key, range_end)| DeleteRangeRequest { key, range_end, prev_kv: false })
}

fn txn_request() -> impl Strategy<Value = TxnRequest> {
    let op = prop_oneof![
        put_request().prop_map(request_op::Request::RequestPut),
        delete_request().prop_map(request_op::Request::RequestDeleteRange),
    ];
    let leaf = op.prop_map(|op| RequestOp { request: Some(op) });
    let list = |of: BoxedStrategy<RequestOp>| proptest::collection::vec(of, 0..3);
    let compares = proptest::collection::vec((key(), 0_i64..3), 0..2).boxed();
    let make = |(compares, success, failure): (Vec<(Bytes, i64)>, _, _)| {
        let compare = compares.into_iter().map(|(key, version)| Compare {
            key,
            result: compare::CompareResult::Greater.into(),
            target: compare::CompareTarget::Version.into(),
            target_union: Some(compare::TargetUnion::Version(version)),
            ..Compare::default()
        });
        TxnRequest { compare: compare.collect(), success, failure }
    };
    let inner = (compares.clone(), list(leaf.clone().boxed()), list(leaf.clone().boxed()))
        .prop_map(make)
        .prop_map(|txn| RequestOp { request: Some(request_op::Request::RequestTxn(txn)) });
    let any_op = prop_oneof![3 => leaf, 1 => inner].boxed();
    (compares, list(any_op.clone()), list(any_op))
        .prop_map(make)
        .prop_filter("refused by the front", |txn| check::txn(txn, 128).is_ok())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => put_request().prop_map(|request| Step::Apply(Request::Put(request))),
        4 => delete_request().prop_map(|request| Step::Apply(Request::DeleteRange(request))),
        5 => txn_request().prop_map(|request| Step::Apply(txn(request))),
        2 => (1_i64..40).prop_map(|revision| Step::Apply(compact(revision))),
        3 => Just(Step::Commit),
        3 => Just(Step::DeleteCompacted),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
        1 => Just(Step::Defragment),
    ]
}

/// The store must read as the reference at every revision, or say why not.
fn compare_all(store: &Store, reference: &Reference) {
    assert_eq!(store.revision(), reference.revision());
    assert_eq!(store.compact_revision(), reference.compacted);
    for revision in 1..=reference.revision() + 1 {
        let found = store.range(&everything(revision));
        if revision < reference.compacted {
            assert_eq!(found, Err(Refused::Api(EtcdError::Compacted)));
        } else if let Some(state) = reference.states.get(usize::try_from(revision).unwrap()) {
            let found = found.unwrap();
            assert_eq!(found.kvs, state.values().cloned().collect::<Vec<_>>(), "at {revision}");
            assert_eq!(found.header.unwrap().revision, reference.revision());
        } else {
            assert_eq!(found, Err(Refused::Api(EtcdError::FutureRev)));
        }
    }
    assert_eq!(store.key_count(), reference.states.last().unwrap().len() as u64);
}

/// Applies what the log has beyond the store's index, as a restarted member does.
fn replay(store: &mut Store, log: &[Request]) {
    let from = usize::try_from(store.applied().index).unwrap();
    for request in &log[from..] {
        let _ = apply(store, request.clone());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn reads_as_the_whole_history_does(
        steps in proptest::collection::vec(step(), 1..50),
        seed in any::<u64>(),
    ) {
        let disk = new_disk(seed);
        let mut store = open(&disk);
        // Never restarted, committed or compacted physically: what all others must equal.
        let mut twin = open(&new_disk(seed));
        let mut reference = Reference::new();
        let mut log = Vec::new();
        for step in steps {
            match step {
                Step::Apply(request) => {
                    let (found, expected) =
                        (apply(&mut store, request.clone()), apply(&mut twin, request.clone()));
                    prop_assert_eq!(found.result, expected.result);
                    reference.apply(&request);
                    log.push(request);
                }
                Step::Commit => store.commit().unwrap(),
                Step::DeleteCompacted => drop(store.compact_step(2)),
                Step::Defragment => {
                    let done = store.begin_defragment().unwrap().run(&disk);
                    store.end_defragment(&disk, done).unwrap();
                }
                Step::Restart => {
                    drop(store);
                    store = open(&disk);
                    replay(&mut store, &log);
                }
                Step::Crash => {
                    let durable = store.durable_index();
                    crash(store, &disk);
                    store = open(&disk);
                    prop_assert!(store.applied().index >= durable);
                    replay(&mut store, &log);
                }
            }
        }
        compare_all(&store, &reference);
        for revision in reference.compacted + 1..=reference.revision() {
            prop_assert_eq!(store.hash_kv(revision).unwrap(), twin.hash_kv(revision).unwrap());
        }
        while store.compact_step(1) {}
        compare_all(&store, &reference);
        prop_assert_eq!(store.hash_kv(0), twin.hash_kv(0));
    }
}

//! Single requests and their answers: options of ranges, puts, leases, alarms, quota.

#![allow(clippy::unwrap_used)]

mod support;

use etcd_api::{
    EtcdError,
    etcdserverpb::{
        AlarmRequest, AlarmType, PutRequest, RangeRequest,
        alarm_request::AlarmAction,
        range_request::{SortOrder, SortTarget},
    },
    internal::internal_request::Request,
};
use etcd_store::{Response, Store};
use host::Defects;
use support::{
    apply, at, config, delete, everything, grant, host, new_disk, open, pairs, put, put_leased,
    result, revoke, text,
};

/// Revisions 2..=6: b=3, a=1, c=2, a=9 again, d deleted.
fn filled() -> Store {
    let mut store = open(&new_disk(1));
    for (key, value) in [("b", "3"), ("a", "1"), ("c", "2"), ("a", "9")] {
        apply(&mut store, put(key, value));
    }
    store
}

fn keys(store: &Store, request: RangeRequest) -> (String, bool, i64) {
    let found = store.range(&request).unwrap();
    let keys = found.kvs.iter().map(|kv| char::from(kv.key[0])).collect();
    (keys, found.more, found.count)
}

#[test]
fn ranges_filter_sort_and_limit() {
    let store = filled();
    let all = || everything(0);
    let sorted = |target: SortTarget, order: SortOrder| RangeRequest {
        sort_target: target.into(),
        sort_order: order.into(),
        ..all()
    };
    let (ascend, descend, none) = (SortOrder::Ascend, SortOrder::Descend, SortOrder::None);
    for (request, expected) in [
        (all(), ("abc", false, 3)),
        (RangeRequest { limit: 2, ..all() }, ("ab", true, 3)),
        (RangeRequest { limit: 3, ..all() }, ("abc", false, 3)),
        (RangeRequest { count_only: true, ..all() }, ("", false, 3)),
        (RangeRequest { min_mod_revision: 4, ..all() }, ("ac", false, 3)),
        (RangeRequest { max_mod_revision: 4, ..all() }, ("bc", false, 3)),
        (RangeRequest { min_create_revision: 3, max_create_revision: 3, ..all() }, ("a", false, 3)),
        (sorted(SortTarget::Key, descend), ("cba", false, 3)),
        (sorted(SortTarget::Value, none), ("cba", false, 3)),
        (sorted(SortTarget::Value, descend), ("abc", false, 3)),
        (sorted(SortTarget::Mod, ascend), ("bca", false, 3)),
        (sorted(SortTarget::Create, descend), ("cab", false, 3)),
        (sorted(SortTarget::Version, ascend), ("bca", false, 3)),
        (RangeRequest { limit: 1, ..sorted(SortTarget::Mod, descend) }, ("a", true, 3)),
        (RangeRequest { revision: 3, ..all() }, ("ab", false, 2)),
        (RangeRequest { key: text("b"), range_end: text("c"), ..all() }, ("b", false, 1)),
        (RangeRequest { key: text("c"), range_end: text("b"), ..all() }, ("", false, 0)),
    ] {
        let (found, more, count) = keys(&store, request.clone());
        assert_eq!((found.as_str(), more, count), expected, "{request:?}");
    }
    let bare = store.range(&RangeRequest { keys_only: true, ..all() }).unwrap();
    assert!(bare.kvs.iter().all(|kv| kv.value.is_empty() && kv.mod_revision > 1));
}

#[test]
fn puts_keep_what_they_ignore_and_show_what_was() {
    let mut store = open(&new_disk(1));
    apply(&mut store, grant(7));
    apply(&mut store, put_leased("k", "v", 7));
    let keep_value = PutRequest { key: text("k"), ignore_value: true, ..PutRequest::default() };
    let request = PutRequest { prev_kv: true, ..keep_value.clone() };
    let Ok(Response::Put(answer)) = result(&mut store, Request::Put(request)) else { panic!() };
    assert_eq!(answer.prev_kv.unwrap().lease, 7);
    let kv = store.range(&everything(0)).unwrap().kvs.remove(0);
    assert_eq!((&kv.value[..], kv.lease, kv.version), (&b"v"[..], 0, 2));
    assert_eq!(store.lessor().keys(7).count(), 0);
    let absent = PutRequest { key: text("x"), ..keep_value };
    assert_eq!(result(&mut store, Request::Put(absent)), Err(EtcdError::KeyNotFound));
    assert_eq!(result(&mut store, put_leased("k", "v", 8)), Err(EtcdError::LeaseNotFound));
    let Ok(Response::DeleteRange(answer)) = result(&mut store, delete("a", "z")) else { panic!() };
    assert_eq!((answer.deleted, answer.prev_kvs.len()), (1, 1));
    assert_eq!(answer.header.unwrap().revision, 4);
}

#[test]
fn a_revoked_lease_takes_its_keys_along_in_one_revision() {
    let disk = new_disk(1);
    let mut store = open(&disk);
    apply(&mut store, grant(7));
    for key in ["a", "b", "c"] {
        apply(&mut store, put_leased(key, "v", 7));
    }
    apply(&mut store, put("b", "free"));
    store.commit().unwrap();
    drop(store);
    let mut store = open(&disk);
    assert_eq!(store.lessor().keys(7).count(), 2);
    let before = store.revision();
    assert_eq!(apply(&mut store, revoke(7)).revision, before + 1);
    assert_eq!(pairs(&store), [("b".to_owned(), "free".to_owned())]);
    assert_eq!(result(&mut store, revoke(7)), Err(EtcdError::LeaseNotFound));
    assert_eq!(store.revision(), before + 1);
}

fn alarm(action: AlarmAction, alarm: AlarmType) -> Request {
    let (action, alarm) = (action.into(), alarm.into());
    Request::Alarm(AlarmRequest { action, member_id: 1, alarm })
}

#[test]
fn alarms_refuse_what_they_must_until_disarmed() {
    let mut store = filled();
    apply(&mut store, alarm(AlarmAction::Activate, AlarmType::Nospace));
    assert_eq!(result(&mut store, put("a", "x")), Err(EtcdError::NoSpace));
    assert_eq!(result(&mut store, grant(1)), Err(EtcdError::NoSpace));
    assert!(result(&mut store, delete("a", "")).is_ok());
    assert!(result(&mut store, support::compact(3)).is_ok());
    apply(&mut store, alarm(AlarmAction::Deactivate, AlarmType::Nospace));
    assert!(result(&mut store, put("a", "x")).is_ok());
    apply(&mut store, alarm(AlarmAction::Activate, AlarmType::Corrupt));
    assert_eq!(result(&mut store, put("a", "x")), Err(EtcdError::Corrupt));
    assert_eq!(result(&mut store, delete("a", "")), Err(EtcdError::Corrupt));
}

#[test]
fn a_write_beyond_the_quota_is_applied_and_raises_the_alarm() {
    let host = host(&new_disk(1), &Defects::none());
    let mut store =
        Store::open(&host, etcd_store::Config { quota_bytes: 2_000, ..config() }).unwrap();
    assert!(apply(&mut store, put("a", "small")).result.is_ok());
    let applied = apply(&mut store, put("b", &"x".repeat(2_000)));
    assert_eq!(applied.result, Err(EtcdError::NoSpace));
    assert!(applied.raise_nospace);
    assert_eq!(pairs(&store).len(), 2);
    assert_eq!(store.check_quota(&put("c", "")), Err(EtcdError::NoSpace));
    assert_eq!(store.check_quota(&delete("b", "")), Ok(()));
}

#[test]
fn an_entry_is_applied_once() {
    let mut store = filled();
    let revision = store.revision();
    assert!(!store.apply_empty(at(4)).unwrap());
    assert!(store.apply_empty(at(5)).unwrap());
    assert!(store.apply_conf_change(at(5), None, text("conf")).unwrap().is_none());
    assert_eq!((store.applied().index, store.revision()), (5, revision));
}

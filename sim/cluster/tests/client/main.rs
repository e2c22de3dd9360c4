//! The client's manners towards servers that fail, forget and fall silent.

#![allow(clippy::unwrap_used, reason = "a test: failing loudly is its purpose")]

mod alone;
mod script;

use alone::{run, run_with};
use etcd_api::{
    EtcdError,
    client::{Lost, WatchError, op},
    concurrency::{Election, Mutex, RecipeError, Session},
    etcdserverpb::*,
    mvccpb::{Event, KeyValue, event::EventType},
};
use host::{Defects, Host};
use script::{Script, client, client_of, listen, serve};
use std::{sync::Arc, time::Duration};
use tonic::{Code, Status};

fn header(revision: i64) -> Option<ResponseHeader> {
    Some(ResponseHeader { revision, ..Default::default() })
}

fn events(revisions: &[i64]) -> WatchResponse {
    let event = |mod_revision: &i64| Event {
        kv: Some(KeyValue { mod_revision: *mod_revision, ..Default::default() }),
        ..Default::default()
    };
    WatchResponse {
        header: header(9),
        events: revisions.iter().map(event).collect(),
        ..Default::default()
    }
}

/// A server whose cluster works without authentication.
fn script() -> Arc<Script> {
    let script = Arc::new(Script::default());
    script.tokens.lock().push_back(Err(EtcdError::AuthNotEnabled.into()));
    script
}

fn heard(script: &Script, name: &str) -> usize {
    script.heard.lock().iter().filter(|call| call.starts_with(name)).count()
}

#[test]
fn a_read_is_sent_again_and_a_write_is_not() {
    run(async |host: Host| {
        let script = script();
        let changed = || Err(EtcdError::LeaderChanged.into());
        script.ranges.lock().extend([changed(), changed()]);
        script.puts.lock().push_back(Err(EtcdError::LeaderChanged.into()));
        let (client, _stop) = client(&host, &[Some(script.clone())]).await;
        client.get(op::get("a")).await.expect("the third attempt");
        assert_eq!(heard(&script, "range"), 3);
        let error = client.put(op::put("a", "1")).await.expect_err("not sent again");
        assert_eq!(EtcdError::from_status(&error), Some(EtcdError::LeaderChanged));
        assert_eq!(heard(&script, "put"), 1);
    });
}

#[test]
fn a_write_goes_to_a_member_that_is_up() {
    run(async |host: Host| {
        let script = script();
        let members = [None, Some(script.clone()), None];
        let (client, _stop) = client(&host, &members).await;
        for _ in 0..6 {
            client.put(op::put("a", "1")).await.expect("one member is up");
        }
        assert_eq!(heard(&script, "put"), 6);
    });
}

#[test]
fn a_member_that_says_nothing_holds_up_no_call() {
    run(async |host: Host| {
        let script = script();
        // Its machine accepts connections; nobody there looks at them.
        let (_silent, silent) = listen(&host).await;
        let (up, _stop) = serve(&host, &script).await;
        let client = client_of(&host, vec![silent.clone(), up, silent]);
        let began = host.now();
        for _ in 0..20 {
            client.put(op::put("a", "1")).await.expect("one member is up");
            host.sleep(Duration::from_secs(1)).await;
        }
        let waited = host.now().since(began);
        assert!(waited < Duration::from_secs(21), "{waited:?}");
        assert_eq!(heard(&script, "put"), 20);
    });
}

#[test]
fn a_call_gives_up_after_its_time() {
    run(async |host: Host| {
        let (client, _stop) = client(&host, &[None]).await;
        let client = client.with_timeout(Duration::from_secs(2));
        let began = host.now();
        let error = client.get(op::get("a")).await.expect_err("nobody is up");
        let waited = host.now().since(began);
        assert!(waited <= Duration::from_secs(3), "{waited:?}");
        assert!(matches!(error.code(), Code::DeadlineExceeded | Code::Unavailable), "{error:?}");
    });
}

#[test]
fn a_refused_token_is_fetched_anew() {
    run(async |host: Host| {
        let script = Arc::new(Script::default());
        let token =
            |token: &str| Ok(AuthenticateResponse { token: token.into(), ..Default::default() });
        script.tokens.lock().extend([token("one"), token("two")]);
        script.puts.lock().push_back(Err(EtcdError::InvalidAuthToken.into()));
        let (client, _stop) = client(&host, &[Some(script.clone())]).await;
        client.put(op::put("a", "1")).await.expect("the second token is good");
        let expected = ["authenticate", "put one", "authenticate", "put two"];
        assert_eq!(*script.heard.lock(), expected);
    });
}

#[test]
fn a_watch_goes_on_after_its_stream_broke() {
    run(async |host: Host| {
        let script = script();
        let created = WatchResponse { created: true, header: header(7), ..Default::default() };
        let fragment = WatchResponse { fragment: true, ..events(&[10]) };
        let compacted =
            WatchResponse { canceled: true, compact_revision: 20, ..Default::default() };
        let broken = || Err(Status::unavailable("transport is closing"));
        script.watches.lock().extend([
            vec![Ok(created), Ok(events(&[8, 9])), Ok(fragment.clone()), broken()],
            vec![Ok(fragment), Ok(events(&[10, 11])), broken()],
            vec![Ok(compacted)],
        ]);
        let (client, _stop) = client(&host, &[Some(script.clone())]).await;
        let mut watcher = client.watch(op::watch_prefix("a"));
        let mut seen = Vec::new();
        let error = loop {
            match watcher.next().await.expect("it ends with an error") {
                Ok(response) => seen.extend(response.events),
                Err(error) => break error,
            }
        };
        let revisions: Vec<i64> =
            seen.iter().filter_map(|event| Some(event.kv.as_ref()?.mod_revision)).collect();
        assert_eq!(revisions, [8, 9, 10, 10, 11], "a torn revision comes again, whole");
        assert_eq!(*script.starts.lock(), [0, 10, 12]);
        assert!(matches!(error, WatchError::Compacted { compact_revision: 20 }), "{error}");
        assert!(watcher.next().await.is_none());
    });
}

#[test]
fn a_lease_is_renewed_until_it_is_gone_or_nobody_answers() {
    run(async |host: Host| {
        let script = script();
        let renewed = |ttl| Ok(LeaseKeepAliveResponse { id: 1, ttl, ..Default::default() });
        let broken = Err(Status::unavailable("transport is closing"));
        script.renewals.lock().extend([renewed(9), renewed(9), broken, renewed(9), renewed(0)]);
        let (client, _stop) = client(&host, &[Some(script.clone())]).await;
        let began = host.now();
        let keep_alive = client.keep_alive(1, 9, began);
        let lost = keep_alive.lost().await;
        assert!(matches!(lost, Lost::Gone(EtcdError::LeaseNotFound)), "{lost}");
        let lived = host.now().since(began).as_secs_f64();
        assert!((9.0..10.0).contains(&lived), "three renewals, one second apart each: {lived}");

        // The script is at its end: the server is silent.
        let began = host.now();
        let lost = client.keep_alive(2, 9, began).lost().await;
        assert!(matches!(lost, Lost::Expired), "{lost}");
        assert_eq!(host.now().since(began), Duration::from_secs(9));
    });
}

/// A queue in which somebody is before us, who has left by the time we look.
fn lock_script(own_key_lives: bool) -> Arc<Script> {
    let script = script();
    let granted = LeaseGrantResponse { id: 0xab, ttl: 60, ..Default::default() };
    script.grants.lock().push_back(Ok(granted));
    let first = KeyValue { create_revision: 5, ..Default::default() };
    let range = RangeResponse { kvs: vec![first], ..Default::default() };
    let put = ResponseOp { response: Some(response_op::Response::ResponsePut(Default::default())) };
    let range = ResponseOp { response: Some(response_op::Response::ResponseRange(range)) };
    script.txns.lock().push_back(Ok(TxnResponse {
        header: header(7),
        succeeded: true,
        responses: vec![put, range],
    }));
    let own = KeyValue { create_revision: 7, ..Default::default() };
    let kvs = if own_key_lives { vec![own] } else { Vec::new() };
    let nobody_before = RangeResponse { header: header(8), ..Default::default() };
    let own_key = RangeResponse { header: header(8), kvs, ..Default::default() };
    script.ranges.lock().extend([Ok(nobody_before), Ok(own_key)]);
    script
}

#[test]
fn a_lock_is_held_only_while_its_own_key_lives() {
    run(async |host: Host| {
        for own_key_lives in [true, false] {
            let script = lock_script(own_key_lives);
            let (client, _stop) = client(&host, &[Some(script.clone())]).await;
            let session = Session::new(&client, 60).await.expect("granted");
            let mut mutex = Mutex::new(&session, "lock");
            let locked = mutex.lock().await;
            match own_key_lives {
                true => locked.expect("our turn"),
                false => assert!(matches!(locked, Err(RecipeError::SessionExpired))),
            }
            assert_eq!(mutex.revision(), Some(7));
            assert_eq!(mutex.key().expect("a place"), "lock/ab");
            mutex.unlock().await.expect("given back");
            assert!(matches!(mutex.unlock().await, Err(RecipeError::LockReleased)));
        }
    });
}

#[test]
fn e24_a_lock_is_held_by_a_dead_session() {
    run_with(Defects::named(["E24"]), async |host: Host| {
        let script = lock_script(false);
        let (client, _stop) = client(&host, &[Some(script.clone())]).await;
        let session = Session::new(&client, 60).await.expect("granted");
        Mutex::new(&session, "lock").lock().await.expect("it does not look");
    });
}

/// A put of the only candidate: its first, or what it says later.
fn said(value: &'static str, mod_revision: i64, version: i64) -> KeyValue {
    let (key, value) = ("office/ab".into(), value.into());
    KeyValue { key, value, create_revision: 6, mod_revision, version, lease: 0xab }
}

fn told(kv: KeyValue, kind: EventType) -> Result<WatchResponse, Status> {
    let event = Event { r#type: kind.into(), kv: Some(kv), ..Default::default() };
    Ok(WatchResponse { header: header(9), events: vec![event], ..Default::default() })
}

#[test]
fn an_observer_sees_who_leads_and_what_they_say() {
    run(async |host: Host| {
        let script = script();
        let granted = LeaseGrantResponse { id: 0xab, ttl: 60, ..Default::default() };
        script.grants.lock().push_back(Ok(granted));
        let led = |revision, by: Option<KeyValue>| {
            let kvs = by.into_iter().collect();
            Ok(RangeResponse { header: header(revision), kvs, ..Default::default() })
        };
        let first = said("first", 6, 1);
        script.ranges.lock().extend([
            led(5, None),
            led(6, Some(first.clone())),
            led(8, None),
            led(9, Some(first.clone())),
        ]);
        script.watches.lock().extend([
            vec![told(first.clone(), EventType::Put)],
            vec![
                told(said("second", 7, 2), EventType::Put),
                told(said("", 8, 0), EventType::Delete),
            ],
            vec![told(first, EventType::Put)],
        ]);
        let (client, _stop) = client(&host, &[Some(script.clone())]).await;
        let session = Session::new(&client, 60).await.expect("granted");
        let mut observer = Election::new(&session, "office").observe();
        for expected in ["first", "second", "first"] {
            assert_eq!(observer.next().await.expect("a leader").value, expected);
        }
        assert_eq!(*script.starts.lock(), [6, 7, 9]);
    });
}

//! Keys, transactions, compaction, watches.

use etcd_client::{
    Client, Compare, CompareOp, DeleteOptions, EventType, GetOptions, PutOptions, SortOrder,
    SortTarget, Txn, TxnOp, TxnOpResponse, WatchOptions, WatchStream,
};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the tests write text")
}

pub(crate) async fn keys(client: &mut Client) {
    let first = client.put("kv/a", "1", None).await.expect("put");
    let revision = first.header().expect("a header").revision();
    let previous = PutOptions::new().with_prev_key();
    let again = client.put("kv/a", "2", Some(previous)).await.expect("put");
    assert_eq!(again.prev_key().expect("the old pair").value(), b"1");
    client.put("kv/b", "3", None).await.expect("put");

    let all = GetOptions::new().with_prefix().with_sort(SortTarget::Key, SortOrder::Descend);
    let found = client.get("kv/", Some(all)).await.expect("get");
    let keys: Vec<_> = found.kvs().iter().map(|kv| (text(kv.key()), text(kv.value()))).collect();
    assert_eq!(keys, [("kv/b", "3"), ("kv/a", "2")]);
    let past = GetOptions::new().with_revision(revision);
    let found = client.get("kv/a", Some(past)).await.expect("get of the past");
    assert_eq!(found.kvs()[0].value(), b"1");
    let some = GetOptions::new().with_prefix().with_limit(1).with_keys_only();
    let found = client.get("kv/", Some(some)).await.expect("get with a limit");
    assert_eq!((found.count(), found.more(), found.kvs()[0].value()), (2, true, &b""[..]));

    let prefix = DeleteOptions::new().with_prefix().with_prev_key();
    let gone = client.delete("kv/", Some(prefix)).await.expect("delete");
    assert_eq!((gone.deleted(), gone.prev_kvs().len()), (2, 2));
}

pub(crate) async fn transactions(client: &mut Client) {
    client.put("txn/a", "1", None).await.expect("put");
    let swap = |expected: &str| {
        Txn::new()
            .when([Compare::value("txn/a", CompareOp::Equal, expected)])
            .and_then([TxnOp::put("txn/a", "2", None), TxnOp::get("txn/a", None)])
            .or_else([TxnOp::get("txn/a", None)])
    };
    let done = client.txn(swap("1")).await.expect("a transaction");
    assert!(done.succeeded());
    let [TxnOpResponse::Put(_), TxnOpResponse::Get(seen)] = &done.op_responses()[..] else {
        panic!("not what was asked for: {done:?}");
    };
    assert_eq!(seen.kvs()[0].value(), b"2");
    assert!(!client.txn(swap("1")).await.expect("a transaction").succeeded());
    let twice = Txn::new().and_then([TxnOp::put("x", "", None), TxnOp::put("x", "", None)]);
    let refused = client.txn(twice).await.expect_err("the same key twice").to_string();
    assert!(refused.contains("duplicate key given in txn request"), "{refused}");
}

pub(crate) async fn compaction(client: &mut Client) {
    client.put("old", "1", None).await.expect("put");
    let put = client.put("old", "2", None).await.expect("put");
    let revision = put.header().expect("a header").revision();
    client.compact(revision, None).await.expect("compact");
    let past = GetOptions::new().with_revision(revision - 1);
    let refused = client.get("old", Some(past)).await.expect_err("the past is gone").to_string();
    assert!(refused.contains("required revision has been compacted"), "{refused}");
}

/// What the next event says.
async fn next(stream: &mut WatchStream) -> (EventType, String, String) {
    loop {
        let answer = stream.message().await.expect("the stream goes on").expect("a message");
        assert!(!answer.canceled(), "{answer:?}");
        if let [event, rest @ ..] = answer.events() {
            assert!(rest.is_empty(), "one change at a time: {answer:?}");
            let kv = event.kv().expect("a pair");
            return (event.event_type(), text(kv.key()).to_owned(), text(kv.value()).to_owned());
        }
    }
}

pub(crate) async fn watches(client: &mut Client) {
    let options = WatchOptions::new().with_prefix();
    let mut live = client.watch("watch/", Some(options)).await.expect("watch");
    let created = live.message().await.expect("the stream opens").expect("a message");
    assert!(created.created());
    let put = client.put("watch/a", "1", None).await.expect("put");
    let first = put.header().expect("a header").revision();
    client.delete("watch/a", None).await.expect("delete");
    assert_eq!(next(&mut live).await, (EventType::Put, "watch/a".into(), "1".into()));
    assert_eq!(next(&mut live).await, (EventType::Delete, "watch/a".into(), String::new()));
    live.request_progress().await.expect("a request for progress");
    let progress = live.message().await.expect("the stream goes on").expect("progress");
    assert!(
        progress.events().is_empty() && progress.header().expect("a header").revision() > first
    );

    // The past, by another member perhaps.
    let options = WatchOptions::new().with_start_revision(first);
    let mut past = client.watch("watch/a", Some(options)).await.expect("watch");
    let created = past.message().await.expect("the stream opens").expect("a message");
    assert!(created.created());
    let both = past.message().await.expect("the stream goes on").expect("a message");
    let kinds: Vec<_> = both.events().iter().map(|event| event.event_type()).collect();
    assert_eq!(kinds, [EventType::Put, EventType::Delete]);

    let options = WatchOptions::new().with_start_revision(1);
    let mut lost = client.watch("watch/a", Some(options)).await.expect("watch");
    loop {
        let answer = lost.message().await.expect("the stream goes on").expect("a message");
        if answer.canceled() {
            assert!(answer.compact_revision() > 1, "{answer:?}");
            return;
        }
    }
}

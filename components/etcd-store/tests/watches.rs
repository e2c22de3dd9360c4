//! Watches against the log that really was: every event once, in order, or a clear end.

#![allow(clippy::unwrap_used)]

mod support;

use etcd_api::mvccpb::{Event, event::EventType};
use etcd_store::{
    ALL_WATCHES, KeyRange, Store, StreamId, WatchError, WatchId, WatchMessage, WatchSpec,
};
use proptest::prelude::*;
use support::{apply, compact, delete, new_disk, open, put, text};
use tokio::sync::mpsc::Receiver;

fn spec(key: &str, end: &str, start_revision: i64) -> WatchSpec {
    WatchSpec {
        id: 0,
        range: KeyRange::new(&text(key), &text(end)),
        start_revision,
        no_put: false,
        no_delete: false,
        prev_kv: false,
    }
}

/// (is a deletion, key, revision)
type Change = (bool, String, i64);

fn change(event: &Event) -> Change {
    let kv = event.kv.as_ref().unwrap();
    let key = String::from_utf8(kv.key.to_vec()).unwrap();
    (event.r#type == EventType::Delete as i32, key, kv.mod_revision)
}

fn changes(message: &WatchMessage) -> Vec<Change> {
    message.events.iter().map(|event| change(event.event())).collect()
}

fn drain(receiver: &mut Receiver<WatchMessage>) -> Vec<WatchMessage> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

#[test]
fn watches_hear_of_what_they_asked_for() {
    let mut store = open(&new_disk(1));
    let (stream, mut receiver) = store.open_stream();
    apply(&mut store, put("a", "0"));
    let mut watch = |spec| store.watch(stream, spec).unwrap();
    let all = watch(spec("a", "z", 0));
    let one = watch(WatchSpec { no_put: true, prev_kv: true, ..spec("a", "", 0) });
    let later = watch(WatchSpec { id: 9, ..spec("a", "\0", 4) });
    assert_eq!((all, one, later), (0, 1, 9));
    let error = |spec| store.watch(stream, spec).unwrap_err();
    let mut error = error;
    assert_eq!(error(WatchSpec { id: 9, ..spec("a", "", 0) }), WatchError::DuplicateId);
    assert_eq!(error(spec("b", "a", 0)), WatchError::EmptyRange);
    apply(&mut store, put("a", "1"));
    apply(&mut store, delete("a", ""));
    let found: Vec<_> = drain(&mut receiver).iter().map(|m| (m.id, changes(m))).collect();
    let (put_3, delete_4) = ((false, "a".to_owned(), 3), (true, "a".to_owned(), 4));
    let expected = [
        (0, vec![put_3]),
        (0, vec![delete_4.clone()]),
        (1, vec![delete_4.clone()]),
        (9, vec![delete_4]),
    ];
    assert_eq!(found, expected);
    assert!(store.cancel_watch(stream, 0) && !store.cancel_watch(stream, 0));
    store.close_stream(stream);
    assert_eq!(store.watch_counts(), (0, 0));
    assert_eq!(store.watch(stream, spec("a", "", 0)), Err(WatchError::NoStream));
}

#[test]
fn events_show_what_the_key_was_before() {
    let mut store = open(&new_disk(1));
    let (stream, mut receiver) = store.open_stream();
    for value in ["1", "2"] {
        apply(&mut store, put("a", value));
    }
    apply(&mut store, delete("a", ""));
    store.commit().unwrap();
    store.watch(stream, WatchSpec { prev_kv: true, ..spec("a", "", 2) }).unwrap();
    assert!(!store.sync_watches().unwrap());
    let message = drain(&mut receiver).remove(0);
    let before = |at: usize| message.events[at].event().prev_kv.as_ref().map(|kv| kv.value.clone());
    assert_eq!((before(0), before(1), before(2)), (None, Some(text("1")), Some(text("2"))));
}

#[test]
fn a_full_stream_loses_nothing_and_progress_waits_for_it() {
    let mut store = open(&new_disk(1));
    let (stream, mut receiver) = store.open_stream();
    store.watch(stream, spec("a", "z", 0)).unwrap();
    for _ in 0..10 {
        apply(&mut store, put("k", "v"));
    }
    store.request_progress(stream);
    let mut found = Vec::new();
    let mut progress = None;
    for _ in 0..10 {
        for message in drain(&mut receiver) {
            if message.id == ALL_WATCHES {
                progress = Some((found.len(), message.revision));
            }
            found.extend(changes(&message));
        }
        store.sync_watches().unwrap();
    }
    assert_eq!(
        found.iter().map(|change| change.2).collect::<Vec<_>>(),
        (2..12).collect::<Vec<_>>()
    );
    assert_eq!(progress, Some((10, 11)));
    assert!(!store.watches_need_sync());
    assert!(store.watch_progress(stream, 0));
}

#[test]
fn one_huge_transaction_is_one_message() {
    let mut store = open(&new_disk(1));
    for key in 0..2_500 {
        apply(&mut store, put(&format!("k{key}"), "v"));
    }
    apply(&mut store, delete("k", "l"));
    let (stream, mut receiver) = store.open_stream();
    let from = store.revision() - 1;
    store.watch(stream, spec("k", "l", from)).unwrap();
    while store.sync_watches().unwrap() {}
    let sizes: Vec<usize> = drain(&mut receiver).iter().map(|m| m.events.len()).collect();
    assert_eq!(sizes, [1, 2_500]);
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    Delete(u8, u8),
    Compact(i64),
    DeleteCompacted,
    Commit,
    Watch { stream: usize, key: u8, width: u8, back: i64 },
    Cancel(usize),
    Progress(usize),
    Read(usize, usize),
    Sync,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_u8..6).prop_map(Step::Put),
        3 => (0_u8..6, 0_u8..3).prop_map(|(key, width)| Step::Delete(key, width)),
        1 => (0_i64..8).prop_map(Step::Compact),
        1 => Just(Step::DeleteCompacted),
        1 => Just(Step::Commit),
        4 => (0_usize..3, 0_u8..6, 0_u8..3, -3_i64..12).prop_map(|(stream, key, width, back)| {
            Step::Watch { stream, key, width, back }
        }),
        1 => (0_usize..20).prop_map(Step::Cancel),
        1 => (0_usize..3).prop_map(Step::Progress),
        5 => (0_usize..3, 1_usize..4).prop_map(|(stream, count)| Step::Read(stream, count)),
        4 => Just(Step::Sync),
    ]
}

fn name(key: u8) -> String {
    char::from(b'a' + key).to_string()
}

/// The key and end of a range `width` keys wide; none wide is a single key.
fn ends(key: u8, width: u8) -> (String, String) {
    let end = if width == 0 { String::new() } else { name(key + width) };
    (name(key), end)
}

/// What a client knows of its watch.
struct Client {
    stream: usize,
    id: WatchId,
    range: KeyRange,
    start: i64,
    heard: Vec<Change>,
    /// The header of the last message: all up to here must have been heard.
    seen: i64,
    over: Option<i64>,
}

struct Run {
    store: Store,
    log: Vec<Change>,
    streams: Vec<(StreamId, Receiver<WatchMessage>)>,
    clients: Vec<Client>,
}

impl Run {
    fn new() -> Self {
        let mut store = open(&new_disk(1));
        let streams = (0..3).map(|_| store.open_stream()).collect();
        Self { store, log: Vec::new(), streams, clients: Vec::new() }
    }

    fn step(&mut self, step: Step) {
        let store = &mut self.store;
        match step {
            Step::Put(key) => {
                apply(store, put(&name(key), "v"));
                self.log.push((false, name(key), store.revision()));
            }
            Step::Delete(key, width) => self.delete(key, width),
            Step::Compact(back) => drop(apply(store, compact(store.revision() - back))),
            Step::DeleteCompacted => drop(store.compact_step(2)),
            Step::Commit => store.commit().unwrap(),
            Step::Watch { stream, key, width, back } => self.watch(stream, key, width, back),
            Step::Cancel(client) => {
                let Some(stream) = self.clients.get(client).map(|client| client.stream) else {
                    return;
                };
                self.read(stream, usize::MAX);
                let client = self.clients.remove(client);
                let cancelled = self.store.cancel_watch(self.streams[stream].0, client.id);
                assert_eq!(cancelled, client.over.is_none());
            }
            Step::Progress(stream) => store.request_progress(self.streams[stream].0),
            Step::Read(stream, count) => self.read(stream, count),
            Step::Sync => drop(store.sync_watches().unwrap()),
        }
    }

    fn delete(&mut self, key: u8, width: u8) {
        let (key, end) = ends(key, width);
        let before = self.store.revision();
        let etcd_store::Response::DeleteRange(answer) =
            apply(&mut self.store, delete(&key, &end)).result.unwrap()
        else {
            panic!()
        };
        for kv in answer.prev_kvs {
            let key = String::from_utf8(kv.key.to_vec()).unwrap();
            self.log.push((true, key, before + 1));
        }
    }

    fn watch(&mut self, stream: usize, key: u8, width: u8, back: i64) {
        // What is buffered does not speak for a watch that comes later: see `Store::watch`.
        self.read(stream, usize::MAX);
        let start = (self.store.revision() + 1 - back).max(0);
        let (key, end) = ends(key, width);
        let spec = spec(&key, &end, start);
        let range = spec.range.clone();
        let id = self.store.watch(self.streams[stream].0, spec).unwrap();
        let start = if start == 0 { self.store.revision() + 1 } else { start };
        let client = Client { stream, id, range, start, heard: Vec::new(), seen: 0, over: None };
        self.clients.push(client);
    }

    fn read(&mut self, stream: usize, count: usize) {
        for _ in 0..count {
            let Ok(message) = self.streams[stream].1.try_recv() else { return };
            let mut heard = message.id == ALL_WATCHES;
            for client in self.clients.iter_mut().filter(|client| client.stream == stream) {
                let for_all = message.id == ALL_WATCHES && client.over.is_none();
                if message.id == client.id || for_all {
                    client.take(&message, &self.log);
                    heard = true;
                }
            }
            assert!(heard, "a message for nobody: {message:?}");
        }
    }

    /// Everyone reads, and all that can be heard is.
    fn finish(mut self) {
        for _ in 0..400 {
            for stream in 0..3 {
                self.read(stream, usize::MAX);
            }
            self.store.sync_watches().unwrap();
        }
        let compacted = self.store.compact_revision();
        for client in &mut self.clients {
            match client.over {
                Some(at) => assert!(at <= compacted && client.next() < at, "ended without need"),
                None => client.check(&self.log, self.store.revision()),
            }
        }
    }
}

impl Client {
    fn take(&mut self, message: &WatchMessage, log: &[Change]) {
        assert!(self.over.is_none(), "a message after the end");
        if message.compact_revision > 0 {
            self.over = Some(message.compact_revision);
            return;
        }
        self.heard.extend(changes(message));
        self.seen = self.seen.max(message.revision);
        self.check(log, message.revision);
    }

    /// Heard exactly the wanted changes up to a revision.
    fn check(&self, log: &[Change], until: i64) {
        let wanted = |(_, key, revision): &&Change| {
            self.range.contains(key.as_bytes()) && (self.start..=until).contains(revision)
        };
        let expected: Vec<&Change> = log.iter().filter(wanted).collect();
        assert_eq!(self.heard.iter().collect::<Vec<_>>(), expected, "until {until}");
    }

    /// No revision before this one can still be missing.
    fn next(&self) -> i64 {
        self.start.max(self.seen + 1)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn slow_readers_hear_everything_or_are_told(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut run = Run::new();
        for step in steps {
            run.step(step);
        }
        run.finish();
    }
}

//! The reflector and the store against a server that is slow, forgetful and breaks off, but tells
//! no lies: once it behaves, the copy is what the server has, and nobody was told anything twice.

use super::*;
use crate::{Error, Key, List, Notice, Object, Status, Store, WatchEvent, object};
use host::Instant;
use proptest::prelude::*;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

/// One revision: an object that was written, or deleted.
#[derive(Clone)]
struct Entry {
    object: Object,
    deleted: bool,
}

/// A server with all of its past.
#[derive(Default)]
struct Server {
    log: Vec<Entry>,
    /// Changes up to here cannot be told any more.
    compacted: usize,
    /// What the open watch will tell, and from where it goes on then.
    watch: Option<(VecDeque<WatchEvent>, usize)>,
}

type State = BTreeMap<Key, Object>;

impl Server {
    fn write(&mut self, choice: u8) {
        let name = (choice % 4).to_string();
        let revision = (self.log.len() + 1).to_string();
        let now = self.state(self.log.len());
        let there = now.get(&Key::new("", &name));
        let deleted = there.is_some() && choice.is_multiple_of(3);
        let uid = there.map_or(revision.clone(), |object| object::uid(object).to_owned());
        let object = json!({"metadata": {"name": name, "uid": uid, "resourceVersion": revision}});
        self.log.push(Entry { object: Arc::new(object), deleted });
    }

    fn state(&self, revision: usize) -> State {
        let mut state = State::new();
        for entry in &self.log[..revision] {
            let key = Key::of(&entry.object);
            match entry.deleted {
                true => drop(state.remove(&key)),
                false => drop(state.insert(key, entry.object.clone())),
            }
        }
        state
    }

    /// Any state that the request allows.
    fn allowed(&self, resource_version: &str, choice: u8) -> usize {
        let newest = self.log.len();
        // No version: what is true now.
        let oldest = resource_version.parse().unwrap_or(newest).min(newest);
        oldest + usize::from(choice) % (newest - oldest + 1)
    }

    fn answer(&mut self, next: &Next, choice: u8, well: bool) -> Input {
        match next {
            Next::List(_) if !well && choice.is_multiple_of(4) => {
                Input::Listed(Err(failure(choice)))
            }
            Next::List(options) => {
                let at = self.allowed(&options.resource_version, choice);
                let items = self.state(at).into_values().collect();
                let resource_version = at.to_string();
                Input::Listed(Ok(List { resource_version, items, ..List::default() }))
            }
            Next::Watch(_) if !well && choice.is_multiple_of(4) => {
                Input::Opened(Err(failure(choice)))
            }
            Next::Watch(options) if options.send_initial_events => {
                let at = self.allowed(&options.resource_version, choice);
                let mut events: VecDeque<_> =
                    self.state(at).into_values().rev().map(WatchEvent::Added).collect();
                let resource_version = at.to_string();
                events.push_back(WatchEvent::Bookmark { resource_version, initial_end: true });
                self.watch = Some((events, at));
                Input::Opened(Ok(()))
            }
            Next::Watch(options) => {
                let from: usize = options.resource_version.parse().unwrap_or(0);
                if from < self.compacted {
                    return Input::Opened(Err(status(410, "Expired").into()));
                }
                self.watch = Some((VecDeque::new(), from));
                Input::Opened(Ok(()))
            }
            Next::Read => Input::Read(self.tell(choice, well)),
            Next::Wait(_) => Input::Waited,
        }
    }

    fn tell(&mut self, choice: u8, well: bool) -> Result<Option<WatchEvent>, Error> {
        let (events, at) = self.watch.as_mut().expect("a watch is read while it is open");
        match choice % 10 {
            0 if !well => return Ok(None),
            1 if !well => return Err(failure(choice / 10)),
            2 if !well => return Ok(Some(WatchEvent::Error(status(410, "Expired")))),
            _ => {}
        }
        if let Some(event) = events.pop_front() {
            return Ok(Some(event));
        }
        let Some(entry) = self.log.get(*at).cloned() else {
            let resource_version = at.to_string();
            return Ok(Some(WatchEvent::Bookmark { resource_version, initial_end: false }));
        };
        *at += 1;
        Ok(Some(match entry.deleted {
            true => WatchEvent::Deleted(entry.object),
            false if object::uid(&entry.object) == at.to_string() => {
                WatchEvent::Added(entry.object)
            }
            false => WatchEvent::Modified(entry.object),
        }))
    }
}

fn status(code: u16, reason: &str) -> Status {
    Status { code, reason: reason.into(), ..Status::default() }
}

fn failure(choice: u8) -> Error {
    match choice % 5 {
        0 => status(410, "Expired").into(),
        1 => Error::Lost("EOF".into()),
        2 => Error::Unreachable(String::new()),
        3 => status(429, "TooManyRequests").into(),
        _ => status(500, "InternalError").into(),
    }
}

/// What a consumer of the store believes, checked as it is told.
#[derive(Default)]
struct Consumer {
    believes: State,
    ended: BTreeSet<String>,
}

impl Consumer {
    fn hear(&mut self, notice: &Notice) {
        let version = |object: &Object| -> u64 {
            object::resource_version(object).parse().expect("the model writes numbers")
        };
        match notice {
            Notice::Added { object, .. } => {
                assert!(!self.ended.contains(object::uid(object)), "{notice:?} after its end");
                assert_eq!(self.believes.insert(notice.key(), object.clone()), None);
            }
            Notice::Updated { old, new } => {
                assert!(version(old) < version(new), "back in time: {notice:?}");
                assert_eq!(self.believes.insert(notice.key(), new.clone()).as_ref(), Some(old));
            }
            Notice::Deleted { object, .. } => {
                assert!(self.believes.remove(&notice.key()).is_some(), "{notice:?}");
                let uid = object::uid(object).to_owned();
                assert!(self.ended.insert(uid), "told twice: {notice:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn the_copy_becomes_what_the_server_has(script in prop::collection::vec(any::<u8>(), 0..160)) {
        let (mut server, mut store, mut consumer) =
            (Server::default(), Store::new(&[]), Consumer::default());
        let (mut reflector, mut next) = Reflector::begin(Selection::default(), 0);
        let mut now = Instant(1_000_000_000);
        let troubled = script.iter().map(|choice| (*choice, false));
        // Well again: enough for all waits, all objects and all changes.
        for (choice, well) in troubled.chain((0..150).map(|_| (3, true))) {
            now += std::time::Duration::from_millis(u64::from(choice) * 20);
            if !well && choice.is_multiple_of(3) {
                server.write(choice / 3);
            }
            if !well && choice.is_multiple_of(31) {
                server.compacted = server.log.len();
            }
            let input = server.answer(&next, choice, well);
            let step = reflector.step(now, u64::from(choice), input);
            if let Some(change) = step.change {
                store.apply(change).iter().for_each(|notice| consumer.hear(notice));
            }
            next = step.next;
        }
        let truth = server.state(server.log.len());
        prop_assert_eq!(&consumer.believes, &truth);
        let copy: Vec<_> = store.all().cloned().collect();
        prop_assert_eq!(copy, truth.into_values().collect::<Vec<_>>());
        prop_assert_eq!(reflector.reached(), server.log.len().to_string());
    }
}

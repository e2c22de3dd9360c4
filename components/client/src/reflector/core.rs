//! What to ask next, and what the answers mean: the pure half of the reflector.
//!
//! At any moment one thing is under way (a list, the beginning of a watch, the next event, a wait).
//! Its end goes in, and the next thing to do comes out, with the change to the copy if there is one.

use super::{
    backoff::Backoff,
    step::{Change, Input, Next, Selection, Step},
};
use crate::{Error, Key, List, ListOptions, Object, WatchEvent, WatchOptions, object};
use host::Instant;
use std::{collections::BTreeMap, time::Duration};

/// A watch is asked to last so long, up to twice that by chance (`defaultMinWatchTimeout`).
const WATCH_SECONDS_MIN: u64 = 300;
/// A watch that ends sooner without an event is a failure (`VeryShortWatchError`).
const VERY_SHORT: Duration = Duration::from_secs(1);
/// Objects on a page of a list (client-go/tools/pager).
const PAGE: u32 = 500;

/// What is under way.
#[derive(Debug)]
enum Phase {
    /// A watch that sends all objects first.
    OpeningInitial,
    /// It sends them; they count once all are here.
    Initial(BTreeMap<Key, Object>),
    Listing,
    Opening,
    Following {
        since: Instant,
        events: bool,
    },
    /// Before everything begins anew.
    Resting,
    /// Before the watch goes on from where it broke.
    RestingToFollow,
}

/// The reflector's state.
#[derive(Debug)]
pub struct Reflector {
    selection: Selection,
    phase: Phase,
    /// The state that the copy shows; empty: there is no copy yet.
    reached: String,
    /// The server does not have that state any more, or not yet: ask for what is true now.
    unavailable: bool,
    backoff: Backoff,
}

/// A resource version as a number: they are comparable within one resource (KEP-5504).
fn number(resource_version: &str) -> Option<u128> {
    resource_version.parse().ok()
}

/// The same request may succeed later (`isWatchErrorRetriable`), and a connection that broke says
/// nothing about the request.
fn is_passing(error: &Error) -> bool {
    error.is_too_many_requests()
        || matches!(error, Error::Unreachable(_) | Error::Lost(_) | Error::Elapsed)
}

fn is_unavailable(error: &Error) -> bool {
    error.is_expired() || error.is_too_large_resource_version()
}

impl Reflector {
    /// A reflector of nothing yet, and the first thing to do.
    pub fn begin(selection: Selection, chance: u64) -> (Self, Next) {
        let mut reflector = Self {
            selection,
            phase: Phase::Resting,
            reached: String::new(),
            unavailable: false,
            backoff: Backoff::default(),
        };
        let next = reflector.open_initial(chance);
        (reflector, next)
    }

    /// The state that the copy shows; empty before the first.
    pub fn reached(&self) -> &str {
        &self.reached
    }

    /// Takes in how the last thing ended.
    pub fn step(&mut self, now: Instant, chance: u64, input: Input) -> Step {
        match (&mut self.phase, input) {
            (Phase::OpeningInitial, Input::Opened(Ok(()))) => {
                self.phase = Phase::Initial(BTreeMap::new());
                Next::Read.into()
            }
            (Phase::OpeningInitial, Input::Opened(Err(error)))
            | (Phase::Initial(_), Input::Read(Err(error))) => {
                self.initial_failed(now, chance, &error).into()
            }
            (Phase::Initial(_), Input::Read(Ok(event))) => self.initial_event(now, chance, event),
            (Phase::Listing, Input::Listed(answer)) => self.listed(now, chance, answer),
            (Phase::Opening, Input::Opened(Ok(()))) => {
                self.phase = Phase::Following { since: now, events: false };
                Next::Read.into()
            }
            (Phase::Opening, Input::Opened(Err(error))) => match is_passing(&error) {
                true => self.rest_to_follow(now, chance).into(),
                false => self.rest(now, chance).into(),
            },
            (Phase::Following { .. }, Input::Read(event)) => self.followed(now, chance, event),
            (Phase::RestingToFollow, Input::Waited) => self.open(chance).into(),
            (Phase::Resting, Input::Waited) => self.open_initial(chance).into(),
            // Nothing else is ever under way: begin anew rather than go on from a wrong place.
            (_, _) => self.rest(now, chance).into(),
        }
    }

    /// The initial events of a watch. They come in no order, so that nothing may be concluded
    /// before the bookmark after the last.
    fn initial_event(&mut self, now: Instant, chance: u64, event: Option<WatchEvent>) -> Step {
        let Phase::Initial(objects) = &mut self.phase else { return Next::Read.into() };
        match event {
            Some(WatchEvent::Added(object) | WatchEvent::Modified(object)) => {
                objects.insert(Key::of(&object), object);
            }
            Some(WatchEvent::Deleted(object)) => {
                objects.remove(&Key::of(&object));
            }
            Some(WatchEvent::Bookmark { resource_version, initial_end: true }) => {
                let objects = std::mem::take(objects).into_values().collect();
                let Some(change) = self.replaced(objects, resource_version) else {
                    return self.rest(now, chance).into();
                };
                self.phase = Phase::Following { since: now, events: true };
                return Step { change: Some(change), next: Next::Read };
            }
            Some(WatchEvent::Bookmark { .. }) => {}
            Some(WatchEvent::Error(status)) => {
                return self.initial_failed(now, chance, &status.into()).into();
            }
            None => return self.rest(now, chance).into(),
        }
        Next::Read.into()
    }

    /// `watchList`'s errors: come again, ask for what is true now, or fall back to a list.
    fn initial_failed(&mut self, now: Instant, chance: u64, error: &Error) -> Next {
        if is_passing(error) {
            return self.rest(now, chance);
        }
        if is_unavailable(error) {
            return match std::mem::replace(&mut self.unavailable, true) {
                // It was asked for already.
                true => self.rest(now, chance),
                false => self.open_initial(chance),
            };
        }
        self.list()
    }

    fn listed(&mut self, now: Instant, chance: u64, answer: Result<List, Error>) -> Step {
        match answer {
            Ok(list) => match self.replaced(list.items, list.resource_version) {
                Some(change) => Step { change: Some(change), next: self.open(chance) },
                None => self.rest(now, chance).into(),
            },
            Err(error)
                if is_unavailable(&error) && !std::mem::replace(&mut self.unavailable, true) =>
            {
                self.list().into()
            }
            Err(_) => self.rest(now, chance).into(),
        }
    }

    fn followed(
        &mut self,
        now: Instant,
        chance: u64,
        event: Result<Option<WatchEvent>, Error>,
    ) -> Step {
        let Phase::Following { since, events } = &mut self.phase else {
            return Next::Read.into();
        };
        let event = match event {
            Ok(Some(WatchEvent::Error(status))) => Err(Error::from(status)),
            other => other,
        };
        match event {
            Ok(Some(event)) => {
                *events = true;
                self.change(event)
            }
            Ok(None) | Err(Error::Lost(_)) => match *events || now.since(*since) >= VERY_SHORT {
                true => self.open(chance).into(),
                false => self.rest(now, chance).into(),
            },
            Err(error) if is_passing(&error) => self.rest_to_follow(now, chance).into(),
            Err(_) => self.rest(now, chance).into(),
        }
    }

    fn change(&mut self, event: WatchEvent) -> Step {
        let change = match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                object::resource_version(&object).clone_into(&mut self.reached);
                Change::Set(object)
            }
            WatchEvent::Deleted(object) => {
                object::resource_version(&object).clone_into(&mut self.reached);
                Change::Gone(object)
            }
            WatchEvent::Bookmark { resource_version, .. } => {
                self.reached.clone_from(&resource_version);
                Change::Reached(resource_version)
            }
            WatchEvent::Error(_) => return Next::Read.into(),
        };
        Step { change: Some(change), next: Next::Read }
    }

    /// Takes a whole state over. None: it is older than the copy although a state not older than
    /// that was asked for. Then what is true now is asked for, and that is believed.
    fn replaced(&mut self, objects: Vec<Object>, resource_version: String) -> Option<Change> {
        if !self.unavailable && number(&resource_version) < number(&self.reached) {
            self.unavailable = true;
            return None;
        }
        self.unavailable = false;
        self.reached.clone_from(&resource_version);
        Some(Change::Replaced { objects, resource_version })
    }

    /// `rewatchResourceVersion`: not older than the copy; what is true now where there is none.
    fn not_older_than(&self) -> String {
        if self.unavailable { String::new() } else { self.reached.clone() }
    }

    /// client-go's first list asks for version `0`, whatever the server has at hand, which after a
    /// restart may be older than what was acted upon before (#59848). Since servers answer
    /// consistent reads from their caches nothing is gained by that.
    fn list(&mut self) -> Next {
        self.phase = Phase::Listing;
        let resource_version = self.not_older_than();
        Next::List(ListOptions {
            label_selector: self.selection.label_selector.clone(),
            field_selector: self.selection.field_selector.clone(),
            // A page of a state not older than another would come from etcd.
            limit: if resource_version.is_empty() { PAGE } else { 0 },
            resource_version,
            ..ListOptions::default()
        })
    }

    fn open_initial(&mut self, chance: u64) -> Next {
        self.phase = Phase::OpeningInitial;
        let options = self.watch(self.not_older_than(), chance);
        Next::Watch(WatchOptions { send_initial_events: true, ..options })
    }

    fn open(&mut self, chance: u64) -> Next {
        self.phase = Phase::Opening;
        Next::Watch(self.watch(self.reached.clone(), chance))
    }

    fn watch(&self, resource_version: String, chance: u64) -> WatchOptions {
        let seconds = WATCH_SECONDS_MIN + chance % WATCH_SECONDS_MIN;
        WatchOptions {
            label_selector: self.selection.label_selector.clone(),
            field_selector: self.selection.field_selector.clone(),
            resource_version,
            send_initial_events: false,
            bookmarks: true,
            timeout: Some(Duration::from_secs(seconds)),
        }
    }

    fn rest(&mut self, now: Instant, chance: u64) -> Next {
        self.phase = Phase::Resting;
        Next::Wait(self.backoff.next(now, chance))
    }

    fn rest_to_follow(&mut self, now: Instant, chance: u64) -> Next {
        self.phase = Phase::RestingToFollow;
        Next::Wait(self.backoff.next(now, chance))
    }
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;

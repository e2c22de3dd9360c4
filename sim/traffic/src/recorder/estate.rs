//! Notes about objects of many kinds: requests, the storage's log, informers, leaders and webhooks.

use super::{NOTES_MAX, Recorder, push};
use crate::clients::Book;
use oracles::history::{Copied, EstateCall, EstateChange, Noticed, Review, Term};
use serde_json::Value;
use std::collections::BTreeMap;

impl Recorder {
    /// Notes a request that is about to be made; its times are filled in.
    pub(crate) fn estate_call(&self, call: EstateCall) -> EstateNote {
        let now = (self.now)();
        let call = EstateCall { called: now, returned: now, ..call };
        let place = push(&mut self.history.lock().estate.calls, call);
        EstateNote { recorder: self.clone(), place }
    }

    /// Notes what the storage went through; the time is filled in.
    pub(crate) fn estate_changed(&self, change: EstateChange) {
        let at = (self.now)();
        let log = &mut self.history.lock().estate.log;
        if log.changes.len() < NOTES_MAX {
            log.changes.push(EstateChange { at, ..change });
        }
    }

    /// Notes that all changes up to this revision were noted.
    pub(crate) fn known_to(&self, book: Book, revision: u64) {
        let mut history = self.history.lock();
        let known_to = match book {
            Book::Objects => &mut history.objects.log.known_to,
            Book::Estate => &mut history.estate.log.known_to,
        };
        *known_to = (*known_to).max(revision);
    }

    /// Notes that what happened between two revisions, both included, will never be known.
    pub(crate) fn gap(&self, book: Book, first: u64, last: u64) {
        if first > last {
            return;
        }
        let mut history = self.history.lock();
        match book {
            Book::Objects => history.objects.log.gaps.push((first, last)),
            Book::Estate => history.estate.log.gaps.push((first, last)),
        }
    }

    /// Notes that a webhook lets a write through.
    pub(crate) fn reviewed(&self, token: &str) {
        let at = (self.now)();
        push(&mut self.history.lock().estate.reviews, Review { at, token: token.to_owned() });
    }

    /// Begins the notes of an informer.
    pub(crate) fn copied(&self, client: u32) -> CopyNote {
        let copy = Copied { client, ..Copied::default() };
        let place = push(&mut self.history.lock().estate.copies, copy);
        CopyNote { recorder: self.clone(), place }
    }

    /// Begins the notes of a replica that leads.
    pub(crate) fn term(&self, client: u32) -> TermNote {
        let term = Term { client, acts: Vec::new() };
        let place = push(&mut self.history.lock().estate.terms, term);
        TermNote { recorder: self.clone(), place }
    }
}

/// A request under way. One that is dropped may have had its effect.
#[derive(Debug)]
pub(crate) struct EstateNote {
    recorder: Recorder,
    place: Option<usize>,
}

impl EstateNote {
    /// An answer came, or with a status of zero none.
    pub(crate) fn answered(self, code: u16, answer: &Value) {
        let returned = (self.recorder.now)();
        let mut history = self.recorder.history.lock();
        let calls = &mut history.estate.calls;
        if let Some(call) = self.place.and_then(|place| calls.get_mut(place)) {
            (call.returned, call.code) = (returned, code);
            // Lists are long, and no promise is judged by them.
            if answer["items"].is_null() {
                call.answer = answer.clone();
            }
        }
    }
}

/// An informer at work.
#[derive(Clone, Debug)]
pub(crate) struct CopyNote {
    recorder: Recorder,
    place: Option<usize>,
}

impl CopyNote {
    /// It tells its consumer something; the time is filled in.
    pub(crate) fn noticed(&self, notice: Noticed) {
        let at = (self.recorder.now)();
        let tampering = &self.recorder.tampering;
        self.write(|copy| tampering.noticed(copy, Noticed { at, ..notice }));
    }

    /// It shows these objects: uid and revision by name.
    pub(crate) fn shows(&self, shown: BTreeMap<String, (String, u64)>) {
        let looked = (self.recorder.now)();
        self.write(|copy| (copy.shown, copy.looked) = (shown, looked));
    }

    fn write(&self, change: impl FnOnce(&mut Copied)) {
        let mut history = self.recorder.history.lock();
        let copies = &mut history.estate.copies;
        if let Some(copy) = self.place.and_then(|place| copies.get_mut(place)) {
            change(copy);
        }
    }
}

/// A replica that leads.
#[derive(Debug)]
pub(crate) struct TermNote {
    recorder: Recorder,
    place: Option<usize>,
}

impl TermNote {
    /// It does what only a leader may.
    pub(crate) fn acts(&self) {
        let now = (self.recorder.now)();
        let mut history = self.recorder.history.lock();
        let terms = &mut history.estate.terms;
        if let Some(term) = self.place.and_then(|place| terms.get_mut(place)) {
            term.acts.push(now);
        }
    }
}

//! Notes about objects: requests to API servers, their watches, and the storage's own log.

use super::{NOTES_MAX, Recorder, push};
use oracles::history::{
    ObjectAnswer, ObjectCall, ObjectChange, ObjectEvent, ObjectOutcome, ObjectRequest, ObjectWatch,
    Sent,
};

impl Recorder {
    /// Notes a request that is about to be made of a server.
    pub(crate) fn call(&self, client: u32, server: usize, request: ObjectRequest) -> CallNote {
        let called = (self.now)();
        let outcome = ObjectOutcome::Unknown { gave_up: called, text: "no answer yet".into() };
        let call = ObjectCall { client, server, called, request, outcome };
        let place = push(&mut self.history.lock().objects.calls, call);
        CallNote { recorder: self.clone(), place }
    }

    /// Notes a watch that is about to be asked for; its time is filled in.
    pub(crate) fn object_watch(&self, watch: ObjectWatch) -> ObjectWatchNote {
        let watch = ObjectWatch { called: (self.now)(), ..watch };
        let place = push(&mut self.history.lock().objects.watches, watch);
        ObjectWatchNote { recorder: self.clone(), place }
    }

    /// Notes what the storage went through; the time is filled in.
    pub(crate) fn object_changed(&self, change: ObjectChange) {
        let at = (self.now)();
        let log = &mut self.history.lock().objects.log;
        if log.changes.len() < NOTES_MAX {
            log.changes.push(ObjectChange { at, ..change });
        }
    }
}

/// A request under way. One that is dropped may have had its effect.
#[derive(Debug)]
pub(crate) struct CallNote {
    recorder: Recorder,
    place: Option<usize>,
}

impl CallNote {
    /// It was carried out.
    pub(crate) fn answered(self, answer: ObjectAnswer) {
        let returned = (self.recorder.now)();
        self.write(ObjectOutcome::Answered { returned, answer });
    }

    /// It surely had no effect.
    pub(crate) fn refused(self, code: u16, reason: String) {
        let returned = (self.recorder.now)();
        self.write(ObjectOutcome::Refused { returned, code, reason });
    }

    /// It may have had its effect, or may have it yet.
    pub(crate) fn unknown(self, text: String) {
        let gave_up = (self.recorder.now)();
        self.write(ObjectOutcome::Unknown { gave_up, text });
    }

    fn write(&self, outcome: ObjectOutcome) {
        let mut history = self.recorder.history.lock();
        let calls = &mut history.objects.calls;
        if let Some(call) = self.place.and_then(|place| calls.get_mut(place)) {
            call.outcome = outcome;
        }
    }
}

/// A watch under way. One that is dropped has ended.
#[derive(Debug)]
pub(crate) struct ObjectWatchNote {
    recorder: Recorder,
    place: Option<usize>,
}

impl ObjectWatchNote {
    /// The server agreed.
    pub(crate) fn accepted(&self) {
        let at = (self.recorder.now)();
        self.write(|watch| watch.accepted = Some(at));
    }

    /// An event came.
    pub(crate) fn sent(&self, sent: Sent) {
        let at = (self.recorder.now)();
        let tampering = &self.recorder.tampering;
        self.write(|watch| tampering.object_event(watch, ObjectEvent { at, sent }));
    }

    fn write(&self, change: impl FnOnce(&mut ObjectWatch)) {
        let mut history = self.recorder.history.lock();
        let watches = &mut history.objects.watches;
        if let Some(watch) = self.place.and_then(|place| watches.get_mut(place)) {
            change(watch);
        }
    }
}

impl Drop for ObjectWatchNote {
    fn drop(&mut self) {
        let at = (self.recorder.now)();
        self.write(|watch| watch.ended = Some(at));
    }
}

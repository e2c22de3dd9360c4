//! Writes the history of all clients down, in true time.
//!
//! A note that is begun and dropped says what is honest: an operation whose client died may have
//! happened, a watch whose client stopped listening was cut.

mod estate;
mod objects;

pub(crate) use estate::CopyNote;
pub(crate) use objects::ObjectWatchNote;

use std::{collections::BTreeSet, fmt, mem, sync::Arc};

use crate::tampering::Tampering;
use host::Defects;
use oracles::history::{
    History, Hold, Operation, Outcome, Refusal, Request, Response, Revision, Time, Watch,
    WatchRequest, WatchResponse,
};
use parking_lot::Mutex;

/// The pen that all clients of a run share. Cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    now: Arc<dyn Fn() -> Time + Send + Sync>,
    history: Arc<Mutex<History>>,
    tampering: Tampering,
    /// What was settled once for all clients.
    settled: Arc<Mutex<BTreeSet<String>>>,
}

/// Notes of one kind that a run may make: beyond it, the oldest part is what is judged.
pub(crate) const NOTES_MAX: usize = 2_000_000;

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Recorder {
    /// `now` tells the true virtual time in nanoseconds, on no machine's clock.
    pub fn new(now: impl Fn() -> Time + Send + Sync + 'static) -> Self {
        Self {
            now: Arc::new(now),
            history: Arc::default(),
            tampering: Tampering::default(),
            settled: Arc::default(),
        }
    }

    /// Switches deliberate bugs of the recorder on.
    #[must_use]
    pub fn with_defects(self, defects: Defects) -> Self {
        Self { tampering: Tampering(defects), ..self }
    }

    /// Notes a request that is about to be made.
    pub fn operation(&self, client: u32, session: u32, request: Request) -> OperationNote {
        let called = (self.now)();
        let outcome = Outcome::Unknown { gave_up: called, text: "no answer yet".into() };
        let (request, user) = (self.tampering.asked(request), String::new());
        let operation = Operation { client, session, user, called, request, outcome };
        let place = push(&mut self.history.lock().operations, operation);
        OperationNote { recorder: self.clone(), place, settled: false }
    }

    /// Notes a watch that is about to be asked for.
    pub fn watch(&self, client: u32, session: u32, request: WatchRequest) -> WatchNote {
        let called = (self.now)();
        let request = self.tampering.request(request);
        let watch = Watch { client, session, called, request, ..Watch::default() };
        let place = push(&mut self.history.lock().watches, watch);
        WatchNote { recorder: self.clone(), place, settled: false }
    }

    /// Notes that a client was told that it holds. `hold` has its name, client, lease and token.
    pub fn hold(&self, hold: Hold) -> HoldNote {
        let now = (self.now)();
        let hold = Hold { acquired: now, let_go: Some(now), ..hold };
        let place = push(&mut self.history.lock().holds, hold);
        HoldNote { recorder: self.clone(), place }
    }

    /// Notes that servers compact on their own.
    pub fn auto_compaction(&self) {
        self.history.lock().auto_compaction = true;
    }

    /// True for the first client that settles this, whatever it is.
    pub(crate) fn is_first(&self, what: &str) -> bool {
        self.settled.lock().insert(what.to_owned())
    }

    /// What was seen so far.
    pub fn history(&self) -> History {
        self.history.lock().clone()
    }

    /// What was seen, for the end of a run: nothing is copied, and the recorder is empty after.
    pub fn take(&self) -> History {
        mem::take(&mut self.history.lock())
    }
}

fn push<T>(notes: &mut Vec<T>, note: T) -> Option<usize> {
    if notes.len() >= NOTES_MAX {
        return None;
    }
    notes.push(note);
    Some(notes.len() - 1)
}

/// A request under way.
#[derive(Debug)]
pub struct OperationNote {
    recorder: Recorder,
    place: Option<usize>,
    settled: bool,
}

impl OperationNote {
    /// The request is made in this name.
    #[must_use]
    pub fn by(self, user: &str) -> Self {
        let mut history = self.recorder.history.lock();
        if let Some(operation) = self.place.and_then(|place| history.operations.get_mut(place)) {
            user.clone_into(&mut operation.user);
        }
        drop(history);
        self
    }

    /// It was carried out.
    pub fn answered(self, revision: Revision, response: Response) {
        let returned = (self.recorder.now)();
        let response = self.recorder.tampering.answer(response);
        self.settle(Outcome::Answered { returned, revision, response });
    }

    /// It surely had no effect.
    pub fn refused(self, error: Refusal, text: impl Into<String>) {
        let returned = (self.recorder.now)();
        self.settle(Outcome::Refused { returned, error, text: text.into() });
    }

    /// It may have had its effect, or may have it yet.
    pub fn unknown(self, text: impl Into<String>) {
        let gave_up = (self.recorder.now)();
        self.settle(Outcome::Unknown { gave_up, text: text.into() });
    }

    fn settle(mut self, outcome: Outcome) {
        self.settled = true;
        self.write(outcome);
    }

    fn write(&self, outcome: Outcome) {
        let mut history = self.recorder.history.lock();
        if let Some(operation) = self.place.and_then(|place| history.operations.get_mut(place)) {
            operation.outcome = outcome;
        }
    }
}

impl Drop for OperationNote {
    fn drop(&mut self) {
        if !self.settled {
            let gave_up = (self.recorder.now)();
            self.write(Outcome::Unknown { gave_up, text: "the client stopped".into() });
        }
    }
}

/// A watch under way.
#[derive(Debug)]
pub struct WatchNote {
    recorder: Recorder,
    place: Option<usize>,
    settled: bool,
}

impl WatchNote {
    /// The watch is asked for in this name.
    #[must_use]
    pub fn by(self, user: &str) -> Self {
        self.write(|watch| user.clone_into(&mut watch.user));
        self
    }

    /// A response came; its time is filled in.
    pub fn response(&self, response: WatchResponse) {
        let at = (self.recorder.now)();
        let response = WatchResponse { at, ..response };
        self.write(|watch| self.recorder.tampering.response(watch, response));
    }

    /// The client reads slowly: what it has not read yet may well have been sent.
    pub fn is_slow(&self) {
        self.write(|watch| watch.cut = true);
    }

    /// The client is about to ask for its end.
    pub fn unwanted(&self) {
        self.write(|watch| watch.unwanted = true);
    }

    /// The server ended it.
    pub fn ended(mut self) {
        self.settled = true;
        let at = (self.recorder.now)();
        self.write(|watch| watch.ended = Some(at));
    }

    /// The run is over and the client still listens.
    pub fn still_open(mut self) {
        self.settled = true;
    }

    fn write(&self, change: impl FnOnce(&mut Watch)) {
        let mut history = self.recorder.history.lock();
        if let Some(watch) = self.place.and_then(|place| history.watches.get_mut(place)) {
            change(watch);
        }
    }
}

impl Drop for WatchNote {
    fn drop(&mut self) {
        if !self.settled {
            let at = (self.recorder.now)();
            self.write(|watch| (watch.ended, watch.cut) = (Some(at), true));
        }
    }
}

/// A hold under way. It lasts until the last act: a client that died or is paused acts no more.
#[derive(Debug)]
pub struct HoldNote {
    recorder: Recorder,
    place: Option<usize>,
}

impl HoldNote {
    /// The client acts as holder at this moment.
    pub fn acts(&self) {
        let at = (self.recorder.now)();
        self.write(|hold| hold.let_go = Some(at));
    }

    /// A fenced write was accepted.
    pub fn wrote(&self, revision: Revision) {
        let mut history = self.recorder.history.lock();
        if let Some(place) = self.place {
            self.recorder.tampering.wrote(&mut history.holds, place, revision);
        }
    }

    fn write(&self, change: impl FnOnce(&mut Hold)) {
        let mut history = self.recorder.history.lock();
        if let Some(hold) = self.place.and_then(|place| history.holds.get_mut(place)) {
            change(hold);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A recorder whose time goes on by one with each note.
    fn recorder() -> Recorder {
        let clock = AtomicU64::new(0);
        Recorder::new(move || clock.fetch_add(1, Ordering::Relaxed))
    }

    fn request() -> Request {
        Request::Other { name: "defragment".into() }
    }

    #[test]
    fn answers_are_noted_with_their_times() {
        let recorder = recorder();
        recorder.operation(1, 2, request()).answered(5, Response::Done);
        let history = recorder.take();
        let outcome = Outcome::Answered { returned: 1, revision: 5, response: Response::Done };
        assert_eq!(history.operations[0].called, 0);
        assert_eq!(history.operations[0].outcome, outcome);
        assert_eq!(recorder.take(), History::default());
    }

    #[test]
    fn a_client_that_dies_leaves_maybes_and_cuts() {
        let recorder = recorder();
        drop(recorder.operation(1, 2, request()));
        let watch = recorder.watch(1, 2, WatchRequest::default());
        watch.response(WatchResponse { revision: 3, created: true, ..WatchResponse::default() });
        drop(watch);
        let hold = recorder.hold(Hold { name: "lock".into(), ..Hold::default() });
        hold.acts();
        let history = recorder.history();
        assert!(matches!(history.operations[0].outcome, Outcome::Unknown { gave_up: 1, .. }));
        assert!(history.watches[0].cut && history.watches[0].responses[0].at == 3);
        assert_eq!((history.holds[0].acquired, history.holds[0].let_go), (5, Some(6)));
    }

    #[test]
    fn an_open_watch_is_not_cut() {
        let recorder = recorder();
        let open = recorder.watch(1, 2, WatchRequest::default());
        assert!(!recorder.history().watches[0].cut);
        open.still_open();
        assert!(!recorder.history().watches[0].cut);
    }
}

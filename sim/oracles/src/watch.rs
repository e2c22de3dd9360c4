//! What etcd promises of a watch, one oracle for each guarantee of its documentation.
//!
//! <https://etcd.io/docs/v3.6/learning/api_guarantees/#watch-apis>. Each judges what a watch was
//! sent against the log of changes that the operations' answers add up to.

mod advances;
mod atomic;
mod bookmarkable;
mod compaction;
mod filter;
mod kept;
mod ordered;
mod prev_kv;
mod reliable;
mod resumable;
mod unique;

pub use advances::WatchAdvances;
pub use atomic::WatchAtomic;
pub use bookmarkable::WatchBookmarkable;
pub use compaction::WatchCompactionReported;
pub use filter::WatchFilter;
pub use kept::WatchKept;
pub use ordered::WatchOrdered;
pub use prev_kv::WatchPrevKv;
pub use reliable::WatchReliable;
pub use resumable::WatchResumable;
pub use unique::WatchUnique;

use crate::{
    Broken, Kind, Observation, Oracle, Record,
    history::{Event, EventKind, History, Outcome, Request, Revision, Time, Watch, WatchRequest},
    kv::Resolved,
    model::touches,
};

/// A promise that is judged for each watch by itself.
pub trait WatchPromise: Default + Send {
    /// [`Oracle::NAME`].
    const NAME: &'static str;
    /// [`Oracle::PROMISE`].
    const PROMISE: &'static str;

    /// Judges one watch.
    fn judge(watch: &Watch, record: &Record<'_>) -> Result<(), Broken>;
}

impl<P: WatchPromise> Oracle for P {
    const NAME: &'static str = P::NAME;
    const KIND: Kind = Kind::History;
    const PROMISE: &'static str = P::PROMISE;
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Observation::History(record) = observation else { return Ok(()) };
        record.history.watches.iter().try_for_each(|watch| P::judge(watch, record))
    }
}

/// Events with the time of their arrival.
fn delivered(watch: &Watch) -> impl DoubleEndedIterator<Item = (Time, &Event)> {
    watch
        .responses
        .iter()
        .flat_map(|response| response.events.iter().map(move |event| (response.at, event)))
}

/// The first revision that the watch is to show; None: it was never created.
pub(crate) fn start(watch: &Watch) -> Option<Revision> {
    let created = watch.responses.iter().find(|response| response.created)?;
    match watch.request.start_revision {
        // "From now on" is from what the server had when it created the watch.
        0 => Some(created.revision + 1),
        revision => Some(revision),
    }
}

/// What a watch must show from a revision on.
fn wanted<'r>(
    resolved: &'r Resolved,
    request: &'r WatchRequest,
    from: Revision,
) -> impl Iterator<Item = &'r Event> {
    let events = resolved.from(from).iter().flat_map(|change| &change.events);
    events.filter(move |event| asked_for(request, event))
}

pub(crate) fn asked_for(request: &WatchRequest, event: &Event) -> bool {
    let filtered = match event.kind {
        EventKind::Put => request.no_put,
        EventKind::Delete => request.no_delete,
    };
    !filtered && touches(event, &request.key, &request.range_end)
}

/// The log, unless the operations themselves make no sense: another oracle tells that.
fn log<'r>(record: &'r Record<'_>) -> Option<&'r Resolved> {
    record.resolved().ok()
}

/// The largest revision that somebody asked to compact at by this time.
fn compacted_by(history: &History, at: Time) -> Revision {
    let wished = |operation: &crate::history::Operation| match operation.request {
        Request::Compact { revision }
            if operation.called <= at && !matches!(operation.outcome, Outcome::Refused { .. }) =>
        {
            Some(revision)
        }
        _ => None,
    };
    history.operations.iter().filter_map(wished).max().unwrap_or(0)
}

fn broken(watch: &Watch, at: Time, text: String) -> Broken {
    let Watch { client, session, called, request, .. } = watch;
    let request = serde_json::to_string(request).unwrap_or_default();
    Broken::new(at, text)
        .with(format!("watch of client {client}, session {session}, called {called}: {request}"))
}

fn line(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_default()
}

//! An event carries what was there before, when that is asked for and still known.

use crate::{
    Broken, Record,
    history::{Event, Time, Watch},
    watch::{WatchPromise, broken, compacted_by, delivered, line, log},
};

/// `prev_kv` is the key just before the event; none for a creation, none where not asked for.
#[derive(Debug, Default)]
pub struct WatchPrevKv;

impl WatchPromise for WatchPrevKv {
    const NAME: &'static str = "watch_prev_kv";
    const PROMISE: &'static str = "prev_kv: created watcher gets the previous KV before the event \
        happens; if the previous KV is already compacted, nothing will be returned";

    fn judge(watch: &Watch, record: &Record<'_>) -> Result<(), Broken> {
        delivered(watch).try_for_each(|(at, event)| judge_event(watch, record, at, event))
    }
}

fn judge_event(watch: &Watch, record: &Record<'_>, at: Time, event: &Event) -> Result<(), Broken> {
    let Some(got) = &event.prev_kv else { return judge_absence(watch, record, at, event) };
    if !watch.request.prev_kv {
        return Err(broken(watch, at, "prev_kv was not asked for".into()).with(line(event)));
    }
    match before(record, event) {
        Some(wanted) if wanted.as_ref() != Some(got) => {
            let text = format!("prev_kv must be {wanted:?}");
            Err(broken(watch, at, text).with(line(event)))
        }
        _ => Ok(()),
    }
}

fn judge_absence(
    watch: &Watch,
    record: &Record<'_>,
    at: Time,
    event: &Event,
) -> Result<(), Broken> {
    let forgotten =
        record.history.auto_compaction || compacted_by(record.history, at) >= event.kv.modified;
    match before(record, event) {
        Some(Some(wanted)) if watch.request.prev_kv && !forgotten => {
            let text = format!("prev_kv is missing: {wanted:?}");
            Err(broken(watch, at, text).with(line(event)))
        }
        _ => Ok(()),
    }
}

/// What was there before the event; None: the log does not know the event.
fn before(record: &Record<'_>, event: &Event) -> Option<Option<crate::history::KeyValue>> {
    let change = log(record)?.from(event.kv.modified).first()?;
    let true_one = change.events.iter().find(|true_one| true_one.kv.key == event.kv.key)?;
    Some(true_one.prev_kv.clone())
}

//! A watch begins with the first event at or after the revision it asks for.

use crate::{
    Broken, Record,
    history::Watch,
    watch::{WatchPromise, broken, delivered, line, log, start, wanted},
};

/// A watch from a revision shows everything from there on, or says that it is compacted.
#[derive(Debug, Default)]
pub struct WatchResumable;

impl WatchPromise for WatchResumable {
    const NAME: &'static str = "watch_resumable";
    const PROMISE: &'static str = "Resumable: a broken watch can be resumed by establishing a new \
        watch starting after the last revision received in a watch event before the break, so long \
        as the revision is in the history window";

    fn judge(watch: &Watch, record: &Record<'_>) -> Result<(), Broken> {
        let (Some(log), Some(start)) = (log(record), start(watch)) else { return Ok(()) };
        let Some((at, first)) = delivered(watch).next() else { return Ok(()) };
        let missed = wanted(log, &watch.request, start).next();
        let missed = missed.filter(|event| event.kv.modified < first.kv.modified);
        match missed {
            Some(event) => {
                let text = format!(
                    "a watch from {start} began with {} and left out {}",
                    first.kv.modified, event.kv.modified
                );
                Err(broken(watch, at, text).with(line(event)).with(line(first)))
            }
            None => Ok(()),
        }
    }
}

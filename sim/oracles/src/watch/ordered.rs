//! Events of a watch come in the order of their revisions.

use crate::{
    Broken, Record,
    history::Watch,
    watch::{WatchPromise, broken, delivered, line, start},
};

/// Events are ordered by revision: none appears after one of a later revision, or before the start.
#[derive(Debug, Default)]
pub struct WatchOrdered;

impl WatchPromise for WatchOrdered {
    const NAME: &'static str = "watch_ordered";
    const PROMISE: &'static str = "Ordered: events are ordered by revision; an event will never \
        appear on a watch if it precedes an event in time that has already been posted";

    fn judge(watch: &Watch, _: &Record<'_>) -> Result<(), Broken> {
        let mut last = start(watch).unwrap_or(0);
        for (at, event) in delivered(watch) {
            if event.kv.modified < last {
                let text = format!("an event of {} came after {last}", event.kv.modified);
                return Err(broken(watch, at, text).with(line(event)));
            }
            last = event.kv.modified;
        }
        Ok(())
    }
}

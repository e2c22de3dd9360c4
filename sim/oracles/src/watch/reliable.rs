//! No event between two that a watch showed is left out.

use std::collections::BTreeSet;

use crate::{
    Broken, Record,
    history::Watch,
    watch::{WatchPromise, broken, delivered, line, log, wanted},
};

/// If a watch shows `a` and `c`, it shows every `b` between them.
#[derive(Debug, Default)]
pub struct WatchReliable;

impl WatchPromise for WatchReliable {
    const NAME: &'static str = "watch_reliable";
    const PROMISE: &'static str = "Reliable: a sequence of events will never drop any subsequence \
        of events within the available history window";

    fn judge(watch: &Watch, record: &Record<'_>) -> Result<(), Broken> {
        let Some(log) = log(record) else { return Ok(()) };
        let Some((_, first)) = delivered(watch).next() else { return Ok(()) };
        let Some((at, last)) = delivered(watch).next_back() else { return Ok(()) };
        let shown: BTreeSet<_> =
            delivered(watch).map(|(_, event)| (event.kv.modified, &event.kv.key)).collect();
        let between = wanted(log, &watch.request, first.kv.modified + 1)
            .take_while(|event| event.kv.modified < last.kv.modified);
        for event in between {
            if !shown.contains(&(event.kv.modified, &event.kv.key)) {
                let revision = event.kv.modified;
                let text = format!("the event of {} at {revision} is missing", event.kv.key);
                return Err(broken(watch, at, text).with(line(event)));
            }
        }
        Ok(())
    }
}

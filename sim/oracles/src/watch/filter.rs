//! A watch shows what happened, as it happened, and nothing that was not asked for.

use crate::{
    Broken, Record,
    history::Watch,
    watch::{WatchPromise, asked_for, broken, delivered, line, log},
};

/// Every event of a watch truly happened, lies in its range and is of a kind asked for.
#[derive(Debug, Default)]
pub struct WatchFilter;

impl WatchPromise for WatchFilter {
    const NAME: &'static str = "watch_filter";
    const PROMISE: &'static str = "Filters: a watch delivers only true events of its key range \
        that its filters (NOPUT, NODELETE) let through";

    fn judge(watch: &Watch, record: &Record<'_>) -> Result<(), Broken> {
        for (at, event) in delivered(watch) {
            if !asked_for(&watch.request, event) {
                let text = "an event came that was not asked for".into();
                return Err(broken(watch, at, text).with(line(event)));
            }
            let Some(change) = log(record).and_then(|log| log.from(event.kv.modified).first())
            else {
                continue;
            };
            let same = |true_one: &&crate::history::Event| {
                true_one.kind == event.kind && true_one.kv == event.kv
            };
            if !change.events.iter().any(|true_one| same(&true_one)) {
                let broken = broken(watch, at, "an event came that did not happen so".into());
                let truth = change.events.iter().map(line);
                return Err(truth.fold(broken.with(line(event)), Broken::with));
            }
        }
        Ok(())
    }
}

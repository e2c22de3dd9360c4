//! No event of a watch comes twice.

use std::collections::BTreeSet;

use crate::{
    Broken, Record,
    history::Watch,
    watch::{WatchPromise, broken, delivered, line},
};

/// An event never appears on a watch twice.
#[derive(Debug, Default)]
pub struct WatchUnique;

impl WatchPromise for WatchUnique {
    const NAME: &'static str = "watch_unique";
    const PROMISE: &'static str = "Unique: an event will never appear on a watch twice";

    fn judge(watch: &Watch, _: &Record<'_>) -> Result<(), Broken> {
        let mut seen = BTreeSet::new();
        for (at, event) in delivered(watch) {
            if !seen.insert((event.kv.modified, &event.kv.key)) {
                return Err(broken(watch, at, "an event came twice".into()).with(line(event)));
            }
        }
        Ok(())
    }
}

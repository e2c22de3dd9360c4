//! A list of events holds whole revisions.

use crate::{
    Broken, Record,
    history::Watch,
    watch::{WatchPromise, broken, line, log, wanted},
};

/// Changes of one revision are never split over several lists, except as announced fragments.
#[derive(Debug, Default)]
pub struct WatchAtomic;

impl WatchPromise for WatchAtomic {
    const NAME: &'static str = "watch_atomic";
    const PROMISE: &'static str = "Atomic: a list of events is guaranteed to encompass complete \
        revisions; updates in the same revision over multiple keys will not be split over several \
        lists of events";

    fn judge(watch: &Watch, record: &Record<'_>) -> Result<(), Broken> {
        let mut list = Vec::new();
        for response in &watch.responses {
            list.extend(&response.events);
            if response.fragment && watch.request.fragment {
                continue;
            }
            let (Some(first), Some(last)) = (list.first(), list.last()) else { continue };
            for event in [first, last] {
                let revision = event.kv.modified;
                let has = list.iter().filter(|other| other.kv.modified == revision).count();
                let whole = log(record).map(|log| {
                    let all = wanted(log, &watch.request, revision);
                    all.take_while(|other| other.kv.modified == revision).count()
                });
                if whole.is_some_and(|whole| has < whole) {
                    let text = format!("a list holds {has} of {whole:?} events of {revision}");
                    return Err(broken(watch, response.at, text).with(line(event)));
                }
            }
            list.clear();
        }
        Ok(())
    }
}

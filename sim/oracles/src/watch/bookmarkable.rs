//! A progress response says that everything up to its revision was sent.

use std::collections::BTreeSet;

use crate::{
    Broken, Record,
    history::{Revision, Watch, WatchResponse},
    kv::Resolved,
    watch::{WatchPromise, broken, line, log, start, wanted},
};

/// Progress at `R` comes after every event up to `R`, and never before the watch's own start.
#[derive(Debug, Default)]
pub struct WatchBookmarkable;

impl WatchPromise for WatchBookmarkable {
    const NAME: &'static str = "watch_bookmarkable";
    const PROMISE: &'static str = "Bookmarkable: progress notification events guarantee that all \
        events up to a revision have been already delivered";

    fn judge(watch: &Watch, record: &Record<'_>) -> Result<(), Broken> {
        let mut sent = BTreeSet::new();
        let mut promised = 0;
        let mut checked = start(watch).unwrap_or(Revision::MAX);
        for response in &watch.responses {
            for event in &response.events {
                sent.insert((event.kv.modified, event.kv.key.clone()));
                if event.kv.modified <= promised {
                    let text = format!("an event came after progress at {promised}");
                    return Err(broken(watch, response.at, text).with(line(event)));
                }
            }
            if response.progress && !response.canceled {
                promised = promised.max(response.revision);
                if let Some(log) = log(record) {
                    complete(watch, log, &sent, checked, response)?;
                    checked = checked.max(response.revision + 1);
                }
                before_start(watch, response)?;
            }
        }
        Ok(())
    }
}

fn complete(
    watch: &Watch,
    log: &Resolved,
    sent: &BTreeSet<(Revision, String)>,
    from: Revision,
    progress: &WatchResponse,
) -> Result<(), Broken> {
    let due = wanted(log, &watch.request, from);
    let mut due = due.take_while(|event| event.kv.modified <= progress.revision);
    match due.find(|event| !sent.contains(&(event.kv.modified, event.kv.key.clone()))) {
        Some(event) => {
            let text = format!("progress at {} ran ahead of an event", progress.revision);
            Err(broken(watch, progress.at, text).with(line(event)))
        }
        None => Ok(()),
    }
}

// Upstream's progressIfSync holds progress back until the store has reached the start.
fn before_start(watch: &Watch, progress: &WatchResponse) -> Result<(), Broken> {
    if progress.revision < watch.request.start_revision {
        let start = watch.request.start_revision;
        let text = format!("progress at {} on a watch from {start}", progress.revision);
        return Err(broken(watch, progress.at, text));
    }
    Ok(())
}

//! A watch that cannot have its past is told so, and no other watch is.

use crate::{
    Broken, Record,
    history::{Watch, WatchResponse},
    watch::{WatchPromise, broken, compacted_by},
};

/// "Compacted" ends only watches that wanted a revision which somebody had compacted.
#[derive(Debug, Default)]
pub struct WatchCompactionReported;

impl WatchPromise for WatchCompactionReported {
    const NAME: &'static str = "watch_compaction_reported";
    const PROMISE: &'static str = "compact_revision is set to the minimum index if a watcher tries \
        to watch at a compacted index; the watch is then canceled";

    fn judge(watch: &Watch, record: &Record<'_>) -> Result<(), Broken> {
        let reports = watch.responses.iter().filter(|response| response.compact_revision != 0);
        for report in reports {
            justified(watch, record, report)?;
        }
        let Some(end) = watch.responses.iter().position(|response| response.canceled) else {
            return Ok(());
        };
        match watch.responses[end..].iter().find(|response| !response.events.is_empty()) {
            Some(late) => Err(broken(watch, late.at, "events came after the end".into())),
            None => Ok(()),
        }
    }
}

fn justified(watch: &Watch, record: &Record<'_>, report: &WatchResponse) -> Result<(), Broken> {
    let compacted = report.compact_revision;
    if !report.canceled {
        let text = format!("compaction at {compacted} was reported and the watch goes on");
        return Err(broken(watch, report.at, text));
    }
    let start = watch.request.start_revision;
    let last = super::delivered(watch).next_back().map_or(0, |(_, event)| event.kv.modified);
    if start.max(last) >= compacted {
        let text = format!("compaction at {compacted} ended a watch that stood behind it");
        return Err(broken(watch, report.at, text));
    }
    let wished = compacted_by(record.history, report.at);
    if compacted > wished && !record.history.auto_compaction {
        let text = format!("compaction at {compacted} was reported, asked for was {wished}");
        return Err(broken(watch, report.at, text));
    }
    Ok(())
}

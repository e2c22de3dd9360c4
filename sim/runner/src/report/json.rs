//! The record as JSON.
//!
//! `report.json` is [`record::RunRecord`] without trace and history, with the trace's newest lines;
//! the field names and their units are documented there. `history.json` is what clients asked and
//! saw, or `null` where no one kept it.

use record::RunRecord;

/// Lines of the trace that are put into `report.json`.
const TRACE_MAX: usize = 200;

/// The record, without what has a file of its own.
pub(crate) fn report(record: &RunRecord) -> String {
    pretty(&brief(record, TRACE_MAX))
}

/// What clients asked and saw.
pub(crate) fn history(record: &RunRecord) -> String {
    pretty(&record.history)
}

/// The record with at most so many lines of trace, and no history.
pub(crate) fn brief(record: &RunRecord, trace_max: usize) -> RunRecord {
    let from = record.trace.len().saturating_sub(trace_max);
    let trace = record.trace[from..].to_vec();
    RunRecord {
        title: record.title.clone(),
        hash: record.hash.clone(),
        verdict: record.verdict.clone(),
        counters: record.counters.clone(),
        sometimes: record.sometimes.clone(),
        timeline: record.timeline.clone(),
        trace,
        history: None,
        ..*record
    }
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("records have string keys") + "\n"
}

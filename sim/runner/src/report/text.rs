//! A run on one screen.

use super::lanes;
use crate::{
    catalogue::Story,
    console::{Console, Tone},
};
use faults::Span;
use record::{Broken, Fail, RunRecord, TraceLine};
use scenario::{Scenario, Seed, Shrunk};
use std::{path::Path, process::Command};

/// Lines of trace and of evidence that fit a screen together with all else.
const TRACE_LINES: usize = 12;
const EVIDENCE_LINES: usize = 8;

/// What a report says besides the record.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) story: &'a Story,
    /// The explicit scenario that ran.
    pub(crate) drawn: &'a Scenario,
    /// Where the evidence is.
    pub(crate) folder: &'a Path,
    /// The smallest scenario that fails in the same way, where there is one.
    pub(crate) shrunk: Option<&'a Shrunk>,
}

/// The report.
pub(crate) fn report(record: &RunRecord, context: &Context<'_>, console: &Console) -> String {
    let mut out = String::new();
    let mut line = |text: String| out += &(text + "\n");
    line(format!("        {}", record.title));
    for text in lanes::draw(record, console) {
        line(text);
    }
    match record.verdict.broken() {
        None => {
            let kept = console.toned(Tone::Good, "KEPT    every promise");
            let simulated = seconds(record.simulated_nanos);
            line(format!("{kept}  {simulated} simulated, {} events", grouped(record.events)));
        }
        Some(broken) => broken_lines(broken).into_iter().enumerate().for_each(|(n, text)| {
            line(if n == 0 { console.toned(Tone::Bad, &text) } else { text });
        }),
    }
    line(format!("hash    {}", record.hash));
    line(format!("faults  {}", strikes(record)));
    line(format!("replay  {}", replay(record, context)));
    if let Some(shrunk) = context.shrunk {
        line(format!("shrunk  {}", shrunk_line(shrunk, context)));
    }
    if let Some(broken) = record.verdict.broken() {
        for entry in before(&record.trace, broken.at_nanos) {
            line(format!("trace   {}", trace_line(entry)));
        }
    }
    line(format!(
        "look    {}/{{report.html, scenario.yaml, trace.txt, history.json, report.json}}",
        context.folder.display()
    ));
    out
}

fn broken_lines(broken: &Broken) -> Vec<String> {
    let word = match broken.kind {
        Fail::Promise => "BROKEN ",
        Fail::Crash => "CRASHED",
        Fail::NoConvergence => "STUCK  ",
        Fail::NotDeterministic => "DIFFERS",
    };
    let at = seconds(broken.at_nanos);
    let event = grouped(broken.event);
    let mut lines = vec![format!("{word} {:<24} at {at}, event {event}", broken.oracle)];
    let shown = broken.evidence.iter().take(EVIDENCE_LINES);
    lines.extend(shown.map(|text| format!("        {text}")));
    let more = broken.evidence.len().saturating_sub(EVIDENCE_LINES);
    if more > 0 {
        lines.push(format!("        … and {more} lines more in report.json"));
    }
    lines
}

fn strikes(record: &RunRecord) -> String {
    let count = |name: &str| record.counters.get(name).copied().unwrap_or(0);
    let mut text = format!("{} struck", count("faults struck"));
    for name in ["refused", "without a target"] {
        let number = count(&format!("faults {name}"));
        if number > 0 {
            text += &format!(", {number} {name}");
        }
    }
    text
}

/// The last lines up to a moment; of the whole trace where nobody knows the moment.
fn before(trace: &[TraceLine], at_nanos: u64) -> &[TraceLine] {
    let until = trace.partition_point(|line| line.at_nanos <= at_nanos);
    let until = if until == 0 { trace.len() } else { until };
    &trace[until.saturating_sub(TRACE_LINES)..until]
}

/// The one line that does it again.
fn replay(record: &RunRecord, context: &Context<'_>) -> String {
    let seed = Seed(record.seed);
    let path = match context.story.path.as_str() {
        "" => context.folder.join("scenario.yaml").display().to_string(),
        path => path.to_owned(),
    };
    let at = commit().map_or_else(String::new, |commit| format!("   (commit {commit})"));
    format!("seaworthy replay {path} --seed {seed}{at}")
}

fn shrunk_line(shrunk: &Shrunk, context: &Context<'_>) -> String {
    let (before, after) = (context.drawn.steps.len(), shrunk.scenario.steps.len());
    let faults = shrunk.scenario.fault_count();
    let word = if faults == 1 { "fault" } else { "faults" };
    let path = context.folder.join("shrunk.yaml");
    let more = if shrunk.gave_up { ", could be smaller" } else { "" };
    let tries = grouped(shrunk.tries as u64);
    format!("{before} steps → {after}, {faults} {word}, {tries} tries{more}   {}", path.display())
}

/// The commit that is checked out here, as short as Git makes it.
fn commit() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}

/// A trace in fixed columns.
pub(crate) fn trace(lines: &[TraceLine]) -> String {
    lines.iter().map(|line| trace_line(line) + "\n").collect()
}

fn trace_line(line: &TraceLine) -> String {
    let (whole, nanos) = (line.at_nanos / 1_000_000_000, line.at_nanos % 1_000_000_000);
    format!("{whole:>4}.{nanos:09}  {:<12} {}", line.machine, line.text)
}

/// Seconds and milliseconds.
pub(crate) fn seconds(nanos: u64) -> String {
    let millis = Span(nanos).as_millis();
    format!("{}.{:03}s", millis / 1000, millis % 1000)
}

/// A number with its thousands apart: 88_412.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let shown: Vec<String> = [0, 999, 1_000, 88_412, 1_234_567].map(grouped).into();
        assert_eq!(shown, ["0", "999", "1_000", "88_412", "1_234_567"]);
    }

    #[test]
    fn a_trace_stands_in_columns() {
        let line =
            TraceLine { at_nanos: 14_203_000_007, machine: "etcd-0".into(), text: "x".into() };
        assert_eq!(trace(&[line]), "  14.203000007  etcd-0       x\n");
    }
}

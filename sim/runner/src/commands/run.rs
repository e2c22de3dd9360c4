//! `run`: one scenario, one seed, one screen.

use crate::{
    arguments::Run,
    catalogue::{self, Refusal, Story},
    console::Console,
    engine, evidence,
    exit::Exit,
    interrupt::Interrupt,
    report::text::{self, Context},
    shrinking::{self, Limits},
};
use record::{Fail, RunOptions, RunRecord, Verdict};
use scenario::Seed;
use std::path::Path;

/// The seed of a story that has none, where the command names none.
const FIRST_SEED: Seed = Seed(1);

pub(crate) fn run(run: &Run, console: &mut Console) -> Result<Exit, Refusal> {
    let story = catalogue::find(&run.scenario)?;
    let seed = run.seed.or(story.scenario.seed).unwrap_or(FIRST_SEED).0;
    let keep = RunOptions { keep: true, until_nanos: None };
    let record = engine::run(&story.scenario, seed, keep);
    let interrupt = Interrupt::listen();
    tell(&story, &record, &run.evidence.evidence, !run.no_shrink, &interrupt, console)?;
    Ok(judged(&story, &record.verdict))
}

/// Writes the evidence of a run, shrinks it where it failed, and prints the report.
pub(crate) fn tell(
    story: &Story,
    record: &RunRecord,
    root: &Path,
    shrink: bool,
    interrupt: &Interrupt,
    console: &mut Console,
) -> Result<Option<usize>, Refusal> {
    let drawn = story.scenario.drawn(record.seed);
    let folder = evidence::folder(root, record.seed);
    evidence::write(&folder, &drawn, record)?;
    let mut context = Context { story, drawn: &drawn, folder: &folder, shrunk: None };
    let failed = record.verdict != Verdict::Kept;
    let smallest = (failed && shrink)
        .then(|| shrinking::smallest(&drawn, &record.verdict, Limits::default(), interrupt));
    if let Some(smallest) = &smallest {
        evidence::write_shrunk(&folder, smallest)?;
        context.shrunk = Some(&smallest.shrunk);
    }
    console.text(&text::report(record, &context, console));
    Ok(smallest.map(|smallest| smallest.shrunk.scenario.fault_count()))
}

/// The exit for a run; a negative story must fail, and by the oracle that it names.
pub(crate) fn judged(story: &Story, verdict: &Verdict) -> Exit {
    let Some(wanted) = &story.scenario.breaks else { return Exit::of(verdict) };
    let caught = verdict
        .broken()
        .is_some_and(|broken| broken.oracle == *wanted && broken.kind != Fail::NotDeterministic);
    if caught { Exit::Clean } else { Exit::NotCaught }
}

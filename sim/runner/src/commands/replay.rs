//! `replay`: run again what failed, and print the trace.

use crate::{
    arguments::Replay,
    catalogue::{self, Refusal},
    console::Console,
    engine,
    exit::Exit,
    interrupt::Interrupt,
    report::text,
};
use record::RunOptions;

pub(crate) fn run(replay: &Replay, console: &mut Console) -> Result<Exit, Refusal> {
    let story = catalogue::find(&replay.scenario)?;
    let Some(seed) = replay.seed.or(story.scenario.seed) else {
        let path = &story.path;
        return Err(Refusal::Other(format!("{path} has no seed of its own: name one by --seed")));
    };
    let until_nanos = replay.until.map(|until| until.0);
    let record = engine::run(&story.scenario, seed.0, RunOptions { keep: true, until_nanos });
    let trace = text::trace(&record.trace);
    console.text(&trace);
    console.line("");
    let root = &replay.evidence.evidence;
    super::run::tell(&story, &record, root, false, &Interrupt::default(), console)?;
    Ok(Exit::of(&record.verdict))
}

//! `shrink`: the smallest scenario that fails in the same way.

use crate::{
    arguments::Shrink,
    catalogue::{self, Refusal},
    console::Console,
    engine, evidence,
    exit::Exit,
    interrupt::Interrupt,
    report::text::{self, Context},
    shrinking::{self, Limits},
};
use record::{RunOptions, Verdict};
use scenario::Seed;

pub(crate) fn run(shrink: &Shrink, console: &mut Console) -> Result<Exit, Refusal> {
    let story = catalogue::find(&shrink.scenario)?;
    let seed = shrink.seed.or(story.scenario.seed).unwrap_or(Seed(1)).0;
    let drawn = story.scenario.drawn(seed);
    let keep = RunOptions { keep: true, until_nanos: None };
    let record = engine::run(&drawn, seed, keep);
    if record.verdict == Verdict::Kept {
        console.line(&format!("seed {} keeps every promise: nothing to shrink", Seed(seed)));
        return Ok(Exit::Clean);
    }
    let interrupt = Interrupt::listen();
    let limits = Limits { tries: shrink.tries, jobs: shrink.jobs };
    let smallest = shrinking::smallest(&drawn, &record.verdict, limits, &interrupt);
    let folder = evidence::folder(&shrink.evidence.evidence, seed);
    evidence::write(&folder, &drawn, &record)?;
    evidence::write_shrunk(&folder, &smallest)?;
    let shrunk = Some(&smallest.shrunk);
    let context = Context { story: &story, drawn: &drawn, folder: &folder, shrunk };
    console.text(&text::report(&smallest.record, &context, console));
    console.line("");
    console.text(&smallest.shrunk.scenario.print());
    Ok(Exit::of(&record.verdict))
}

//! `digest`: the hash of each seed, one a line; the other half of `verify`.

use crate::{
    arguments::Digest,
    catalogue::{self, Refusal},
    console::Console,
    engine,
    exit::Exit,
    interrupt::Interrupt,
    pool::{self, Plan},
    progress::Goal,
    report::text,
};
use record::RunOptions;
use scenario::Seed;

pub(crate) fn run(digest: &Digest, console: &mut Console) -> Result<Exit, Refusal> {
    let stories = catalogue::find_all(&digest.scenarios)?;
    if digest.trace {
        let keep = RunOptions { keep: true, until_nanos: None };
        let record = engine::run(&stories[0].scenario, digest.from.0, keep);
        console.text(&text::trace(&record.trace));
        return Ok(Exit::Clean);
    }
    let plan = Plan {
        stories: &stories,
        from: digest.from.0,
        goal: Goal::Count(digest.seeds),
        jobs: digest.jobs,
        first: false,
        what: "digesting",
    };
    pool::run(plan, &Interrupt::default(), |done| {
        let (seed, hash) = (Seed(done.record.seed), &done.record.hash);
        console.line(&format!("{seed} {hash}"));
    });
    Ok(Exit::Clean)
}

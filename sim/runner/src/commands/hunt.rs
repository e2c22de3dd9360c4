//! `hunt`: many seeds on all cores.

use crate::{
    arguments::Hunt,
    catalogue::{self, Refusal},
    console::{Console, Tone, remark},
    exit::Exit,
    interrupt::Interrupt,
    pool::{self, Plan},
    progress::Goal,
    report::text::grouped,
};
use record::{RunRecord, Verdict};
use scenario::Seed;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{SystemTime, UNIX_EPOCH},
};

/// Most failures that are shrunk and reported in full; the others are listed.
const REPORTS_MAX: usize = 5;

pub(crate) fn run(hunt: &Hunt, console: &mut Console) -> Result<Exit, Refusal> {
    let stories = catalogue::find_all(&hunt.scenarios)?;
    if stories.is_empty() {
        return Err(Refusal::Other("there is no scenario in that folder".to_owned()));
    }
    let from = if hunt.fresh { fresh_seed() } else { hunt.from };
    let interrupt = Interrupt::listen();
    let plan = Plan {
        stories: &stories,
        from: from.0,
        goal: hunt.time.map_or(Goal::Count(hunt.seeds), Goal::Time),
        jobs: hunt.jobs,
        first: hunt.first,
        what: "hunting",
    };
    let (mut failures, mut totals) = (Vec::new(), Totals::default());
    let progress = pool::run(plan, &interrupt, |done| {
        totals.add(&done.record);
        if done.record.verdict != Verdict::Kept {
            failures.push(done);
        }
    });
    remark(&format!(
        "{} runs in {:.1} s, {}",
        totals.runs,
        progress.elapsed().as_secs_f64(),
        progress.rate(totals.runs)
    ));
    let root = &hunt.evidence.evidence;
    for done in failures.iter().take(REPORTS_MAX) {
        let story = &stories[done.story];
        super::run::tell(story, &done.record, root, !hunt.no_shrink, &interrupt, console)?;
        console.line("");
    }
    for done in failures.iter().skip(REPORTS_MAX) {
        let oracle = done.record.verdict.broken().map_or("", |broken| &broken.oracle);
        let path = &stories[done.story].path;
        let seed = Seed(done.record.seed);
        console.line(&format!("also    {oracle:<24} seaworthy replay {path} --seed {seed}"));
    }
    totals.tell(from, failures.len(), interrupt.asked(), console);
    let verdicts = failures.iter().map(|done| &done.record.verdict);
    let judge = |done: &pool::Done| super::run::judged(&stories[done.story], &done.record.verdict);
    let all_caught = failures.iter().all(|done| judge(done) == Exit::Clean);
    Ok(if all_caught { Exit::Clean } else { Exit::of_all(verdicts) })
}

/// A seed that nobody has tried: the one place where real time decides anything.
fn fresh_seed() -> Seed {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Seed(now.as_secs() << 20)
}

/// What all runs of a hunt did together.
#[derive(Debug, Default)]
struct Totals {
    runs: u64,
    simulated_nanos: u128,
    strikes: u64,
    counters: BTreeMap<String, u64>,
    sometimes: BTreeMap<String, u64>,
    scenarios: BTreeSet<String>,
}

impl Totals {
    fn add(&mut self, record: &RunRecord) {
        self.runs += 1;
        self.simulated_nanos += u128::from(record.simulated_nanos);
        for (name, count) in &record.counters {
            *self.counters.entry(name.clone()).or_default() += count;
        }
        for (name, count) in &record.sometimes {
            *self.sometimes.entry(name.clone()).or_default() += count;
        }
        self.strikes += record.counters.get("faults struck").copied().unwrap_or(0);
        self.scenarios.insert(record.title.clone());
    }

    fn tell(&self, from: Seed, found: usize, interrupted: bool, console: &mut Console) {
        let runs = grouped(self.runs);
        let seconds = grouped(u64::try_from(self.simulated_nanos / 1_000_000_000).unwrap_or(0));
        let headline = match found {
            0 => console.toned(Tone::Good, "KEPT    every promise"),
            found => console.toned(Tone::Bad, &format!("FOUND   {found}")),
        };
        let broken_off = if interrupted { " (interrupted)" } else { "" };
        console.line(&format!("{headline} in {runs} runs from seed {from}{broken_off}"));
        let (strikes, stories) = (grouped(self.strikes), self.scenarios.len());
        console.line(&format!(
            "        {seconds} simulated seconds, {strikes} strikes, scenarios: {stories}"
        ));
        for (name, count) in &self.counters {
            console.line(&format!("        {:>14}  {name}", grouped(*count)));
        }
        let never = self.sometimes.iter().filter(|(_, count)| **count == 0);
        let never: Vec<&str> = never.map(|(name, _)| name.as_str()).collect();
        if !never.is_empty() {
            console.line(&format!("never   reached: {}", never.join(", ")));
        }
    }
}

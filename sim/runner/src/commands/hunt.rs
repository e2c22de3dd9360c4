//! `hunt`: many seeds on all cores.

use super::run::judged;
use crate::{
    arguments::Hunt,
    catalogue::{self, Refusal, Story},
    console::{Console, Tone, remark},
    exit::Exit,
    interrupt::Interrupt,
    pool::{self, Done, Plan},
    progress::Goal,
    rare,
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
    let missed = negatives(&stories, &mut failures, console);
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
    let exit = Exit::of_all(verdicts);
    Ok(if exit == Exit::Clean && missed > 0 { Exit::NotCaught } else { exit })
}

/// Takes out the failures that negative stories ask for, and tells of each such story whether it
/// was caught; gives the number of those that were not.
fn negatives(stories: &[Story], failures: &mut Vec<Done>, console: &mut Console) -> usize {
    let mut missed = 0;
    for (index, story) in stories.iter().enumerate() {
        let Some(oracle) = &story.scenario.breaks else { continue };
        let is_caught =
            |done: &Done| done.story == index && judged(story, &done.record.verdict) == Exit::Clean;
        let first = failures.iter().find(|done| is_caught(done)).map(|done| done.record.seed);
        failures.retain(|done| !is_caught(done));
        let (path, word) = (&story.path, first.map(|seed| Seed(seed).to_string()));
        missed += usize::from(first.is_none());
        console.line(&match word {
            Some(seed) => format!("caught  {oracle:<28} {path} --seed {seed}"),
            None => console.toned(Tone::Bad, &format!("MISSED  {oracle:<28} {path}")),
        });
    }
    missed
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
        self.tell_rare(console);
    }

    /// Which rare states were reached how often, and which never: a night without a hit is a failed
    /// night. Silent where no component ran.
    fn tell_rare(&self, console: &mut Console) {
        if self.sometimes.is_empty() {
            return;
        }
        for (name, count) in &self.sometimes {
            console.line(&format!("rare    {:>14}  {name}", grouped(*count)));
        }
        let reached = |name: &&str| self.sometimes.get(*name).is_some_and(|count| *count > 0);
        for name in rare::ALL.iter().filter(|name| !reached(name)) {
            console.line(&console.toned(Tone::Bad, &format!("never   {:>14}  {name}", 0)));
        }
    }
}

//! `museum`: each known bug switched on, and found by the general hunt, which knows nothing of it.

use crate::{
    arguments::Museum,
    catalogue::{Refusal, Story},
    console::{Console, Tone},
    engine, evidence,
    exhibits::{self, Exhibit},
    exit::Exit,
    interrupt::Interrupt,
    pool::{self, Plan},
    progress::Goal,
    shrinking::{self, Limits},
};
use record::{RunOptions, RunRecord, Verdict};
use scenario::{Scenario, Seed};
use serde::Serialize;
use std::{fs, time::Instant};

/// Seeds that are tried before the clock is looked at.
const PORTION: u64 = 16;
/// The share of exhibits that must be found, in percent.
const WANTED_PERCENT: usize = 95;

/// What became of an exhibit. `seconds` is real time.
#[derive(Debug, Serialize)]
struct Row {
    exhibit: &'static str,
    about: &'static str,
    upstream: &'static str,
    seeds_tried: u64,
    /// Seeds that fail without the defect too: they prove nothing and are passed over.
    seeds_void: u64,
    seconds: f64,
    found: Option<Found>,
}

/// How a hunt for one exhibit went.
#[derive(Debug, Default)]
struct Hunt {
    tried: u64,
    void: u64,
    /// The place of the story that found it, and the run.
    failed: Option<(usize, RunRecord)>,
}

/// How it was found.
#[derive(Debug, Serialize)]
struct Found {
    scenario: String,
    seed: String,
    oracle: String,
    faults_drawn: usize,
    faults_shrunk: usize,
    shrunk: String,
}

pub(crate) fn run(museum: &Museum, console: &mut Console) -> Result<Exit, Refusal> {
    let exhibits = exhibits::named(&museum.exhibits).map_err(Refusal::NoExhibit)?;
    let interrupt = Interrupt::listen();
    console.line(
        "exhibit  oracle                    seed       scenario              seeds    time  faults  what",
    );
    let mut rows = Vec::new();
    for exhibit in exhibits {
        if interrupt.asked() {
            break;
        }
        let row = show(exhibit, museum, &interrupt)?;
        console.line(&line(&row, console));
        rows.push(row);
    }
    let found = rows.iter().filter(|row| row.found.is_some()).count();
    console.line(&format!("found {found} of {}{}", rows.len(), median(&rows)));
    let void: u64 = rows.iter().map(|row| row.seeds_void).sum();
    if void > 0 {
        console.line(&format!("passed over {void} seeds that fail without the defect too"));
    }
    if let Some(path) = &museum.json {
        let json = serde_json::to_string_pretty(&rows).map_err(std::io::Error::from);
        let written = json.and_then(|json| fs::write(path, json + "\n"));
        written.map_err(Refusal::file("write", path))?;
    }
    let enough = found * 100 >= rows.len() * WANTED_PERCENT;
    Ok(if enough { Exit::Clean } else { Exit::NotCaught })
}

/// Hunts for one exhibit with the stories of the general hunt.
fn show(exhibit: &Exhibit, museum: &Museum, interrupt: &Interrupt) -> Result<Row, Refusal> {
    let mutated = |(name, scenario): (&str, Scenario)| Story {
        name: name.to_owned(),
        path: String::new(),
        scenario: Scenario { defects: vec![exhibit.name.to_owned()], ..scenario },
    };
    // Kubernetes' bugs are looked for where there is a Kubernetes.
    let hunt_with = match exhibit.name.starts_with('K') {
        true => Scenario::apiserver_hunt(),
        false => Scenario::general_hunt(),
    };
    let stories: Vec<Story> = hunt_with.into_iter().map(mutated).collect();
    let started = Instant::now();
    let hunt = hunt(exhibit.name, &stories, museum, interrupt);
    let seconds = started.elapsed().as_secs_f64();
    let keep = |(story, record): (usize, RunRecord)| {
        keep(exhibit.name, &stories[story], &record, museum, interrupt)
    };
    let found = hunt.failed.map(keep).transpose()?;
    let Exhibit { name, about, upstream } = *exhibit;
    let (seeds_tried, seeds_void) = (hunt.tried, hunt.void);
    Ok(Row { exhibit: name, about, upstream, seeds_tried, seeds_void, seconds, found })
}

/// Tries seeds until one fails that keeps all promises without the defect.
fn hunt(what: &str, stories: &[Story], museum: &Museum, interrupt: &Interrupt) -> Hunt {
    let deadline = Instant::now() + museum.time;
    let mut hunt = Hunt::default();
    // In portions of whole rounds, so that both limits hold and each portion begins with the first
    // story: then the first failing seed is the same anywhere.
    let portion = PORTION.next_multiple_of(stories.len() as u64);
    while hunt.failed.is_none() && hunt.tried < museum.seeds && !interrupt.asked() {
        if Instant::now() >= deadline {
            break;
        }
        let plan = Plan {
            stories,
            from: museum.from.0.wrapping_add(hunt.tried),
            goal: Goal::Count(portion.min(museum.seeds - hunt.tried)),
            jobs: museum.jobs,
            first: true,
            what,
        };
        let mut suspect = None;
        let mut tried = 0;
        pool::run(plan, interrupt, |done| {
            tried += 1;
            if done.record.verdict != Verdict::Kept && suspect.is_none() {
                suspect = Some((done.story, done.record));
            }
        });
        match suspect {
            Some((story, record)) if is_clean_without(&stories[story], record.seed) => {
                (hunt.tried, hunt.failed) = (hunt.tried + tried, Some((story, record)));
            }
            suspect => {
                hunt.void += u64::from(suspect.is_some());
                // A void seed ends its portion early: the next one begins a round anew.
                hunt.tried += portion.min(museum.seeds - hunt.tried);
            }
        }
    }
    hunt
}

/// True when the same run keeps every promise without the defect.
fn is_clean_without(story: &Story, seed: u64) -> bool {
    let plain = Scenario { defects: Vec::new(), ..story.scenario.clone() };
    engine::run(&plain, seed, RunOptions::default()).verdict == Verdict::Kept
}

/// Shrinks what was found and keeps the evidence.
fn keep(
    exhibit: &str,
    story: &Story,
    record: &RunRecord,
    museum: &Museum,
    interrupt: &Interrupt,
) -> Result<Found, Refusal> {
    let drawn = story.scenario.drawn(record.seed);
    let limits = Limits { tries: museum.shrink, jobs: museum.jobs };
    let smallest = shrinking::smallest(&drawn, &record.verdict, limits, interrupt);
    let folder = museum.evidence.evidence.join("museum").join(exhibit);
    evidence::write(&folder, &drawn, record)?;
    evidence::write_shrunk(&folder, &smallest)?;
    Ok(Found {
        scenario: story.name.clone(),
        seed: Seed(record.seed).to_string(),
        oracle: record.verdict.broken().map_or_else(String::new, |it| it.oracle.clone()),
        faults_drawn: drawn.fault_count(),
        faults_shrunk: smallest.shrunk.scenario.fault_count(),
        shrunk: folder.join("shrunk.yaml").display().to_string(),
    })
}

fn line(row: &Row, console: &Console) -> String {
    let (tried, seconds) = (row.seeds_tried, row.seconds);
    let (oracle, seed, scenario, faults) = match &row.found {
        Some(found) => {
            let faults = format!("{}→{}", found.faults_drawn, found.faults_shrunk);
            (format!("{:<25}", found.oracle), &*found.seed, &*found.scenario, faults)
        }
        None => (console.toned(Tone::Bad, &format!("{:<25}", "NOT FOUND")), "", "", String::new()),
    };
    format!(
        "{:<8} {oracle} {seed:<10} {scenario:<20} {tried:>6} {seconds:>6.1}s  {faults:<6}  {}",
        row.exhibit, row.about
    )
}

fn median(rows: &[Row]) -> String {
    let mut times: Vec<f64> =
        rows.iter().filter(|row| row.found.is_some()).map(|row| row.seconds).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).map_or_else(String::new, |time| format!(", median {time:.1} s"))
}

//! `museum`: each known bug switched on, and found by a hunt that knows nothing of it.

use crate::{
    arguments::Museum,
    catalogue::{Refusal, Story},
    console::{Console, Tone},
    evidence,
    exhibits::{self, Exhibit},
    exit::Exit,
    interrupt::Interrupt,
    pool::{self, Plan},
    progress::Goal,
    shrinking::{self, TRIES_MAX},
};
use record::{RunRecord, Verdict};
use scenario::{Scenario, Seed};
use serde::Serialize;
use std::{fs, time::Instant};

/// Seeds that are tried before the clock is looked at.
const PORTION: u64 = 64;

/// What became of an exhibit. `seconds` is real time.
#[derive(Debug, Serialize)]
struct Row {
    exhibit: &'static str,
    about: &'static str,
    upstream: &'static str,
    seeds_tried: u64,
    seconds: f64,
    found: Option<Found>,
}

/// How it was found.
#[derive(Debug, Serialize)]
struct Found {
    seed: String,
    oracle: String,
    faults_drawn: usize,
    faults_shrunk: usize,
    shrunk: String,
}

pub(crate) fn run(museum: &Museum, console: &mut Console) -> Result<Exit, Refusal> {
    let exhibits = exhibits::named(&museum.exhibits).map_err(Refusal::NoExhibit)?;
    let interrupt = Interrupt::listen();
    console.line("exhibit  oracle                    seed        seeds    time  faults  what");
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
    if let Some(path) = &museum.json {
        let json = serde_json::to_string_pretty(&rows).map_err(std::io::Error::from);
        let written = json.and_then(|json| fs::write(path, json + "\n"));
        written.map_err(Refusal::file("write", path))?;
    }
    Ok(if found == rows.len() { Exit::Clean } else { Exit::NotCaught })
}

/// Hunts for one exhibit with the general scenario.
fn show(exhibit: &Exhibit, museum: &Museum, interrupt: &Interrupt) -> Result<Row, Refusal> {
    let scenario = Scenario { defects: vec![exhibit.name.to_owned()], ..Scenario::general() };
    let story = Story { name: exhibit.name.to_owned(), path: String::new(), scenario };
    let started = Instant::now();
    let (seeds_tried, failed) = hunt(&story, museum, interrupt);
    let seconds = started.elapsed().as_secs_f64();
    let found = failed.map(|record| keep(&story, &record, museum, interrupt)).transpose()?;
    let Exhibit { name, about, upstream } = *exhibit;
    Ok(Row { exhibit: name, about, upstream, seeds_tried, seconds, found })
}

/// Tries seeds until one fails; gives their number and the failure.
fn hunt(story: &Story, museum: &Museum, interrupt: &Interrupt) -> (u64, Option<RunRecord>) {
    let deadline = Instant::now() + museum.time;
    let (mut tried, mut failed) = (0, None);
    while failed.is_none() && tried < museum.seeds && !interrupt.asked() {
        if Instant::now() >= deadline {
            break;
        }
        let plan = Plan {
            stories: std::slice::from_ref(story),
            from: museum.from.0.wrapping_add(tried),
            // In portions: both limits hold, and the first failing seed is the same anywhere.
            goal: Goal::Count(PORTION.min(museum.seeds - tried)),
            jobs: museum.jobs,
            first: true,
            what: &story.name,
        };
        pool::run(plan, interrupt, |done| {
            tried += 1;
            if done.record.verdict != Verdict::Kept && failed.is_none() {
                failed = Some(done.record);
            }
        });
    }
    (tried, failed)
}

/// Shrinks what was found and keeps the evidence.
fn keep(
    story: &Story,
    record: &RunRecord,
    museum: &Museum,
    interrupt: &Interrupt,
) -> Result<Found, Refusal> {
    let drawn = story.scenario.drawn(record.seed);
    let smallest = shrinking::smallest(&drawn, &record.verdict, TRIES_MAX, interrupt);
    let folder = museum.evidence.evidence.join("museum").join(&story.name);
    evidence::write(&folder, &drawn, record)?;
    evidence::write_shrunk(&folder, &smallest)?;
    Ok(Found {
        seed: Seed(record.seed).to_string(),
        oracle: record.verdict.broken().map_or_else(String::new, |it| it.oracle.clone()),
        faults_drawn: drawn.fault_count(),
        faults_shrunk: smallest.shrunk.scenario.fault_count(),
        shrunk: folder.join("shrunk.yaml").display().to_string(),
    })
}

fn line(row: &Row, console: &Console) -> String {
    let (tried, seconds) = (row.seeds_tried, row.seconds);
    match &row.found {
        Some(found) => {
            let faults = format!("{}→{}", found.faults_drawn, found.faults_shrunk);
            format!(
                "{:<8} {:<25} {:<10} {tried:>6} {seconds:>6.1}s  {faults:<6}  {}",
                row.exhibit, found.oracle, found.seed, row.about
            )
        }
        None => {
            let not = console.toned(Tone::Bad, &format!("{:<25}", "NOT FOUND"));
            format!(
                "{:<8} {not} {:<10} {tried:>6} {seconds:>6.1}s  {:<6}  {}",
                row.exhibit, "", "", row.about
            )
        }
    }
}

fn median(rows: &[Row]) -> String {
    let mut times: Vec<f64> =
        rows.iter().filter(|row| row.found.is_some()).map(|row| row.seconds).collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).map_or_else(String::new, |time| format!(", median {time:.1} s"))
}

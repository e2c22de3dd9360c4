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
use record::Verdict;
use scenario::{Scenario, Seed};
use serde::Serialize;
use std::{fs, time::Instant};

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
    let deadline = started + museum.time;
    let (mut tried, mut failed) = (0, None);
    let stories = [story];
    while failed.is_none() && tried < museum.seeds && !interrupt.asked() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        // In portions: both limits hold, and the first failing seed is the same on any machine.
        let portion = 64.min(museum.seeds - tried);
        let plan = Plan {
            stories: &stories,
            from: museum.from.0.wrapping_add(tried),
            goal: Goal::Count(portion),
            jobs: museum.jobs,
            first: true,
            what: exhibit.name,
        };
        pool::run(plan, interrupt, |done| {
            tried += 1;
            if done.record.verdict != Verdict::Kept && failed.is_none() {
                failed = Some(done.record);
            }
        });
    }
    let seconds = started.elapsed().as_secs_f64();
    let mut found = None;
    if let Some(record) = failed {
        let drawn = stories[0].scenario.drawn(record.seed);
        let smallest = shrinking::smallest(&drawn, &record.verdict, TRIES_MAX, interrupt);
        let folder = museum.evidence.evidence.join("museum").join(exhibit.name);
        evidence::write(&folder, &drawn, &record)?;
        evidence::write_shrunk(&folder, &smallest)?;
        found = Some(Found {
            seed: Seed(record.seed).to_string(),
            oracle: record.verdict.broken().map_or_else(String::new, |it| it.oracle.clone()),
            faults_drawn: drawn.fault_count(),
            faults_shrunk: smallest.shrunk.scenario.fault_count(),
            shrunk: folder.join("shrunk.yaml").display().to_string(),
        });
    }
    let Exhibit { name, about, upstream } = *exhibit;
    Ok(Row { exhibit: name, about, upstream, seeds_tried: tried, seconds, found })
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

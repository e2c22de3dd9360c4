//! `verify`: the same seed does the same things, in this process and in another.

use crate::{
    arguments::Verify,
    catalogue::{self, Refusal, Story},
    console::{Console, Tone, remark},
    engine,
    exit::Exit,
    interrupt::Interrupt,
    pool::{self, Plan},
    progress::Goal,
    report::text,
};
use record::RunOptions;
use scenario::Seed;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a run counts when code asked libc and not its host.
const LEAKS: [&str; 2] = [record::CLOCK_LEAKS, record::RANDOM_LEAKS];

/// A seed's hashes: twice in this process, once in the other.
#[derive(Debug)]
struct Hashes {
    /// The place of its story.
    story: usize,
    seed: Seed,
    here: [String; 2],
    there: String,
}

impl Hashes {
    fn equal(&self) -> bool {
        self.here[0] == self.here[1] && self.here[0] == self.there
    }
}

pub(crate) fn run(verify: &Verify, console: &mut Console) -> Result<Exit, Refusal> {
    let stories = catalogue::find_all(&verify.scenarios)?;
    let other = match &verify.other {
        Some(other) => other.clone(),
        None => std::env::current_exe().map_err(Refusal::file("find", Path::new("myself")))?,
    };
    let first = here(verify, &stories);
    let second = here(verify, &stories);
    let there = there(verify, &other)?;
    if there.len() != first.len() {
        return Err(Refusal::Other(format!("{} gave no hashes", other.display())));
    }
    let pairs = first.into_iter().zip(second).zip(there);
    let hashes = |(index, (((seed, a), (_, b)), there))| Hashes {
        story: index % stories.len(),
        seed,
        here: [a, b],
        there,
    };
    let all = pairs.enumerate().map(hashes);
    let different: Vec<Hashes> = all.filter(|hashes| !hashes.equal()).collect();
    let Some(worst) = different.first() else {
        let good = console.toned(Tone::Good, "EQUAL   every hash");
        console.line(&format!("{good} of {} seeds, twice here and once there", verify.seeds));
        return Ok(Exit::Clean);
    };
    let bad = console.toned(Tone::Bad, "NOT DETERMINISTIC");
    console.line(&format!("{bad}  {} of {} seeds", different.len(), verify.seeds));
    for hashes in different.iter().take(10) {
        let Hashes { story, seed, here: [a, b], there } = hashes;
        console.line(&format!("  {} {seed}  {a} {b} {there}", stories[*story].name));
    }
    console.text(&divergence(&stories[worst.story], worst, &other)?);
    Ok(Exit::NotDeterministic)
}

fn here(verify: &Verify, stories: &[Story]) -> Vec<(Seed, String)> {
    let plan = Plan {
        stories,
        from: verify.from.0,
        goal: Goal::Count(verify.seeds),
        jobs: verify.jobs,
        first: false,
        what: "verifying",
    };
    let (mut hashes, mut leaks) = (Vec::new(), 0);
    let progress = pool::run(plan, &Interrupt::default(), |done| {
        let counters = &done.record.counters;
        leaks += LEAKS.iter().filter_map(|name| counters.get(*name)).sum::<u64>();
        hashes.push((Seed(done.record.seed), done.record.hash));
    });
    let rate = progress.rate(hashes.len() as u64);
    remark(&format!("{} runs, {rate}, {leaks} calls that went round the host", hashes.len()));
    hashes
}

fn there(verify: &Verify, other: &PathBuf) -> Result<Vec<String>, Refusal> {
    let seeds = verify.seeds.to_string();
    let from = verify.from.to_string();
    let jobs = verify.jobs.to_string();
    let mut arguments = vec!["digest", "--seeds", &seeds, "--from", &from, "--jobs", &jobs];
    arguments.extend(verify.scenarios.iter().map(String::as_str));
    let text = ask(other, &arguments)?;
    let hash = |line: &str| line.split(' ').nth(1).unwrap_or_default().to_owned();
    Ok(text.lines().map(hash).collect())
}

fn ask(program: &PathBuf, arguments: &[&str]) -> Result<String, Refusal> {
    let command = Command::new(program).args(arguments).stderr(Stdio::inherit()).output();
    let output = command.map_err(Refusal::file("run", program))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs the seed again with its trace kept, and shows the first line that differs.
fn divergence(story: &Story, hashes: &Hashes, other: &PathBuf) -> Result<String, Refusal> {
    let keep = RunOptions { keep: true, until_nanos: None };
    let trace = || text::trace(&engine::run(&story.scenario, hashes.seed.0, keep).trace);
    let (first, second) = (trace(), trace());
    if first != second {
        return Ok(first_difference(&first, &second));
    }
    let seed = hashes.seed.to_string();
    let there = ask(other, &["digest", &story.path, "--from", &seed, "--trace"])?;
    Ok(first_difference(&first, &there))
}

fn first_difference(first: &str, second: &str) -> String {
    let same = first.lines().zip(second.lines()).take_while(|(a, b)| a == b).count();
    let show = |text: &str| -> String {
        let from = same.saturating_sub(3);
        let lines = text.lines().skip(from).take(same - from + 3);
        lines.map(|line| format!("    {line}\n")).collect()
    };
    if same == first.lines().count() && same == second.lines().count() {
        return "  the traces are equal now: it does not happen every time\n".to_owned();
    }
    let line = same + 1;
    format!("  first divergence at line {line}:\n{}  against\n{}", show(first), show(second))
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn the_first_difference_is_shown_with_what_came_before() {
        let shown = first_difference("a\nb\nc\nd\ne\n", "a\nb\nc\nx\ne\n");
        assert!(shown.contains("line 4"), "{shown}");
        assert!(shown.contains("    c\n    d\n") && shown.contains("    c\n    x\n"), "{shown}");
    }
}

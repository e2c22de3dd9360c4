//! The figures of all rounds, as a table for people or as JSON.

use crate::{case::Figures, side::Side};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
    fs::read_to_string,
    io::Write as _,
};

/// Rounds of one figure that differ by more than this share of their median are called noisy.
const NOISY: f64 = 0.25;

/// What was measured, by `Case`.
#[derive(Debug)]
pub(crate) struct Report<Case> {
    setting: String,
    /// By members, case, figure and side: one value a round.
    rounds: BTreeMap<(u16, Case, &'static str), BTreeMap<Side, Vec<f64>>>,
}

impl<Case: Copy + Ord + Display> Report<Case> {
    /// An empty one; `setting` says how it was measured.
    pub(crate) fn new(setting: &str, rounds: u16) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        let load = read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        let setting = format!(
            "{cores} cores shared by servers and load, load average {load} at the start; \
             {setting}, medians of {rounds} rounds"
        );
        Self { setting, rounds: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, members: u16, case: Case, side: Side, figures: Figures) {
        for (name, value) in figures {
            let sides = self.rounds.entry((members, case, name)).or_default();
            sides.entry(side).or_default().push(value);
        }
    }

    /// Writes the report to standard output.
    pub(crate) fn print(&self, as_json: bool) {
        let text = if as_json { format!("{:#}\n", self.json()) } else { self.table() };
        // A closed pipe wants no more.
        let _ = std::io::stdout().write_all(text.as_bytes());
    }

    fn json(&self) -> Value {
        let figures: Vec<_> = self
            .rounds
            .iter()
            .map(|((members, case, figure), sides)| {
                let sides: BTreeMap<_, _> = sides
                    .iter()
                    .map(|(side, rounds)| {
                        let name = format!("{side:?}").to_lowercase();
                        (name, json!({ "median": median(rounds), "rounds": rounds }))
                    })
                    .collect();
                json!({
                    "members": members, "case": case.to_string(), "figure": figure, "sides": sides
                })
            })
            .collect();
        json!({ "setting": self.setting, "figures": figures })
    }

    fn table(&self) -> String {
        let mut text = format!("{}\n\n", self.setting);
        let _ = writeln!(
            text,
            "{:<34} {:<25} {:>11} {:>11} {:>8}",
            "members, case", "figure", "ours", "upstream", "ratio"
        );
        for ((members, case, figure), sides) in &self.rounds {
            let of = |side| sides.get(&side).map(|rounds| median(rounds));
            let (ours, upstream) = (of(Side::Ours), of(Side::Upstream));
            let ratio = ours.zip(upstream).map(|(ours, upstream)| ours / upstream);
            let noisy = if sides.values().any(|rounds| is_noisy(rounds)) { "  noisy" } else { "" };
            let _ = writeln!(
                text,
                "{:<34} {:<25} {:>11} {:>11} {:>8}{noisy}",
                format!("{members}  {case}"),
                figure,
                number(ours),
                number(upstream),
                ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}×"))
            );
        }
        text
    }
}

fn number(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.2}"),
    }
}

fn median(rounds: &[f64]) -> f64 {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

fn is_noisy(rounds: &[f64]) -> bool {
    let middle = median(rounds);
    rounds.iter().any(|value| (value - middle).abs() > NOISY * middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_stands_in_the_middle_and_far_rounds_are_noisy() {
        for (rounds, middle, noisy) in [
            (vec![3.0, 1.0, 2.0], 2.0, true),
            (vec![10.0, 11.0], 10.5, false),
            (vec![10.0, 10.0, 14.0], 10.0, true),
        ] {
            assert_eq!((median(&rounds), is_noisy(&rounds)), (middle, noisy), "{rounds:?}");
        }
    }
}

//! Every scenario parses, sits where it belongs, and every oracle has one that breaks it.

use scenario::{Scenario, System};
use std::collections::{BTreeMap, BTreeSet};
use tidy::{files, refuse};

const FOLDERS: [&str; 5] = ["apiserver", "echo", "etcd", "negative", "regressions"];

fn oracle_names() -> Vec<&'static str> {
    let echo = System::Echo.own_oracles().iter().map(|(name, _)| *name);
    oracles::ALL.iter().map(|entry| entry.name).chain(echo).collect()
}

fn scenarios() -> BTreeMap<String, Result<Scenario, String>> {
    let read = |text: &str| Scenario::parse(text).map_err(|error| error.to_string());
    let all = files("scenarios", ".yaml").expect("scenarios/ can be read").into_iter();
    all.map(|file| (file.path, read(&file.text))).collect()
}

#[test]
fn every_scenario_parses_and_names_what_exists() {
    let mut bad = Vec::new();
    for (path, scenario) in scenarios() {
        let checked = scenario.and_then(|scenario| {
            scenario.check_oracles(&oracle_names()).map_err(|error| error.to_string())
        });
        bad.extend(checked.err().map(|error| format!("{path}: {error}")));
    }
    refuse(&bad);
}

#[test]
fn every_scenario_sits_where_it_belongs() {
    let mut bad = Vec::new();
    for (path, scenario) in scenarios() {
        let Ok(scenario) = scenario else { continue };
        let folder = path.split('/').nth(1).unwrap_or_default();
        let negative = folder == "negative";
        let wrong = [
            (!FOLDERS.contains(&folder), "is in no known folder"),
            (negative != scenario.breaks.is_some(), "'breaks' is for negative/, and needed there"),
            (!negative && !scenario.defects.is_empty(), "'defects' is for negative/"),
            (folder == "regressions" && scenario.seed.is_none(), "a regression needs its seed"),
            (scenario.title.len() > 100, "the title is longer than a line"),
            (scenario.title.ends_with('.'), "a title ends without a full stop"),
            (!scenario.why.ends_with('.'), "'why' is a sentence"),
        ];
        let said = wrong.iter().filter(|(wrong, _)| *wrong);
        bad.extend(said.map(|(_, why)| format!("{path}: {why}")));
    }
    refuse(&bad);
}

#[test]
fn every_oracle_has_a_story_that_breaks_it() {
    let all: Vec<_> = scenarios().into_values().filter_map(Result::ok).collect();
    let broken: BTreeSet<&str> = all.iter().filter_map(|it| it.breaks.as_deref()).collect();
    let mut bad = Vec::new();
    for oracle in oracle_names() {
        if !broken.contains(oracle) {
            bad.push(format!("nothing in scenarios/negative breaks {oracle}"));
        }
    }
    refuse(&bad);
}

//! The museum's catalogue and the deliberate bugs in components are the same list.

use std::collections::BTreeSet;
use tidy::{files, refuse};

/// Names in `has("E07")` and the like.
fn switched() -> BTreeSet<String> {
    let all = files("components", ".rs").expect("the source can be read");
    let names = all.iter().flat_map(|file| file.text.split("has(\"").skip(1));
    let names = names.filter_map(|rest| rest.split('"').next());
    // Upper case, digits, and at most one letter for the variant.
    let exhibit = |name: &&str| {
        let number = name.strip_prefix(['E', 'K']).unwrap_or_default();
        number.starts_with(|c: char| c.is_ascii_digit()) && number.len() <= 3
    };
    // Tests of a component may switch something on of their own accord, not invent names.
    names.filter(exhibit).map(str::to_owned).collect()
}

/// Names in `exhibit("E07", …)`.
fn catalogued() -> BTreeSet<String> {
    let all = files("sim/runner/src", "exhibits.rs").expect("the source can be read");
    let names = all.iter().flat_map(|file| file.text.split("exhibit(\"").skip(1));
    names.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn every_deliberate_bug_is_in_the_museum() {
    let bad = |name: &String| format!("{name} is switched on by nobody: add it to exhibits.rs");
    refuse(&switched().difference(&catalogued()).map(bad).collect::<Vec<_>>());
}

#[test]
fn every_exhibit_is_in_the_code() {
    let bad = |name: &String| format!("{name} is in the museum's catalogue, but in no component");
    refuse(&catalogued().difference(&switched()).map(bad).collect::<Vec<_>>());
}

//! Rules that every source file keeps.

use std::collections::BTreeSet;
use tidy::{File, files, refuse, root};

fn source() -> Vec<File> {
    files(".", ".rs").expect("the source can be read")
}

#[test]
fn every_module_opens_with_what_it_promises() {
    let opens = |file: &File| {
        let first = file.text.lines().find(|line| !line.starts_with("#!["));
        !first.is_some_and(|line| line.starts_with("//! ") || line.starts_with("//!\n"))
    };
    let bad =
        source().into_iter().filter(opens).map(|file| format!("{}: no //! sentence", file.path));
    refuse(&bad.collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_for_later() {
    // In pieces, so that this file passes its own test.
    let words =
        [concat!("FIX", "ME"), concat!("XX", "X:"), concat!("TO", "DO"), concat!("HA", "CK:")];
    let mut bad = Vec::new();
    for file in source() {
        for (number, line) in file.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                bad.push(format!("{}:{}: {word}", file.path, number + 1));
            }
        }
    }
    refuse(&bad);
}

#[test]
fn no_folder_is_called_by_a_name_that_says_nothing() {
    // `core` says something here: the pure half of a component, and a group of Kubernetes.
    let empty = ["utils", "util", "common", "misc", "helpers"];
    let bad: BTreeSet<String> = source()
        .iter()
        .filter(|file| file.path.split(['/', '.']).any(|part| empty.contains(&part)))
        .map(|file| file.path.clone())
        .collect();
    refuse(&bad.into_iter().collect::<Vec<_>>());
}

#[test]
fn tests_are_neither_ignored_nor_expected_to_panic() {
    let marks = [concat!("#[ign", "ore"), concat!("#[should", "_panic")];
    let bad = |file: &&File| marks.iter().any(|mark| file.text.contains(mark));
    refuse(&source().iter().filter(bad).map(|file| file.path.clone()).collect::<Vec<_>>());
}

/// Links such as `[text](path#heading)`, with the file that each stands in.
fn links(file: &File) -> impl Iterator<Item = &str> {
    let starts = file.text.split("](").skip(1);
    starts.filter_map(|rest| rest.split(')').next()).filter(|link| !link.contains(' '))
}

#[test]
fn links_in_markdown_lead_somewhere() {
    let mut bad = Vec::new();
    for file in files(".", ".md").expect("the source can be read") {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in links(&file).filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let path = link.split('#').next().unwrap_or_default();
            if !root().join(folder).join(path).exists() {
                bad.push(format!("{}: {link} leads nowhere", file.path));
            }
        }
    }
    refuse(&bad);
}

//! The table in ARCHITECTURE.md against what crates really import.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};
use tidy::{refuse, root};

type Imports = BTreeMap<String, BTreeSet<String>>;

/// Rows of the form `| `crate` | `a`, `b` | … |` below the heading.
fn table() -> Imports {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page is there");
    let section = text.split("## Who may import whom").nth(1).expect("the heading of the table");
    let section = section.split("\n## ").next().unwrap_or_default();
    let names = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let mut rows = Imports::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.trim_matches('|').split('|');
        let crates = names(cells.next().unwrap_or_default());
        let imports: BTreeSet<String> =
            names(cells.next().unwrap_or_default()).into_iter().collect();
        for name in crates {
            assert!(rows.insert(name.clone(), imports.clone()).is_none(), "{name} has two rows");
        }
    }
    rows
}

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO"));
    let output = command.args(arguments).current_dir(root()).output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Each crate's folder and what it imports of ours, tests and build scripts aside.
fn facts() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1", "--offline"];
    let output = cargo(&arguments);
    let metadata: Value = serde_json::from_slice(&output).expect("cargo writes JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let top = text(&metadata["workspace_root"]) + "/";
    let packages = metadata["packages"].as_array().expect("a list");
    let ours: BTreeSet<String> = packages.iter().map(|package| text(&package["name"])).collect();
    let of = |package: &Value| {
        let all = package["dependencies"].as_array().expect("a list").iter();
        // Of another registry, however it is named: raft-rs is called raft there.
        let normal = all.filter(|it| it["kind"].is_null() && it["source"].is_null());
        let names = normal.map(|it| text(&it["name"])).filter(|name| ours.contains(name));
        let folder = text(&package["manifest_path"]).replace(&top, "");
        (text(&package["name"]), (folder, names.collect()))
    };
    packages.iter().map(of).collect()
}

#[test]
fn crates_import_what_the_table_allows() {
    let (table, mut complaints) = (table(), Vec::new());
    let facts = facts();
    for (name, (_, imports)) in &facts {
        let Some(allowed) = table.get(name) else {
            complaints.push(format!("{name} has no row in ARCHITECTURE.md's table"));
            continue;
        };
        for import in imports.difference(allowed) {
            complaints.push(format!("{name} may not import {import}"));
        }
    }
    for name in table.keys().filter(|name| !facts.contains_key(*name)) {
        complaints.push(format!("the table has a row for {name}, which does not exist"));
    }
    refuse(&complaints);
}

#[test]
fn production_carries_no_simulator_and_components_know_no_machine_room() {
    let facts = facts();
    let machine_room = |name: &str| {
        facts
            .get(name)
            .is_some_and(|(folder, _)| folder.starts_with("sim/") || folder.starts_with("faults/"))
    };
    let mut complaints = Vec::new();
    for (name, (folder, imports)) in &facts {
        if folder.starts_with("sim/") || folder.starts_with("faults/") {
            continue;
        }
        for import in imports.iter().filter(|import| machine_room(import)) {
            complaints.push(format!("{name} imports {import}"));
        }
    }
    refuse(&complaints);
}

#[test]
fn production_cannot_switch_defects_on() {
    let arguments =
        ["tree", "-p", "binaries", "-e", "normal,features", "--offline", "--prefix", "none"];
    let output = cargo(&arguments);
    let tree = String::from_utf8_lossy(&output);
    assert!(tree.contains("host v"), "the tree shows no host: {tree}");
    let bad: Vec<String> =
        tree.lines().filter(|line| line.contains("\"defects\"")).map(str::to_owned).collect();
    refuse(&bad);
}

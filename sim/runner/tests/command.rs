//! The command as people use it: what it prints, where it puts evidence, how it ends.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Runs `seaworthy` from the workspace's root, with its evidence in a folder of this test alone.
fn seaworthy(test: &str, arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    command.current_dir(root).args(arguments);
    if ["run", "hunt", "replay"].contains(&arguments[0]) {
        command.arg("--evidence").arg(evidence(test));
    }
    command.output().expect("the command starts")
}

fn evidence(test: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(test)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_same_seed_prints_and_writes_the_same_bytes() {
    let read = |name: &str| fs::read(evidence("same").join("0x7").join(name)).unwrap();
    let files = ["scenario.yaml", "trace.txt", "history.json", "report.json", "report.html"];
    let run = || {
        let output = seaworthy("same", &["run", "echo", "--seed", "7"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        (said(&output), files.map(read))
    };
    let first = run();
    assert!(first.0.contains("KEPT    every promise") && first.0.contains("hash    "));
    assert_eq!(first, run());
}

#[test]
fn a_written_scenario_replays_to_the_same_hash_and_stops_when_told() {
    let hash = |text: &str| text.lines().find(|line| line.starts_with("hash")).map(str::to_owned);
    let run = said(&seaworthy("again", &["run", "echo", "--seed", "3"]));
    let file = evidence("again").join("0x3/scenario.yaml");
    let file = file.to_str().unwrap();
    assert_eq!(hash(&run), hash(&said(&seaworthy("replay", &["replay", file]))));
    let cut = said(&seaworthy("cut", &["replay", file, "--until", "1s"]));
    assert!(cut.contains("1.000s simulated") && !cut.contains("   2.0"), "{cut}");
}

#[test]
fn a_hunt_finds_the_same_on_one_core_as_on_four() {
    let hunt = |jobs| said(&seaworthy("hunt", &["hunt", "echo", "--seeds", "12", "--jobs", jobs]));
    let one = hunt("1");
    assert!(one.contains("12 runs"), "{one}");
    assert_eq!(one, hunt("4"));
}

/// The first seed with which a run of the forgetful echo ends with this exit code.
fn seed_that_ends_with(code: i32) -> String {
    let ends = |seed: &String| {
        let run = ["run", "echo_forgets", "--no-shrink", "--seed", seed];
        seaworthy("looking", &run).status.code() == Some(code)
    };
    (1..100).map(|seed: u64| seed.to_string()).find(ends).expect("one of a hundred seeds")
}

#[test]
fn a_broken_promise_is_told_shrunk_and_replayed() {
    let seed = seed_that_ends_with(0);
    let output = seaworthy("broken", &["run", "echo_forgets", "--seed", &seed]);
    let text = said(&output);
    // A negative story that is caught is a success.
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("BROKEN  echo_is_the_same"), "{text}");
    assert!(text.contains(", 1 fault, ") && text.contains("trace   "), "{text}");
    let folder = format!("{:#x}/shrunk.yaml", seed.parse::<u64>().unwrap());
    let shrunk = evidence("broken").join(folder);
    let again = seaworthy("shrunk", &["replay", shrunk.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    assert!(said(&again).contains("BROKEN  echo_is_the_same"));
}

#[test]
fn a_hunt_among_negative_stories_is_content_when_they_are_caught() {
    let output = seaworthy("caught", &["hunt", "echo_forgets", "--seeds", "12"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("caught  echo_is_the_same") && text.contains("KEPT"), "{text}");
    let from = seed_that_ends_with(6);
    let quiet = seaworthy("missed", &["hunt", "echo_forgets", "--seeds", "1", "--from", &from]);
    assert_eq!(quiet.status.code(), Some(6), "{}", said(&quiet));
}

#[test]
fn verify_compares_with_another_process() {
    let output = seaworthy("verify", &["verify", "echo", "--seeds", "3"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output).contains("EQUAL   every hash of 3 seeds"), "{}", said(&output));
}

#[test]
fn what_makes_no_sense_is_refused_with_exit_code_2() {
    let cases: [&[&str]; 5] = [
        &["run", "no_such_story"],
        &["run", "Cargo.toml"],
        &["replay", "echo"],
        &["run", "echo", "--seed", "many"],
        &["museum", "E99"],
    ];
    for arguments in cases {
        let output = seaworthy("refused", arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn list_names_what_there_is() {
    let list = said(&seaworthy("list", &["list"]));
    for name in ["echo/echo", "crash_at", "leader is elected", "E18a"] {
        assert!(list.contains(name), "{name} is not in\n{list}");
    }
}

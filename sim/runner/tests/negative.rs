//! Negative stories are caught, by the oracles that they name: else those oracles prove nothing.

use std::{collections::VecDeque, fs, path::Path, process::Command, sync::Mutex, thread};

/// Seeds within which a deliberate bug must show. Most show under the first.
const SEEDS: &str = "24";

/// Hunts for one story's bug, and stops when it is caught.
fn hunt(story: &str) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let evidence = Path::new(env!("CARGO_TARGET_TMPDIR")).join("negative").join(story);
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .current_dir(root)
        .args(["hunt", &format!("scenarios/negative/{story}.yaml"), "--seeds", SEEDS])
        .args(["--first", "--no-shrink", "--jobs", "1", "--evidence"])
        .arg(evidence)
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let caught = output.status.success() && text.contains("caught");
    caught.then_some(()).ok_or_else(|| format!("{story} is not caught:\n{text}"))
}

#[test]
fn negative_stories_are_caught_by_the_oracles_that_they_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/negative");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let yaml = files.filter(|path| path.extension().is_some_and(|end| end == "yaml"));
    let names = yaml.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
    let stories: VecDeque<String> = names.collect();
    assert!(stories.len() > 15, "{stories:?}");
    let (queue, missed) = (Mutex::new(stories), Mutex::new(Vec::new()));
    let next = || queue.lock().unwrap().pop_front();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(story) = next() {
                    missed.lock().unwrap().extend(hunt(&story).err());
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

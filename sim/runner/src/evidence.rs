//! The folder of a run: everything that is needed to look into it, and to run it again.

use crate::{catalogue::Refusal, report, shrinking::Smallest};
use record::RunRecord;
use scenario::{Scenario, Seed};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folder of a run with this seed.
pub(crate) fn folder(root: &Path, seed: u64) -> PathBuf {
    root.join(Seed(seed).to_string())
}

/// Writes `scenario.yaml`, `trace.txt`, `history.json`, `report.json` and `report.html`.
pub(crate) fn write(folder: &Path, scenario: &Scenario, record: &RunRecord) -> Result<(), Refusal> {
    fs::create_dir_all(folder).map_err(Refusal::file("make", folder))?;
    put(folder, "scenario.yaml", &scenario.print())?;
    put(folder, "trace.txt", &report::text::trace(&record.trace))?;
    put(folder, "history.json", &report::json::history(record))?;
    put(folder, "report.json", &report::json::report(record))?;
    put(folder, "report.html", &report::html::page(record, scenario))
}

/// Adds `shrunk.yaml` and `shrunk.html`.
pub(crate) fn write_shrunk(folder: &Path, smallest: &Smallest) -> Result<(), Refusal> {
    let scenario = &smallest.shrunk.scenario;
    put(folder, "shrunk.yaml", &scenario.print())?;
    put(folder, "shrunk.html", &report::html::page(&smallest.record, scenario))
}

fn put(folder: &Path, name: &str, text: &str) -> Result<(), Refusal> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(Refusal::file("write", &path))
}

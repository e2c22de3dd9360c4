//! Python programs as clients, in an environment of their own under `target/`.

use crate::binaries;
use std::{fs::File, path::PathBuf, process::Command};

/// What the programs import, pinned.
const PACKAGES: [&str; 4] = [
    "grpcio==1.76.0",
    "grpcio-reflection==1.76.0",
    "grpcio-health-checking==1.76.0",
    "etcd3gw==2.4.2",
];

/// The interpreter of an environment that has the packages.
///
/// # Panics
/// Python or its package index is missing.
pub fn interpreter() -> PathBuf {
    let home = binaries::workspace().join("target/python-clients");
    std::fs::create_dir_all(&home).expect("target/ can be written");
    let lock = File::create(home.join("lock")).expect("target/ can be written");
    lock.lock().expect("a file can be locked");
    let python = home.join("bin/python3");
    let stamp = home.join("packages");
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|has| has == wanted) {
        return python;
    }
    let system = binaries::tool("python3", "python3-venv");
    must(Command::new(system).args(["-m", "venv"]).arg(&home), "apt-get install python3-venv");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    must(Command::new(&python).args(pip).args(PACKAGES), "pip needs its package index");
    std::fs::write(stamp, wanted).expect("target/ can be written");
    python
}

fn must(command: &mut Command, hint: &str) {
    let done = command.status();
    assert!(done.is_ok_and(|status| status.success()), "{command:?} failed; {hint}");
}

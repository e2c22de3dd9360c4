//! Where the programs under test are: ours from this workspace, others from Debian.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Our program of this name, built as production builds it: with no feature that other crates of the
/// workspace may have switched on.
///
/// # Panics
/// It does not build.
pub fn ours(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(build).join(name)
}

fn build() -> PathBuf {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut command = Command::new(cargo);
    // What cargo says of the test's own package would make build scripts run again, and most of the
    // workspace with them.
    let of_this_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    for (name, _) in std::env::vars() {
        if of_this_package.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    let done = command
        .args(["build", "--quiet", "--package", "binaries", "--bins"])
        .current_dir(workspace())
        .status()
        .expect("cargo can be started");
    assert!(done.success(), "the programs under test do not build");
    target().join("debug")
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or(workspace().join("target"), PathBuf::from)
}

/// The root of the workspace.
///
/// # Panics
/// This crate does not lie two directories below it.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("invariant: real/conformance").to_path_buf()
}

/// A program that the machine must have.
///
/// # Panics
/// It does not: says which Debian package brings it.
pub fn tool(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("{name} is missing; install it: apt-get install {package}"))
}

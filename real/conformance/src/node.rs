//! JavaScript's client from npm, installed below `target/`.

use crate::{answer::Answer, binaries};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Runs a program of `node/` to its end; answers with what it printed.
///
/// # Panics
/// It failed, or its packages cannot be installed: npm's registry must be reachable the first time.
pub fn run(program: &str, args: &[String]) -> String {
    let home = installed();
    fs::copy(sources().join(program), home.join(program)).expect("the program can be copied");
    let mut command = Command::new(binaries::tool("node", "nodejs"));
    command.arg(home.join(program)).args(args);
    Answer::of(command, "").ok()
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("node")
}

/// A folder with all that `package.json` asks for; made anew when that changed.
fn installed() -> PathBuf {
    let wanted = fs::read(sources().join("package.json")).expect("the list can be read");
    let home = binaries::target().join("node-clients");
    let made_for = home.join("made-for.json");
    if fs::read(&made_for).is_ok_and(|made| made == wanted) {
        return home;
    }
    fs::create_dir_all(&home).expect("the folder can be made");
    fs::write(home.join("package.json"), &wanted).expect("the list can be written");
    let mut install = Command::new(binaries::tool("npm", "npm"));
    install.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]);
    install.current_dir(&home);
    Answer::of(install, "").ok();
    fs::write(made_for, wanted).expect("the folder can be written");
    home
}

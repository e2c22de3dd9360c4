//! Python clients from PyPI, in an environment of their own below `target/`.

use crate::binaries;
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Runs a program of `python/` to its end; answers with what it printed.
///
/// # Panics
/// It failed, or its environment cannot be made: PyPI must be reachable the first time.
pub fn run(program: &str, args: &[String]) -> String {
    static INTERPRETER: OnceLock<PathBuf> = OnceLock::new();
    let interpreter = INTERPRETER.get_or_init(environment);
    let mut command = Command::new(interpreter);
    command.arg(sources().join(program)).args(args);
    finished(&mut command)
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

/// The interpreter of an environment with all of `requirements.txt`; made anew when that changed.
fn environment() -> PathBuf {
    let wanted = sources().join("requirements.txt");
    let text = std::fs::read(&wanted).expect("the requirements can be read");
    let home = binaries::target().join("python-clients");
    let (interpreter, made_for) = (home.join("bin/python"), home.join("made-for.txt"));
    if std::fs::read(&made_for).is_ok_and(|made| made == text) {
        return interpreter;
    }
    let python = binaries::tool("python3", "python3 python3-venv");
    finished(Command::new(python).args(["-m", "venv", "--clear"]).arg(&home));
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    finished(Command::new(&interpreter).args(install).arg(wanted));
    std::fs::write(made_for, text).expect("the environment can be written");
    interpreter
}

fn finished(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?} failed: {}\n{out}{err}", output.status);
    out
}

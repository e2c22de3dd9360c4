//! Unmodified `kubectl`.

use crate::{answer::Answer, binaries};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The oldest minor version that is tried.
const MINOR_MIN: u32 = 30;

/// How to call it.
#[derive(Clone, Debug)]
pub struct Kubectl {
    /// Path of its kubeconfig.
    pub config: String,
    /// Where it keeps what it has cached.
    pub home: String,
    /// Which one it is; none: the one that `PATH` finds.
    pub program: Option<PathBuf>,
}

/// Every `kubectl` that the machine has: that of `PATH`, and those of other versions that Google's
/// packages put beside it, `kubectl.1.33`.
pub fn programs() -> Vec<PathBuf> {
    let known = binaries::tool("kubectl", "kubernetes-client");
    let home = fs::canonicalize(&known).ok().and_then(|real| Some(real.parent()?.to_owned()));
    let beside = home.and_then(|home| fs::read_dir(home).ok()).into_iter().flatten();
    let mut others: Vec<PathBuf> =
        beside.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_tried(path)).collect();
    others.sort();
    others.insert(0, known);
    others
}

fn is_tried(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let minor = name.strip_prefix("kubectl.1.").and_then(|minor| minor.parse::<u32>().ok());
    minor.is_some_and(|minor| minor >= MINOR_MIN)
}

impl Kubectl {
    /// A command with these arguments.
    pub fn command(&self, args: &[&str]) -> Command {
        let found = || binaries::tool("kubectl", "kubernetes-client");
        let mut command = Command::new(self.program.clone().unwrap_or_else(found));
        command.args(args).env("KUBECONFIG", &self.config).env("HOME", &self.home);
        command.env("KUBECACHEDIR", format!("{}/cache", self.home));
        command
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[&str]) -> Answer {
        self.run_with(args, "")
    }

    /// Runs it to its end with this standard input.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn run_with(&self, args: &[&str], input: &str) -> Answer {
        Answer::of(self.command(args), input)
    }
}

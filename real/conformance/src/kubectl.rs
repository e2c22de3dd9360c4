//! Unmodified `kubectl`.

use crate::{answer::Answer, binaries};
use std::process::Command;

/// How to call it.
#[derive(Clone, Debug)]
pub struct Kubectl {
    /// Path of its kubeconfig.
    pub config: String,
    /// Where it keeps what it has cached.
    pub home: String,
}

impl Kubectl {
    /// A command with these arguments.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binaries::tool("kubectl", "kubernetes-client"));
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

//! Unmodified `kubectl`.

use crate::{binaries, etcdctl::Answer};
use std::{
    io::Write,
    process::{Command, Stdio},
};

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
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("kubectl can be started");
        let mut stdin = child.stdin.take().expect("invariant: piped");
        // It may end before it has read everything.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("kubectl can be waited for");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Answer { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

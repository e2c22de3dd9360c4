//! Debian's `etcdctl`, unmodified.

use crate::{binaries, member::Tls};
use std::{
    io::Write,
    process::{Command, Stdio},
};

/// What a command did.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its exit code.
    pub code: Option<i32>,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Answer {
    /// True for exit code 0.
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// Its output, of a command that must succeed.
    ///
    /// # Panics
    /// It failed.
    pub fn ok(self) -> String {
        assert!(self.succeeded(), "exit {:?}: {}{}", self.code, self.out, self.err);
        self.out
    }

    /// What it complained about, of a command that must fail.
    ///
    /// # Panics
    /// It succeeded.
    pub fn refused(self) -> String {
        assert!(!self.succeeded(), "it succeeded: {}", self.out);
        self.err
    }

    /// Its output as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_default()
    }
}

/// How to call it.
#[derive(Clone, Debug)]
pub struct Etcdctl {
    /// `ETCDCTL_…` settings.
    pub environment: Vec<(String, String)>,
}

impl Etcdctl {
    /// A client of these endpoints.
    pub fn new(endpoints: &[String], tls: Option<&Tls>) -> Self {
        let mut environment = vec![
            ("ETCDCTL_API".to_owned(), "3".to_owned()),
            ("ETCDCTL_ENDPOINTS".to_owned(), endpoints.join(",")),
        ];
        if let Some(tls) = tls {
            for (name, value) in [
                ("ETCDCTL_CACERT", &tls.authority.cert),
                ("ETCDCTL_CERT", &tls.client.cert),
                ("ETCDCTL_KEY", &tls.client.key),
            ] {
                environment.push((name.to_owned(), value.clone()));
            }
        }
        Self { environment }
    }

    /// The same, asking only these endpoints.
    #[must_use]
    pub fn at(&self, endpoints: &[String]) -> Self {
        self.with("ETCDCTL_ENDPOINTS", &endpoints.join(","))
    }

    /// The same with another setting.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        changed.environment.retain(|(known, _)| known != name);
        changed.environment.push((name.to_owned(), value.to_owned()));
        changed
    }

    /// A command with these arguments.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binaries::tool("etcdctl", "etcd-client"));
        command.args(args).envs(self.environment.iter().map(|(name, value)| (name, value)));
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
        let mut child = command.spawn().expect("etcdctl can be started");
        let mut stdin = child.stdin.take().expect("invariant: piped");
        // It may end before it has read everything.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("etcdctl can be waited for");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Answer { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

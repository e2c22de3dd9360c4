//! A client run to its end, and what came of it.

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
    /// Runs a command to its end with this standard input.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn of(mut command: Command, input: &str) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let mut stdin = child.stdin.take().expect("invariant: piped");
        // It may end before it has read everything.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("a child can be waited for");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

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

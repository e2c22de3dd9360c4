//! Debian's `etcdctl`, unmodified.

use crate::{answer::Answer, binaries, member::Tls};
use std::process::Command;

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
        Answer::of(self.command(args), input)
    }
}

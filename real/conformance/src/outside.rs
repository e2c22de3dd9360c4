//! Servers outside of a cluster that an API server asks: `python/outside.py`, and what they sign.

use crate::{
    authority::Authority, binaries, ports::Port, process::Process, scratch::Scratch, until::until,
};
use serde_json::Value;
use std::process::Command;

/// An issuer and webhooks, running or not.
#[derive(Debug)]
pub struct Outside {
    /// Who signed its certificate.
    pub authority: Authority,
    /// What it serves, and what it was sent.
    pub files: Scratch,
    port: Port,
    process: Process,
}

impl Outside {
    /// Starts it.
    pub fn start() -> Self {
        let (authority, files) = (Authority::new("outside"), Scratch::new("outside"));
        let (port, pair) = (Port::reserve(), authority.issue("outside-server"));
        let program = binaries::workspace().join("real/conformance/python/outside.py");
        let mut command = Command::new(binaries::tool("python3", "python3"));
        command.arg(program).args([&port.number.to_string(), &pair.cert, &pair.key]);
        command.arg(files.path());
        let process = Process::start(command, files.path().join("log"));
        until("the servers outside serve", || process.said().contains("serving").then_some(()));
        Self { authority, files, port, process }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port.number)
    }

    /// A kubeconfig that names one of its webhooks.
    pub fn kubeconfig(&self, webhook: &str) -> String {
        let config = format!(
            "kind: Config\ncurrent-context: c\n\
             clusters: [{{name: c, cluster: {{server: '{}/{webhook}', \
             certificate-authority: '{}'}}}}]\n\
             users: [{{name: u, user: {{}}}}]\n\
             contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n",
            self.url(),
            self.authority.cert
        );
        self.files.write(&format!("{webhook}.kubeconfig"), config)
    }

    /// What a webhook was sent so far.
    ///
    /// # Panics
    /// A line is no JSON.
    pub fn sent(&self, webhook: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.files.file(&format!("{webhook}.jsonl")));
        let text = text.unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.process.kill();
    }
}

//! One member: its command line, its process, its ports.

use crate::{
    authority::{Authority, Pair},
    binaries,
    ports::Port,
    process::Process,
};
use std::{path::PathBuf, process::Command, sync::Arc};

/// Whose `etcd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// The binary of this workspace.
    Ours,
    /// The one of Debian's package etcd-server.
    Debian,
}

impl Maker {
    /// Where the binary is.
    pub fn binary(self) -> PathBuf {
        match self {
            Self::Ours => binaries::ours("etcd"),
            Self::Debian => binaries::tool("etcd", "etcd-server"),
        }
    }
}

/// The certificates of a cluster with TLS on all sides.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Who signed.
    pub authority: Arc<Authority>,
    /// What members show, to clients and to each other.
    pub server: Pair,
    /// What clients show; the common name is `root`.
    pub client: Pair,
}

impl Tls {
    /// A new authority and its certificates.
    pub fn new() -> Self {
        let authority = Arc::new(Authority::new("test authority"));
        let (server, client) = (authority.issue("server"), authority.issue("root"));
        Self { authority, server, client }
    }

    fn flags(&self) -> Vec<String> {
        let Pair { cert, key } = &self.server;
        let ca = &self.authority.cert;
        ["", "peer-"]
            .into_iter()
            .flat_map(|side| {
                [
                    format!("--{side}cert-file={cert}"),
                    format!("--{side}key-file={key}"),
                    format!("--{side}trusted-ca-file={ca}"),
                    format!("--{side}client-cert-auth=true"),
                ]
            })
            .collect()
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self::new()
    }
}

/// One member of a cluster, running or not.
#[derive(Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where clients reach it.
    pub client: Port,
    /// Where its peers reach it.
    pub peer: Port,
    /// Whose binary it runs.
    pub maker: Maker,
    /// Its data directory.
    pub data_dir: PathBuf,
    /// Its certificates.
    pub tls: Option<Tls>,
    /// Its flags, besides those for name, addresses, data directory and certificates.
    pub flags: Vec<String>,
    /// Its process, while it runs.
    pub process: Option<Process>,
}

impl Member {
    fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// What clients dial.
    pub fn client_url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme(), self.client.number)
    }

    /// What peers dial.
    pub fn peer_url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme(), self.peer.number)
    }

    /// The command that runs it as a part of `initial_cluster`.
    pub fn command(&self, initial_cluster: &str) -> Command {
        let mut command = Command::new(self.maker.binary());
        let (client, peer) = (self.client_url(), self.peer_url());
        let data_dir = self.data_dir.display();
        command.env_clear().args([
            format!("--name={}", self.name),
            format!("--data-dir={data_dir}"),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster={initial_cluster}"),
        ]);
        if let Some(tls) = &self.tls {
            command.args(tls.flags());
        }
        command.args(&self.flags);
        command
    }

    /// Starts its process.
    pub fn start(&mut self, initial_cluster: &str) {
        let log = self.data_dir.with_extension("log");
        self.process = Some(Process::start(self.command(initial_cluster), log));
    }

    /// Its process.
    ///
    /// # Panics
    /// It does not run.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the member runs")
    }

    /// Ends its process with SIGKILL.
    pub fn kill(&mut self) {
        self.process().kill();
        self.process = None;
    }

    /// Ends its process with SIGTERM; answers with its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let code = self.process().terminate();
        self.process = None;
        code
    }
}

//! An API server over an etcd of its own, with the same settings for either side.

use crate::{options::ApiserverOptions, ports, process::Process};
use client::{Ask, Client, Config};
use host::Host;
use http::Method;
use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use wire::{
    client::{Balance, Channel, ChannelConfig, Endpoint},
    tls::{ClientTls, Trust},
};

/// Upstream's takes some seconds.
const READY_WAIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(2);
/// For what is done once after the start to be over.
const SETTLE: Duration = Duration::from_secs(3);
const TOKEN: &str = "bench";

/// Both processes and their directory.
#[derive(Debug)]
pub(crate) struct Server {
    host: Host,
    dir: PathBuf,
    port: u16,
    keep: bool,
    api: Process,
    _etcd: Process,
    /// From the start of its process to the first good answer of `/readyz`.
    pub(crate) ready: Duration,
    /// Resident some seconds after that.
    pub(crate) idle_bytes: u64,
}

impl Server {
    /// Starts etcd, then the API server, and waits until it is ready and has settled.
    pub(crate) async fn start(
        host: &Host,
        program: &Path,
        dir: PathBuf,
        options: &ApiserverOptions,
    ) -> io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        let free = ports::free(3)?;
        let etcd = Process::start(&options.etcd, &etcd_args(&dir, &free), &dir.join("etcd.log"))?;
        accepts(free[0]).await?;
        // Who may do everything; no controller makes the accounts that pods run as.
        std::fs::write(dir.join("tokens.csv"), format!("{TOKEN},bench,bench,system:masters\n"))?;
        let key = rcgen::KeyPair::generate().map_err(io::Error::other)?;
        std::fs::write(dir.join("accounts.key"), key.serialize_pem())?;
        let began = Instant::now();
        let log = dir.join("kube-apiserver.log");
        let api = Process::start(program, &args(&dir, &free), &log)?;
        let (host, keep) = (host.clone(), options.keep);
        let idle_bytes = 0;
        let ready = Duration::ZERO;
        let mut server =
            Self { host, dir, port: free[2], keep, api, _etcd: etcd, ready, idle_bytes };
        server.await_ready(began).await?;
        server.ready = began.elapsed();
        tokio::time::sleep(SETTLE).await;
        server.idle_bytes = server.api.resident_bytes()?;
        Ok(server)
    }

    async fn await_ready(&mut self, began: Instant) -> io::Result<()> {
        while self.client()?.send(&Ask::new(Method::GET, "/readyz")).await.is_err() {
            if !self.api.runs() || began.elapsed() > READY_WAIT {
                let log = self.dir.join("kube-apiserver.log");
                let why = std::fs::read_to_string(log).unwrap_or_default();
                return Err(io::Error::other(format!("the API server is not ready: {why}")));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    fn endpoint(&self) -> Endpoint {
        let url = format!("https://127.0.0.1:{}", self.port);
        url.parse().expect("invariant: a URL made of a port")
    }

    /// On loopback, with servers that signed their own certificates.
    fn tls(&self) -> io::Result<ClientTls> {
        ClientTls::new(&self.host, Trust::Anyone, None).map_err(io::Error::other)
    }

    /// A client with a connection of its own.
    pub(crate) fn client(&self) -> io::Result<Client> {
        let mut config = Config::new(vec![self.endpoint()]);
        config.tls = Some(self.tls()?);
        config.bearer_token = Some(TOKEN.to_owned());
        config.rate = None;
        config.retries = 0;
        Client::new(&self.host, config).map_err(io::Error::other)
    }

    /// A bare channel with a connection of its own, and what its requests have to show.
    pub(crate) fn channel(&self) -> io::Result<(Channel, String)> {
        let tls = Some(self.tls()?);
        let config = ChannelConfig { tls, balance: Balance::Pinned, ..ChannelConfig::default() };
        Ok((Channel::new(&self.host, vec![self.endpoint()], config), format!("Bearer {TOKEN}")))
    }

    /// Processor time of the API server so far.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        self.api.processor_time()
    }

    /// Resident memory of the API server, in bytes.
    pub(crate) fn resident_bytes(&self) -> io::Result<u64> {
        self.api.resident_bytes()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed stays in a directory that is for nothing else.
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

fn etcd_args(dir: &Path, free: &[u16]) -> Vec<String> {
    let url = |at: usize| format!("http://127.0.0.1:{}", free[at]);
    [
        ("data-dir", dir.join("etcd").display().to_string()),
        ("listen-client-urls", url(0)),
        ("advertise-client-urls", url(0)),
        ("listen-peer-urls", url(1)),
        ("initial-advertise-peer-urls", url(1)),
        ("initial-cluster", format!("default={}", url(1))),
        ("log-level", "warn".to_owned()),
    ]
    .map(|(flag, value)| format!("--{flag}={value}"))
    .to_vec()
}

fn args(dir: &Path, free: &[u16]) -> Vec<String> {
    let file = |name: &str| dir.join(name).display().to_string();
    [
        ("etcd-servers", format!("http://127.0.0.1:{}", free[0])),
        ("bind-address", "127.0.0.1".to_owned()),
        ("secure-port", free[2].to_string()),
        ("cert-dir", file("certificates")),
        ("token-auth-file", file("tokens.csv")),
        ("authorization-mode", "RBAC".to_owned()),
        ("service-account-issuer", "https://kubernetes.default.svc".to_owned()),
        ("service-account-signing-key-file", file("accounts.key")),
        ("service-account-key-file", file("accounts.key")),
        ("service-cluster-ip-range", "10.96.0.0/16".to_owned()),
        ("disable-admission-plugins", "ServiceAccount".to_owned()),
    ]
    .map(|(flag, value)| format!("--{flag}={value}"))
    .to_vec()
}

/// Waits until somebody listens: the API server's start is measured without etcd's.
async fn accepts(port: u16) -> io::Result<()> {
    let deadline = Instant::now() + READY_WAIT;
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if Instant::now() > deadline {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "etcd does not listen"));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

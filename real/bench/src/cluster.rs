//! A cluster of one kind of server on loopback, with the same settings for every kind.

use crate::{ports, process::Process};
use etcd_api::etcdserverpb::{
    RangeRequest, StatusRequest, StatusResponse, kv_client::KvClient,
    maintenance_client::MaintenanceClient,
};
use host::Host;
use std::{
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use wire::client::{Channel, ChannelConfig, Endpoint};

/// For a cluster to answer its first linearizable read; loading a big directory takes a while.
const READY_WAIT: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(5);
/// Enough for any number of keys that can be asked for.
const QUOTA_BYTES: u64 = 16 << 30;

/// Running members and their directories.
#[derive(Debug)]
pub(crate) struct Cluster {
    host: Host,
    program: PathBuf,
    dir: PathBuf,
    ports: Vec<u16>,
    members: Vec<Process>,
    keep: bool,
}

impl Cluster {
    /// Starts members with empty directories and waits until they serve.
    pub(crate) async fn start(
        host: &Host,
        program: &Path,
        dir: PathBuf,
        size: u16,
        keep: bool,
    ) -> io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        let ports = ports::free(2 * usize::from(size))?;
        let program = program.to_owned();
        let mut cluster =
            Self { host: host.clone(), program, dir, ports, members: Vec::new(), keep };
        cluster.start_members()?;
        cluster.ready().await?;
        Ok(cluster)
    }

    fn start_members(&mut self) -> io::Result<()> {
        for number in 0..self.ports.len() / 2 {
            let log = self.dir.join(format!("m{number}.log"));
            self.members.push(Process::start(&self.program, &self.args(number), &log)?);
        }
        Ok(())
    }

    fn args(&self, number: usize) -> Vec<String> {
        let (client, peer) = (self.url(2 * number), self.url(2 * number + 1));
        let peers: Vec<_> = (0..self.ports.len() / 2)
            .map(|member| format!("m{member}={}", self.url(2 * member + 1)))
            .collect();
        let data = self.dir.join(format!("m{number}"));
        [
            ("name", format!("m{number}")),
            ("data-dir", data.display().to_string()),
            ("listen-client-urls", client.clone()),
            ("advertise-client-urls", client),
            ("listen-peer-urls", peer.clone()),
            ("initial-advertise-peer-urls", peer),
            ("initial-cluster", peers.join(",")),
            // Upstream 3.4 would keep 100,000 entries in memory, 3.6 keeps 10,000.
            ("snapshot-count", "10000".to_owned()),
            ("quota-backend-bytes", QUOTA_BYTES.to_string()),
            ("log-level", "warn".to_owned()),
        ]
        .map(|(flag, value)| format!("--{flag}={value}"))
        .to_vec()
    }

    fn url(&self, port: usize) -> String {
        format!("http://127.0.0.1:{}", self.ports[port])
    }

    /// A channel with a connection of its own to one member.
    fn channel_to(&self, member: usize) -> Channel {
        let endpoint: Endpoint =
            self.url(2 * member).parse().expect("invariant: a URL made of a port");
        Channel::new(&self.host, vec![endpoint], ChannelConfig::default())
    }

    /// `count` channels to the leader, each with a connection of its own.
    pub(crate) async fn channels(&self, count: usize) -> io::Result<Vec<Channel>> {
        let leader = self.leader().await?;
        Ok((0..count).map(|_| self.channel_to(leader)).collect())
    }

    async fn leader(&self) -> io::Result<usize> {
        for member in 0..self.members.len() {
            let status = self.status(member).await?;
            if status.header.is_some_and(|header| header.member_id == status.leader) {
                return Ok(member);
            }
        }
        Err(io::Error::other("no member leads"))
    }

    async fn status(&self, member: usize) -> io::Result<StatusResponse> {
        let mut client = MaintenanceClient::new(self.channel_to(member));
        let status = client.status(StatusRequest::default()).await;
        status.map(tonic::Response::into_inner).map_err(io::Error::other)
    }

    /// Waits until every member answers a linearizable read.
    async fn ready(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + READY_WAIT;
        for member in 0..self.members.len() {
            while !self.answers(member).await {
                if !self.members[member].runs() {
                    let log = self.dir.join(format!("m{member}.log"));
                    let why = std::fs::read_to_string(log).unwrap_or_default();
                    return Err(io::Error::other(format!("a member ended: {why}")));
                }
                if Instant::now() > deadline {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "a member does not serve"));
                }
                tokio::time::sleep(POLL).await;
            }
        }
        Ok(())
    }

    async fn answers(&self, member: usize) -> bool {
        // A fresh channel each time: a used one waits before it connects again.
        let mut client = KvClient::new(self.channel_to(member));
        let request = RangeRequest { key: "k".into(), ..RangeRequest::default() };
        let answer = tokio::time::timeout(Duration::from_secs(10), client.range(request)).await;
        matches!(answer, Ok(Ok(_)))
    }

    /// Ends all members and starts them again; how long until they served.
    pub(crate) async fn restart(&mut self) -> io::Result<Duration> {
        for member in self.members.drain(..) {
            member.end()?;
        }
        let began = Instant::now();
        self.start_members()?;
        self.ready().await?;
        Ok(began.elapsed())
    }

    /// Processor time of all members so far.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        self.members.iter().map(Process::processor_time).sum()
    }

    /// Resident memory of the first member, in bytes.
    pub(crate) fn resident_bytes(&self) -> io::Result<u64> {
        self.members[0].resident_bytes()
    }

    /// Size of the first member's backend file, in bytes.
    pub(crate) async fn database_bytes(&self) -> io::Result<u64> {
        let bytes = self.status(0).await?.db_size;
        Ok(u64::try_from(bytes).unwrap_or(0))
    }

    /// Bytes that the first member's backend file takes on the disk: it may have holes.
    pub(crate) fn disk_bytes(&self) -> io::Result<u64> {
        // The same place for both: our layout is upstream's.
        let file = std::fs::metadata(self.dir.join("m0/member/snap/db"))?;
        // stat(2) counts blocks of 512 bytes.
        Ok(file.blocks() * 512)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.members.clear();
        if !self.keep {
            // What cannot be removed stays in a directory that is for nothing else.
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

//! Some members that know each other.

use crate::{
    etcdctl::Etcdctl,
    member::{Maker, Member, Tls},
    ports::Port,
    scratch::Scratch,
    until::until,
};

/// How a cluster is made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whose binary.
    pub maker: Maker,
    /// How many members.
    pub size: usize,
    /// With certificates on all sides.
    pub tls: bool,
    /// Flags for every member.
    pub flags: Vec<String>,
}

impl Plan {
    /// `size` members of our own, without TLS.
    pub fn ours(size: usize) -> Self {
        Self { maker: Maker::Ours, size, tls: false, flags: vec![] }
    }

    /// The same with another binary.
    #[must_use]
    pub fn made_by(self, maker: Maker) -> Self {
        Self { maker, ..self }
    }

    /// The same with TLS.
    #[must_use]
    pub fn with_tls(self) -> Self {
        Self { tls: true, ..self }
    }

    /// The same with further flags.
    #[must_use]
    pub fn with(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }
}

/// A cluster on loopback.
#[derive(Debug)]
pub struct Cluster {
    /// Its members, in order of their names.
    pub members: Vec<Member>,
    /// Its certificates.
    pub tls: Option<Tls>,
    /// Where its files are.
    pub scratch: Scratch,
}

impl Cluster {
    /// Starts a cluster and waits until it serves.
    pub fn start(plan: Plan) -> Self {
        let mut cluster = Self::plan(plan);
        cluster.start_all();
        cluster.serves();
        cluster
    }

    /// Names, addresses and certificates, but no process yet.
    pub fn plan(plan: Plan) -> Self {
        let Plan { maker, size, tls, flags } = plan;
        let scratch = Scratch::new("cluster");
        let tls = tls.then(Tls::new);
        let members = (0..size)
            .map(|at| Member {
                name: format!("m{at}"),
                client: Port::reserve(),
                peer: Port::reserve(),
                maker,
                data_dir: scratch.path().join(format!("m{at}.etcd")),
                tls: tls.clone(),
                flags: flags.clone(),
                process: None,
            })
            .collect();
        Self { members, tls, scratch }
    }

    /// The value of `--initial-cluster`.
    pub fn initial(&self) -> String {
        let members = self.members.iter();
        let pairs = members.map(|member| format!("{}={}", member.name, member.peer_url()));
        pairs.collect::<Vec<_>>().join(",")
    }

    /// Starts every member that does not run.
    pub fn start_all(&mut self) {
        let initial = self.initial();
        for member in self.members.iter_mut().filter(|member| member.process.is_none()) {
            member.start(&initial);
        }
    }

    /// Waits until a linearizable read succeeds at every member.
    pub fn serves(&self) {
        for member in &self.members {
            self.member_serves(member);
        }
    }

    /// Waits until a linearizable read succeeds at this member.
    pub fn member_serves(&self, member: &Member) {
        let etcdctl = self.etcdctl().at(&[member.client_url()]);
        let what = format!("{} serves: {}", member.name, self.scratch.path().display());
        until(&what, || etcdctl.run(&["get", "nobody"]).succeeded().then_some(()));
    }

    /// A client of all members.
    pub fn etcdctl(&self) -> Etcdctl {
        let endpoints: Vec<String> = self.members.iter().map(Member::client_url).collect();
        Etcdctl::new(&endpoints, self.tls.as_ref())
    }

    /// Which member leads, by its place in the list.
    pub fn leader(&self) -> usize {
        until("some member leads", || {
            (0..self.members.len()).find(|at| {
                let member = &self.members[*at];
                member.process.is_some() && self.leads(member)
            })
        })
    }

    fn leads(&self, member: &Member) -> bool {
        let etcdctl = self.etcdctl().at(&[member.client_url()]);
        let answer = etcdctl.run(&["endpoint", "status", "-w", "json"]);
        let status = answer.json();
        let status = &status[0]["Status"];
        status["leader"].is_u64() && status["leader"] == status["header"]["member_id"]
    }
}

//! An API server over a cluster of etcd, with certificates on all sides.

use crate::{
    authority::{Authority, Pair},
    binaries,
    cluster::Cluster,
    kubectl::Kubectl,
    ports::Port,
    process::Process,
    scratch::Scratch,
    until::until,
};
use std::process::Command;

/// Our `kube-apiserver`, running or not.
#[derive(Debug)]
pub struct ApiServer {
    /// Where it serves.
    pub port: Port,
    /// Who signed its certificate and its clients'.
    pub authority: Authority,
    /// Flags besides those for addresses and certificates.
    pub flags: Vec<String>,
    /// Its process, while it runs.
    pub process: Option<Process>,
    server: Pair,
    admin: Pair,
    etcd: Vec<String>,
    scratch: Scratch,
}

impl ApiServer {
    /// Starts one over this etcd, without TLS between the two, and waits until it is ready.
    pub fn start(etcd: &Cluster) -> Self {
        // No controller makes the accounts that pods run as.
        let flags = "--disable-admission-plugins=ServiceAccount";
        Self::start_with(etcd, |_| vec![flags.to_owned()])
    }

    /// The same, with flags that may name files in a directory of its own.
    pub fn start_with(etcd: &Cluster, flags: impl Fn(&Scratch) -> Vec<String>) -> Self {
        let authority = Authority::new("cluster authority");
        let server = authority.issue("kube-apiserver");
        let admin = authority.issue_in("admin", &["system:masters"]);
        let scratch = Scratch::new("kube-apiserver");
        let mut started = Self {
            port: Port::reserve(),
            authority,
            flags: flags(&scratch),
            process: None,
            server,
            admin,
            etcd: etcd.members.iter().map(crate::member::Member::client_url).collect(),
            scratch,
        };
        started.run();
        started
    }

    /// Starts its process and waits until it is ready.
    pub fn run(&mut self) {
        let mut command = Command::new(binaries::ours("kube-apiserver"));
        command.args([
            format!("--etcd-servers={}", self.etcd.join(",")),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--cert-dir={}", self.scratch.file("made")),
            format!("--secure-port={}", self.port.number),
            format!("--tls-cert-file={}", self.server.cert),
            format!("--tls-private-key-file={}", self.server.key),
            format!("--client-ca-file={}", self.authority.cert),
        ]);
        command.args(&self.flags);
        let log = self.scratch.path().join("kube-apiserver.log");
        self.process = Some(Process::start(command, log));
        let kubectl = self.kubectl();
        until("the API server is ready", || {
            kubectl.run(&["get", "--raw", "/readyz"]).succeeded().then_some(())
        });
    }

    /// Its process.
    ///
    /// # Panics
    /// It does not run.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the API server runs")
    }

    /// `kubectl` as an administrator with a certificate.
    pub fn kubectl(&self) -> Kubectl {
        self.kubectl_as_owner("kubeconfig", &self.admin)
    }

    /// `kubectl` as whoever owns a certificate; `name` is the file's.
    pub fn kubectl_as_owner(&self, name: &str, Pair { cert, key }: &Pair) -> Kubectl {
        self.kubectl_with(name, &format!("client-certificate: '{cert}', client-key: '{key}'"))
    }

    /// `kubectl` as whoever has a token; `name` is the file's.
    pub fn kubectl_with_token(&self, name: &str, token: &str) -> Kubectl {
        self.kubectl_with(name, &format!("token: '{token}'"))
    }

    fn kubectl_with(&self, name: &str, user: &str) -> Kubectl {
        let ca = &self.authority.cert;
        let config = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
             clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:{}', \
             certificate-authority: '{ca}'}}}}]\n\
             users: [{{name: u, user: {{{user}}}}}]\n\
             contexts: [{{name: c, context: {{cluster: c, user: u, namespace: default}}}}]\n",
            self.port.number
        );
        Kubectl {
            config: self.scratch.write(name, config),
            home: self.scratch.file("home"),
            program: None,
        }
    }

    /// A file for it to read or write.
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }
}

//! Our `kube-controller-manager` beside an API server.

use crate::{apiserver::ApiServer, binaries, ports::Port, process::Process};
use std::process::Command;

/// It, running; killed when dropped.
#[derive(Debug)]
pub struct ControllerManager {
    /// Where it tells how it is.
    pub port: Port,
    process: Process,
}

impl ControllerManager {
    /// Starts one with an administrator's certificate, and these flags besides.
    pub fn start(server: &ApiServer, flags: &[&str]) -> Self {
        let port = Port::reserve();
        let mut command = Command::new(binaries::ours("kube-controller-manager"));
        command.args([
            format!("--kubeconfig={}", server.kubectl().config),
            format!("--root-ca-file={}", server.authority.cert),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", port.number),
        ]);
        command.args(flags);
        let log = server.scratch().path().join("kube-controller-manager.log");
        Self { port, process: Process::start(command, log) }
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

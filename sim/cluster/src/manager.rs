//! Controller managers of a simulated cluster: replicas of which one works.

use client::Config;
use controllers::{ControllerManager, Settings};
use host::{Host, event};
use machine::Program;
use std::time::Duration;

/// The name of the manager's process on its machine.
pub const PROCESS: &str = "kube-controller-manager";

/// How long a manager that ended by itself stays down.
const RESTART_AFTER: Duration = Duration::from_secs(1);
/// How long a request may take: a simulated server answers soon or never.
const PATIENCE: Duration = Duration::from_secs(5);

/// The name of a manager, which is its machine's too.
pub fn name(index: u16) -> String {
    format!("manager-{index}")
}

/// The program of a manager that asks these servers. When it ends by itself, it is started again
/// after a while, as the kubelet would.
pub fn program(servers: Vec<String>) -> Program {
    std::sync::Arc::new(move |host: Host| {
        let servers = servers.clone();
        Box::pin(async move { keep_running(host, &servers).await })
    })
}

async fn keep_running(host: Host, servers: &[String]) {
    loop {
        let (_stopper, stop) = host::stop_pair();
        let manager = ControllerManager::new(host.clone(), settings(&host, servers));
        let ended = manager.run(stop).await;
        let why = ended.map_or_else(|fatal| fatal.to_string(), |()| "stopped".into());
        event!(host, Info, "the controller manager ended", why = &why);
        host.sleep(RESTART_AFTER).await;
    }
}

/// Each start is another candidate: what an earlier one had the lease for is over.
fn settings(host: &Host, servers: &[String]) -> Settings {
    let endpoints = servers.iter().filter_map(|url| url.parse().ok()).collect();
    let client = Config {
        rate: None,
        timeout: PATIENCE,
        connect_timeout: PATIENCE,
        ..Config::new(endpoints)
    };
    Settings::new(client, &format!("{}_{:016x}", host.name, host.random.next_u64()))
}

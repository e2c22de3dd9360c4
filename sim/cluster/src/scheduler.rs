//! Schedulers of a simulated cluster: replicas of which one leads.

use ::scheduler::{Scheduler, config::Config};
use client::Client;
use host::{Host, event};
use machine::Program;
use std::{sync::Arc, time::Duration};
use telemetry::Registry;

/// The name of the scheduler's process on its machine.
pub const PROCESS: &str = "kube-scheduler";

/// How long one that ended by itself stays down.
const RESTART_AFTER: Duration = Duration::from_secs(1);
/// For a request: a server that does not answer is left for another.
const PATIENCE: Duration = Duration::from_secs(5);

/// The name of a replica, which is its machine's too.
pub fn name(index: u16) -> String {
    format!("scheduler-{index}")
}

/// The program of a replica that asks the API servers at these URLs. When it ends by itself, it is
/// started again after a while, as an init system would.
pub fn program(servers: Vec<String>, config: Config) -> Program {
    Arc::new(move |host: Host| {
        let (servers, config) = (servers.clone(), config.clone());
        Box::pin(async move { keep_running(host, &servers, &config).await })
    })
}

async fn keep_running(host: Host, servers: &[String], config: &Config) {
    loop {
        let why = match run(&host, servers, config.clone()).await {
            Ok(()) => "stopped".to_owned(),
            Err(why) => why,
        };
        event!(host, Warn, "the scheduler ended", why = &why);
        event!(host, Fact, "process/exit", why = &why, removed = false);
        host.sleep(RESTART_AFTER).await;
        event!(host, Fact, "process/boot");
    }
}

async fn run(host: &Host, servers: &[String], config: Config) -> Result<(), String> {
    let endpoints = servers.iter().filter_map(|url| url.parse().ok()).collect();
    let how = client::Config {
        rate: Some(config.rate),
        timeout: PATIENCE,
        connect_timeout: PATIENCE,
        ..client::Config::new(endpoints)
    };
    let client = Client::new(host, how).map_err(|error| error.to_string())?;
    let (_stopper, stop) = host::stop_pair();
    let scheduler = Scheduler::new(client, config, &host.name, &Registry::new());
    scheduler.run(stop).await.map_err(|fatal| fatal.to_string())
}

//! `kube-scheduler`: decides on which node each pod runs.

use binaries::kube_scheduler_flags::Flags;
use clap::Parser;
use client::Client;
use host::{Host, Level, Stop, event};
use scheduler::{Scheduler, config::Config};
use std::{io::Write, process::ExitCode};
use telemetry::Registry;

fn main() -> ExitCode {
    let flags = Flags::parse();
    let process = linux::Config {
        name: "kube-scheduler".into(),
        log_level: if flags.v >= 4 { Level::Debug } else { Level::Info },
        log_format: linux::Format::Json,
        worker_threads: None,
    };
    linux::run(process, |host, stop| async move {
        let registry = Registry::new();
        let (client, config) = match begin(&host, &flags, &registry, &stop).await {
            Ok(begun) => begun,
            Err(why) => {
                // A person reads this, not a collector of logs.
                let _ = writeln!(
                    std::io::stderr(),
                    "kube-scheduler: {why}\nTry 'kube-scheduler --help'."
                );
                return ExitCode::from(2);
            }
        };
        let identity = format!("{}_{:016x}", host.name, host.random.next_u64());
        let scheduler = Scheduler::new(client, config, &identity, &registry);
        match Box::pin(scheduler.run(stop)).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(fatal) => {
                let why = fatal.to_string();
                event!(host, Error, "the scheduler stopped", why = &why);
                ExitCode::FAILURE
            }
        }
    })
}

async fn begin(
    host: &Host,
    flags: &Flags,
    registry: &Registry,
    stop: &Stop,
) -> Result<(Client, Config), String> {
    let config = flags.config().map_err(|error| error.to_string())?;
    let client = flags.client(host, &config).map_err(|error| error.to_string())?;
    let serving = flags.serving.start(host, "kube-scheduler", registry, stop.clone()).await;
    serving.map_err(|error| error.to_string())?;
    Ok((client, config))
}

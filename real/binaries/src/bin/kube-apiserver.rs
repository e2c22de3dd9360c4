//! `kube-apiserver`: the one door to a cluster's state.

use apiserver::{ApiServer, config::Config};
use binaries::kube_apiserver_flags::Flags;
use clap::Parser;
use host::{Host, Level, event};
use std::{io::Write, process::ExitCode};

fn main() -> ExitCode {
    let flags = Flags::parse();
    let process = linux::Config {
        name: "kube-apiserver".into(),
        log_level: if flags.v >= 4 { Level::Debug } else { Level::Info },
        log_format: linux::Format::Json,
        worker_threads: None,
    };
    linux::run(process, |host, stop| async move {
        let config = match configured(&host, &flags) {
            Ok(config) => config,
            Err(why) => {
                // A person reads this, not a collector of logs.
                let _ = writeln!(
                    std::io::stderr(),
                    "kube-apiserver: {why}\nTry 'kube-apiserver --help'."
                );
                return ExitCode::from(2);
            }
        };
        match ApiServer::new(host.clone(), config).run(stop).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(fatal) => {
                let why = fatal.to_string();
                event!(host, Error, "the API server stopped", why = &why);
                ExitCode::FAILURE
            }
        }
    })
}

fn configured(host: &Host, flags: &Flags) -> Result<Config, String> {
    flags.config(host).map_err(|error| error.to_string())
}

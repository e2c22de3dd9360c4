//! `kube-controller-manager`: brings a cluster's objects to the state that they ask for.

use binaries::kube_controller_manager_flags::Flags;
use clap::Parser;
use controllers::ControllerManager;
use host::{Level, event};
use std::{io::Write, process::ExitCode};

fn main() -> ExitCode {
    let flags = Flags::parse();
    let process = linux::Config {
        name: "kube-controller-manager".into(),
        log_level: if flags.v >= 4 { Level::Debug } else { Level::Info },
        log_format: linux::Format::Json,
        worker_threads: None,
    };
    linux::run(process, |host, stop| async move {
        let settings = match flags.settings(&host) {
            Ok(settings) => settings,
            Err(why) => {
                // A person reads this, not a collector of logs.
                let _ = writeln!(
                    std::io::stderr(),
                    "kube-controller-manager: {why}\nTry 'kube-controller-manager --help'."
                );
                return ExitCode::from(2);
            }
        };
        match ControllerManager::new(host.clone(), settings).run(stop).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(fatal) => {
                let why = fatal.to_string();
                event!(host, Warn, "the controller manager stopped", why = &why);
                ExitCode::FAILURE
            }
        }
    })
}

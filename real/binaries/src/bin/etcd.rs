//! `etcd`: one member of a cluster.

use binaries::{etcd_flags::Flags, flag_sources};
use clap::{CommandFactory, Parser};
use etcd::{Etcd, config::Config};
use host::{Level, event};
use std::{io::Write, process::ExitCode};

fn main() -> ExitCode {
    let (config, log_level) = match configured() {
        Ok(configured) => configured,
        Err(why) => {
            // Standard error is all there is before a log is set up.
            let _ = writeln!(std::io::stderr(), "etcd: {why}\nTry 'etcd --help'.");
            return ExitCode::from(2);
        }
    };
    let process = linux::Config {
        name: "etcd".into(),
        log_level,
        log_format: linux::Format::Json,
        worker_threads: None,
    };
    linux::run(process, |host, stop| async move {
        let member = Etcd::new(host.clone(), config).with_usage(linux::usage);
        match member.run(stop).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(fatal) => {
                let why = fatal.to_string();
                event!(host, Error, "the member stopped", why = &why);
                ExitCode::FAILURE
            }
        }
    })
}

fn configured() -> Result<(Config, Level), String> {
    let command = Flags::command();
    let known: Vec<String> =
        command.get_arguments().filter_map(|arg| arg.get_long().map(Into::into)).collect();
    let args = flag_sources::collect("ETCD_", &known, std::env::vars(), std::env::args());
    let flags = Flags::parse_from(args.map_err(|error| error.to_string())?);
    let level = match flags.log_level.as_str() {
        "debug" => Level::Debug,
        "info" => Level::Info,
        "warn" => Level::Warn,
        "error" => Level::Error,
        other => return Err(format!("--log-level: unrecognized level: {other:?}")),
    };
    Ok((flags.into_config().map_err(|error| error.to_string())?, level))
}

//! `bench`: our servers and upstream's, side by side on this machine, by the same client.

mod apiserver;
mod case;
mod cluster;
mod disk;
mod etcd;
mod latency;
mod load;
mod memory;
mod options;
mod ports;
mod process;
mod progress;
mod report;
mod scheduler;
mod side;
mod watching;

use clap::Parser;
use options::{Command, Options};
use std::process::ExitCode;

fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::Etcd(options) => etcd::run(&options).map(|report| report.print(options.json)),
        Command::Apiserver(options) => {
            apiserver::run(&options).map(|report| report.print(options.json))
        }
        Command::Disk(options) => disk::run(&options),
        Command::Scheduler(options) => scheduler::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            progress::say(&format!("bench: {why}"));
            ExitCode::FAILURE
        }
    }
}

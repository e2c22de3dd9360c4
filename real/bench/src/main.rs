//! `bench`: our servers and upstream's, side by side on this machine, by the same client.

mod case;
mod cluster;
mod etcd;
mod latency;
mod load;
mod memory;
mod options;
mod ports;
mod process;
mod progress;
mod report;
mod watching;

use clap::Parser;
use options::{Command, Options};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Command::Etcd(options) = Options::parse().command;
    match etcd::run(&options) {
        Ok(report) => {
            report.print(options.json);
            ExitCode::SUCCESS
        }
        Err(why) => {
            progress::say(&format!("bench: {why}"));
            ExitCode::FAILURE
        }
    }
}

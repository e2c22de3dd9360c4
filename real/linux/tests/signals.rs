//! A signal stops a process gently, a second one at once.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: failing loudly is its purpose"
)]

use linux::{Config, run};
use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, ExitCode, Stdio},
};

/// The test runs this program again, as the process that gets the signals.
const ROLE: &str = "SEAWORTHY_SIGNALS_ROLE";

fn main() -> ExitCode {
    match std::env::var(ROLE).ok().as_deref() {
        Some("polite") => run(Config::new("polite"), async |_, mut stop| {
            say("ready");
            stop.stopped().await;
            ExitCode::from(7)
        }),
        Some("stubborn") => run(Config::new("stubborn"), async |_, mut stop| {
            say("ready");
            stop.stopped().await;
            say("stopping");
            std::future::pending().await
        }),
        _ => {
            the_first_signal_says_stop();
            the_second_ends_the_process();
            ExitCode::SUCCESS
        }
    }
}

fn the_first_signal_says_stop() {
    for signal in ["-TERM", "-INT"] {
        let (mut child, mut lines) = start("polite");
        wait_for(&mut lines, "ready");
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(7));
    }
}

fn the_second_ends_the_process() {
    let (mut child, mut lines) = start("stubborn");
    wait_for(&mut lines, "ready");
    send(&child, "-TERM");
    wait_for(&mut lines, "stopping");
    send(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

fn say(word: &str) {
    println!("{word}");
}

fn start(role: &str) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(ROLE, role).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

fn wait_for(lines: &mut Lines<BufReader<ChildStdout>>, word: &str) {
    assert!(lines.any(|line| line.unwrap() == word), "the process never said {word}");
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

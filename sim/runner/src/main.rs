//! The `seaworthy` command: run a story, hunt for bugs, replay, shrink, verify, show the museum.

mod arguments;
mod catalogue;
mod commands;
mod console;
mod echo;
mod engine;
mod evidence;
mod exhibits;
mod exit;
mod interrupt;
mod pool;
mod progress;
mod rare;
mod report;
mod shrinking;

use arguments::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    engine::quiet_panics();
    let mut console = console::Console::stdout(arguments.colour);
    let command = arguments.command.unwrap_or_else(Command::first_sight);
    let done = match command {
        Command::Run(run) => commands::run::run(&run, &mut console),
        Command::Hunt(hunt) => commands::hunt::run(&hunt, &mut console),
        Command::Replay(replay) => commands::replay::run(&replay, &mut console),
        Command::Shrink(shrink) => commands::shrink::run(&shrink, &mut console),
        Command::Verify(verify) => commands::verify::run(&verify, &mut console),
        Command::Museum(museum) => commands::museum::run(&museum, &mut console),
        Command::List(list) => commands::list::run(&list, &mut console),
        Command::Digest(digest) => commands::digest::run(&digest, &mut console),
    };
    match done {
        Ok(exit) => exit.code(),
        Err(refusal) => {
            console.complain(&refusal);
            exit::Exit::Usage.code()
        }
    }
}

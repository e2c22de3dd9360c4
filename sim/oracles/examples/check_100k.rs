//! How long the linearizability check of 100,000 operations takes: `cargo run --release --example check_100k`.

use std::{io::Write, time::Instant};

use oracles::{kv, sample::Sample};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sample = Sample { clients: 40, operations: 100_000, keys: 50, ..Sample::default() };
    let made = sample.make();
    let started = Instant::now();
    let resolved = kv::resolve(&made.history)?;
    writeln!(
        std::io::stdout(),
        "{} operations, {} revisions, undecided: {:?}, {:?}",
        made.history.operations.len(),
        resolved.log.len(),
        resolved.undecided,
        started.elapsed()
    )?;
    Ok(())
}

//! Ways to write a log record and make it durable: how long each takes.
//!
//! One record at a time, as a log does: the next is written when the last is durable. ARCHITECTURE.md
//! says what came of it.

mod ring;

use crate::{latency::quantile, options::DiskOptions, progress::say};
use ring::Ring;
use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::{block_in_place, spawn_blocking};

/// Bytes preallocated and written over and over, as segments of a log are.
const FILE_BYTES: u64 = 64 << 20;
/// Times before anything is counted.
const WARM_UP: usize = 50;

#[derive(Clone, Copy, Debug)]
enum Way {
    /// pwrite and fdatasync on the worker, whose other tasks move to another thread.
    InPlace,
    /// The same on a thread of the blocking pool.
    Pool,
    /// Linked in io_uring; the worker waits for both.
    RingWaited,
    /// The same; the runtime's reactor wakes the task.
    RingAwaited,
}

/// Measures every way in turn, round after round, and prints a table.
pub(crate) fn run(options: &DiskOptions) -> io::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ways = [Way::InPlace, Way::Pool, Way::RingWaited, Way::RingAwaited];
    let mut times = ways.map(|_| Vec::new());
    for _ in 0..options.rounds {
        for (way, times) in ways.into_iter().zip(&mut times) {
            // On a worker, as the log writer is.
            let work = measure(way, options.clone());
            let measured = runtime.block_on(async { runtime.spawn(work).await });
            times.extend(measured.map_err(io::Error::other)??);
        }
    }
    for (way, mut times) in ways.into_iter().zip(times) {
        times.sort();
        let micros = |share| quantile(&times, share).as_secs_f64() * 1e6;
        let (count, p10, p50, p99) = (times.len(), micros(0.1), micros(0.5), micros(0.99));
        let way = format!("{way:?}");
        say(&format!(
            "{way:<11} {count:>6} writes, p10 {p10:>6.0} µs, p50 {p50:>6.0} µs, p99 {p99:>6.0} µs"
        ));
    }
    Ok(())
}

async fn measure(way: Way, options: DiskOptions) -> io::Result<Vec<Duration>> {
    std::fs::create_dir_all(&options.dir)?;
    let path = options.dir.join(format!("{}-log", std::process::id()));
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
    std::fs::remove_file(&path)?;
    let file = Arc::new(file);
    for offset in (0..FILE_BYTES).step_by(1 << 20) {
        file.write_all_at(&[0; 1 << 20], offset)?;
    }
    file.sync_all()?;
    let ring = Ring::new(file.clone())?;
    let record = vec![7; options.bytes as usize];
    let (mut offset, mut times) = (0, Vec::new());
    for number in 0..WARM_UP + options.writes as usize {
        let began = Instant::now();
        write(way, &file, &ring, &record, offset).await?;
        if number >= WARM_UP {
            times.push(began.elapsed());
        }
        offset = (offset + u64::from(options.bytes)) % (FILE_BYTES - u64::from(options.bytes));
    }
    Ok(times)
}

async fn write(
    way: Way,
    file: &Arc<File>,
    ring: &Ring,
    record: &[u8],
    offset: u64,
) -> io::Result<()> {
    match way {
        Way::InPlace => block_in_place(|| {
            file.write_all_at(record, offset)?;
            file.sync_data()
        }),
        Way::Pool => {
            let (file, record) = (file.clone(), record.to_vec());
            let work = move || {
                file.write_all_at(&record, offset)?;
                file.sync_data()
            };
            spawn_blocking(work).await.map_err(io::Error::other)?
        }
        Way::RingWaited => ring.write_waiting(record, offset),
        Way::RingAwaited => ring.write(record, offset).await,
    }
}

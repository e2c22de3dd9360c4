//! What many keys cost: memory, start-up time, file size.

use crate::{case::Figures, cluster::Cluster, load, options::EtcdOptions, progress};
use std::{io, time::Duration};

/// Clients that fill the cluster.
const FILL_CLIENTS: usize = 100;
/// For what was written to reach the file, and for garbage to be collected.
const SETTLE: Duration = Duration::from_secs(3);

/// Fills one member and restarts it.
pub(crate) async fn measure(cluster: &mut Cluster, options: &EtcdOptions) -> io::Result<Figures> {
    let channels = cluster.channels(FILL_CLIENTS).await?;
    let took = load::fill(channels, options.keys.into(), options.value()).await?;
    let per_second = f64::from(options.keys) / took.as_secs_f64();
    progress::say(&format!("    filled at {per_second:.0} puts/s"));
    tokio::time::sleep(SETTLE).await;
    let filled = cluster.resident_bytes()?;
    let start = cluster.restart().await?;
    tokio::time::sleep(SETTLE).await;
    Ok(Figures::from([
        ("fill puts/s", per_second),
        ("memory MiB", mebibytes(filled)),
        ("memory after restart MiB", mebibytes(cluster.resident_bytes()?)),
        ("start-up ms", start.as_secs_f64() * 1e3),
        ("on disk MiB", mebibytes(cluster.disk_bytes()?)),
        ("database MiB", mebibytes(cluster.database_bytes().await?)),
    ]))
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

//! Whole files of settings: read at the start, and again when they change.

use host::{Disk, Host, Open};
use std::{io, time::Duration};

/// No settings are longer; a machine's list of authorities has a quarter of it.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Between looks at whether a file has changed. Upstream is told by the kernel, and looks once a
/// minute besides.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Reads a file. It blocks.
///
/// # Errors
/// As Go says it.
pub(crate) fn read(disk: &dyn Disk, path: &str) -> Result<Vec<u8>, String> {
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => format!("open {path}: no such file or directory"),
        io::ErrorKind::PermissionDenied => format!("open {path}: permission denied"),
        _ => format!("open {path}: {error}"),
    };
    let file = disk.open(path, Open::Read).map_err(told)?;
    let length = file.len().map_err(told)?;
    if length > BYTES_MAX {
        return Err(format!("read {path}: it is longer than {BYTES_MAX} bytes"));
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    let got = file.read_at(0, &mut bytes).map_err(told)?;
    bytes.truncate(got);
    Ok(bytes)
}

/// Reads a file off the path of requests.
///
/// # Errors
/// As [`read`].
pub(crate) async fn read_later(host: &Host, path: &str) -> Result<Vec<u8>, String> {
    let path = path.to_owned();
    host.disk_job(move |disk| read(disk, &path)).await
}

//! A snapshot file becomes the data directory of a member of a new cluster.
//!
//! Every member of the new cluster is restored from the same file, each with its own name. The log
//! begins behind the snapshot, so that members added later get the snapshot and not an empty past.
//! Upstream: etcdutl/snapshot/v3_snapshot.go.

use crate::{
    boot::{self, Fresh},
    config::Config,
    fatal::Fatal,
};
use etcd_store::{
    Position, StoreError,
    restore::{FileStatus, Restoration, file_status, restore_file},
};
use host::{Disk, Host, Open};
use raft::{
    Codec,
    types::{ConfState, HardState},
};
use sha2::{Digest, Sha256};
use std::{io, sync::Arc};
use wal::{SnapshotMark, Wal};

/// Bytes of the SHA-256 behind a downloaded snapshot.
const DIGEST_BYTES: u64 = 32;
/// The database's length is a multiple of this: what is left over is the digest.
const SECTOR_BYTES: u64 = 512;
const CHUNK_BYTES: usize = 256 * 1024;

/// What to restore, and how.
#[derive(Clone, Debug)]
pub struct RestoreOptions {
    /// Path of the file that `etcdctl snapshot save` wrote.
    pub snapshot: String,
    /// Name, data directory, addresses, members and token of the new member.
    pub config: Config,
    /// Take a file without a digest, such as one copied from a data directory.
    pub skip_hash_check: bool,
    /// By how much the revision is raised.
    pub bump_revision: u64,
    /// Whether everything before the raised revision counts as compacted.
    pub mark_compacted: bool,
}

/// A snapshot file looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotStatus {
    /// What its rows say.
    pub rows: FileStatus,
    /// Its length in bytes, digest included.
    pub total_size: u64,
}

/// Why a snapshot is not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is something already.
    #[error("data-dir {0:?} not empty or could not be read")]
    NotEmpty(String),
    /// The file ends without a digest.
    #[error("snapshot missing hash but --skip-hash-check=false")]
    NoDigest,
    /// The file was changed on its way.
    #[error("expected sha256 {expected:02x?}, got {found:02x?}")]
    Digest {
        /// The file's last bytes.
        expected: Vec<u8>,
        /// What the rest of it gives.
        found: Vec<u8>,
    },
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// Its path.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// The file is no snapshot.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be made.
    #[error(transparent)]
    Member(#[from] Fatal),
}

/// Makes the data directory; durable on return.
///
/// # Errors
/// Nothing is left half made under the log's name: a member does not start on what failed.
pub async fn restore(host: &Host, options: RestoreOptions) -> Result<(), RestoreError> {
    let machine = host.clone();
    host.disk_job(move |disk| blocking(&machine, disk, &options)).await
}

/// Looks into a snapshot file; `scratch` is the path of a copy made for it, which is removed.
///
/// # Errors
/// The file cannot be read or is no snapshot.
pub async fn snapshot_status(
    host: &Host,
    snapshot: String,
    scratch: String,
) -> Result<SnapshotStatus, RestoreError> {
    host.disk_job(move |disk| {
        let total_size = copy(disk, &snapshot, &scratch, true)?;
        let rows = file_status(disk, &scratch);
        disk.remove(&scratch).map_err(fault(&scratch))?;
        Ok(SnapshotStatus { rows: rows?, total_size })
    })
    .await
}

fn fault(path: &str) -> impl Fn(io::Error) -> RestoreError + '_ {
    move |error| RestoreError::File { path: path.to_owned(), error }
}

fn blocking(host: &Host, disk: &dyn Disk, options: &RestoreOptions) -> Result<(), RestoreError> {
    let config = &options.config;
    match disk.list(&config.data_dir) {
        Ok(names) if names.is_empty() => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        _ => return Err(RestoreError::NotEmpty(config.data_dir.clone())),
    }
    let snap = config.snap_path();
    disk.create_dir(&snap).map_err(fault(&snap))?;
    let database = format!("{snap}/db");
    copy(disk, &options.snapshot, &database, options.skip_hash_check)?;

    let Fresh { owner, contacts, .. } = boot::founding(config);
    let voters: Vec<u64> = contacts.iter().map(|member| member.id).collect();
    let mark = SnapshotMark { index: voters.len() as u64, term: 1 };
    let conf_state = ConfState { voters, ..ConfState::default() }.encode();
    let restoration = Restoration {
        members: contacts,
        position: Position { index: mark.index, term: mark.term },
        conf_state,
        bump_revision: options.bump_revision,
        mark_compacted: options.mark_compacted,
    };
    restore_file(disk, &database, &restoration)?;
    for dir in [snap, format!("{}/member", config.data_dir), config.data_dir.clone()] {
        disk.sync_dir(&dir).map_err(fault(&dir))?;
    }
    // The log comes last: without it the directory is no member's.
    let mut log = Wal::create(host, boot::options(config), &owner.encode()).map_err(Fatal::Log)?;
    log.save_received(mark).map_err(Fatal::Log)?;
    let state = HardState { term: mark.term, vote: 0, commit: mark.index };
    log.save(Some(&state), &[], true).map_err(Fatal::Log)?;
    Ok(())
}

/// Copies the database out of a snapshot and checks its digest; answers with the snapshot's length.
pub(crate) fn copy(
    disk: &dyn Disk,
    from: &str,
    to: &str,
    skip_check: bool,
) -> Result<u64, RestoreError> {
    let source = disk.open(from, Open::Read).map_err(fault(from))?;
    let length = source.len().map_err(fault(from))?;
    let has_digest = length % SECTOR_BYTES == DIGEST_BYTES;
    if !has_digest && !skip_check {
        return Err(RestoreError::NoDigest);
    }
    let end = if has_digest { length - DIGEST_BYTES } else { length };
    let target: Arc<dyn host::BlockFile> = disk.open(to, Open::Truncate).map_err(fault(to))?;
    let mut digest = Sha256::new();
    let mut offset = 0;
    while offset < end {
        let size = usize::try_from(end - offset).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        let mut chunk = vec![0; size];
        let read = source.read_at(offset, &mut chunk).map_err(fault(from))?;
        chunk.truncate(read);
        if read == 0 {
            return Err(fault(from)(io::ErrorKind::UnexpectedEof.into()));
        }
        digest.update(&chunk);
        target.write_at(offset, &chunk).map_err(fault(to))?;
        offset += read as u64;
    }
    target.sync().map_err(fault(to))?;
    let mut expected = vec![0; 32];
    if has_digest && !skip_check {
        source.read_at(end, &mut expected).map_err(fault(from))?;
        let found = digest.finalize().to_vec();
        if found != expected {
            return Err(RestoreError::Digest { expected, found });
        }
    }
    Ok(length)
}

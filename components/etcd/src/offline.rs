//! Work on the files of a member that is down.
//!
//! Upstream: etcdutl/etcdutl/defrag_command.go, hashkv_command.go.

use crate::{
    boot,
    config::Config,
    fatal::Fatal,
    restore::{self, RestoreError},
};
use etcd_store::{KvHash, Refused, StoreError, restore as files};
use host::Host;
use std::io;

/// Why the files were left as they are.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// There is no member's data.
    #[error("{path}: {error}")]
    Missing {
        /// The backend's path.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// The data directory is in use.
    #[error(transparent)]
    Busy(#[from] Fatal),
    /// The file cannot be read or is none of ours.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No copy could be made.
    #[error(transparent)]
    Copy(#[from] RestoreError),
    /// The revision cannot be hashed.
    #[error("{}", .0.text())]
    Refused(etcd_api::EtcdError),
}

/// Rewrites the backend of a data directory without the holes that deletions left; durable on
/// return. The member must be down: its lock is taken.
///
/// # Errors
/// The directory is in use or holds no member. The old file stays until the new one is whole.
pub async fn defragment_files(host: &Host, data_dir: &str) -> Result<(), OfflineError> {
    let config = Config { data_dir: data_dir.to_owned(), ..Config::default() };
    host.disk_job(move |disk| {
        let dir = config.snap_path();
        let path = format!("{dir}/db");
        let there = disk.list(&dir).and_then(|names| {
            let found = names.iter().any(|name| name == "db");
            found.then_some(()).ok_or_else(|| io::ErrorKind::NotFound.into())
        });
        there.map_err(|error| OfflineError::Missing { path: path.clone(), error })?;
        let lock = boot::lock(disk, &config)?;
        files::defragment_file(disk, &path)?;
        drop(lock);
        Ok(())
    })
    .await
}

/// The hash by which members compare their keys, of a backend's or a snapshot's file; revision 0
/// means its newest. `scratch` is the path of a copy made for it, which is removed.
///
/// # Errors
/// The file cannot be read, or the revision is compacted or in the future.
pub async fn hash_of_file(
    host: &Host,
    file: String,
    revision: i64,
    scratch: String,
) -> Result<KvHash, OfflineError> {
    let machine = host.clone();
    host.disk_job(move |disk| {
        restore::copy(disk, &file, &scratch, true)?;
        let hashed = files::file_hash(&machine, &scratch, revision);
        let removed = disk.remove(&scratch);
        let hashed = hashed.map_err(|refused| match refused {
            Refused::Api(error) => OfflineError::Refused(error),
            Refused::Store(error) => OfflineError::Store(error),
        })?;
        removed.map_err(|error| OfflineError::Missing { path: scratch, error })?;
        Ok(hashed)
    })
    .await
}

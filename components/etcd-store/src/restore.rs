//! Works on a backend's file that no member runs on: a snapshot made the start of a new cluster, and
//! what a file holds.
//!
//! Upstream: etcdutl/snapshot/v3_snapshot.go. All functions block.

use crate::{
    backend::{
        Backend, Position,
        database::{Db, copy, disk_fault, view_rows, visit},
        sync_parent,
    },
    batch::{Batch, Table},
    error::{Refused, StoreError},
    keys::{Keys, KvHash, Revision},
    members::Members,
    meta,
};
use bytes::Bytes;
use etcd_api::{internal::MemberRecord, mvccpb::KeyValue};
use host::{Defects, Disk, Host, Open};
use prost::Message;

/// The key whose put and deletion stand at a raised revision: nobody ever sees it alive.
const PLACEHOLDER: &[u8] = b"\0restore";
const CACHE_BYTES: usize = 16 << 20;

/// What a snapshot becomes.
#[derive(Clone, Debug)]
pub struct Restoration {
    /// The members of the new cluster, in place of the old one's.
    pub members: Vec<MemberRecord>,
    /// Where the new cluster's log begins.
    pub position: Position,
    /// Raft's configuration there, encoded.
    pub conf_state: Bytes,
    /// By how much the revision is raised, so that no watcher of the old cluster misses anything.
    pub bump_revision: u64,
    /// Whether everything before the raised revision counts as compacted.
    pub mark_compacted: bool,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileStatus {
    /// CRC-32C of all tables.
    pub hash: u32,
    /// The newest revision.
    pub revision: i64,
    /// Rows of all tables.
    pub total_keys: u64,
}

/// Rewrites a snapshot's file in place; durable on return.
///
/// # Errors
/// What the disk says; the file is no snapshot.
pub fn restore_file(
    disk: &dyn Disk,
    path: &str,
    restoration: &Restoration,
) -> Result<(), StoreError> {
    let db = Db::open(disk, path, Open::ReadWrite, CACHE_BYTES)?;
    let mut batch = Batch::default();
    let view = db.read()?;
    for table in [Table::Members, Table::MembersRemoved] {
        for (key, _) in view_rows(&view, table, path)? {
            batch.delete(table, key);
        }
    }
    drop(view);
    let mut members = Members::new(usize::MAX, Defects::default());
    members.bootstrap(restoration.members.iter().cloned(), &mut batch);
    meta::stage_position(&mut batch, restoration.position);
    meta::stage_conf_state(&mut batch, restoration.conf_state.clone());
    if restoration.bump_revision > 0 {
        let newest = newest_revision(&db, path)?;
        let bump = i64::try_from(restoration.bump_revision).unwrap_or(i64::MAX);
        let main = newest.saturating_add(bump);
        stage_placeholder(&mut batch, main);
        if restoration.mark_compacted {
            meta::stage_scheduled(&mut batch, main);
        }
    }
    db.write(&batch)?;
    drop(db);
    let fault = disk_fault(path);
    disk.open(path, Open::ReadWrite).and_then(|file| file.sync()).map_err(fault)
}

/// One transaction that changes nothing: a key that comes and goes.
fn stage_placeholder(batch: &mut Batch, main: i64) {
    let put = KeyValue {
        key: Bytes::from_static(PLACEHOLDER),
        create_revision: main,
        mod_revision: main,
        version: 1,
        ..KeyValue::default()
    };
    let gone = KeyValue { key: Bytes::from_static(PLACEHOLDER), ..KeyValue::default() };
    batch.put(Table::Key, Revision { main, sub: 0 }.row(false), put.encode_to_vec());
    batch.put(Table::Key, Revision { main, sub: 1 }.row(true), gone.encode_to_vec());
}

fn newest_revision(db: &Db, path: &str) -> Result<i64, StoreError> {
    let mut newest = 1;
    visit(&db.reader(Table::Key)?, path, |key, _| {
        let (revision, _) = Revision::from_row(key).unwrap_or_default();
        newest = newest.max(revision.main);
        Ok(())
    })?;
    Ok(newest)
}

/// Reads a whole file.
///
/// # Errors
/// What the disk says; the file is no snapshot.
pub fn file_status(disk: &dyn Disk, path: &str) -> Result<FileStatus, StoreError> {
    let db = Db::open(disk, path, Open::ReadWrite, CACHE_BYTES)?;
    let mut status = FileStatus { revision: newest_revision(&db, path)?, ..FileStatus::default() };
    for table in Table::ALL {
        status.hash = crc32c::crc32c_append(status.hash, table.name().as_bytes());
        visit(&db.reader(table)?, path, |key, value| {
            let hash = crc32c::crc32c_append(status.hash, key);
            status.hash = crc32c::crc32c_append(hash, value);
            status.total_keys += 1;
            Ok(())
        })?;
    }
    Ok(status)
}

/// Rewrites a file without holes; durable on return. The old one stays until the new one is whole.
///
/// # Errors
/// What the disk says; the file is no backend.
pub fn defragment_file(disk: &dyn Disk, path: &str) -> Result<(), StoreError> {
    let target = format!("{path}.tmp");
    let db = Db::open(disk, path, Open::ReadWrite, CACHE_BYTES)?;
    copy(&db.read()?, disk, &target, Open::Truncate, CACHE_BYTES)?;
    drop(db);
    disk.rename(&target, path).map_err(disk_fault(path))?;
    sync_parent(disk, path)
}

/// The hash of all revisions of a file up to one, as members compare it; 0 means the newest.
///
/// # Errors
/// The file is no backend; the revision is compacted or in the future.
pub fn file_hash(host: &Host, path: &str, revision: i64) -> Result<KvHash, Refused> {
    let mut backend = Backend::open(host, path, CACHE_BYTES)?;
    let (keys, _) = Keys::restore(&mut backend, &host.defects)?;
    keys.hash(&backend, revision)
}

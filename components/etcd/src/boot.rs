//! What a member finds on its disk, and what it starts with when there is nothing.
//!
//! Upstream: server/etcdserver/bootstrap.go.

use crate::{
    config::{ClusterState, Config},
    fatal::Fatal,
    join::{self, Joined},
    peer_service::texts,
};
use bytes::Bytes;
use etcd_api::internal::{ConfigChangeContext, MemberRecord, config_change_context::Change};
use etcd_store::{Store, members};
use host::{Disk, FileLock, Host, event};
use prost::Message;
use raft::{
    Codec, Restored,
    types::{ConfState, NodeId, SnapshotMeta},
};
use std::{io, sync::Arc};
use wal::Wal;

/// What every log opens with: whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) member: NodeId,
    pub(crate) cluster: u64,
}

impl Owner {
    pub(crate) fn encode(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.member.to_be_bytes());
        bytes[8..].copy_from_slice(&self.cluster.to_be_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (member, cluster) = bytes.split_at_checked(8)?;
        Some(Self {
            member: u64::from_be_bytes(member.try_into().ok()?),
            cluster: u64::from_be_bytes(cluster.try_into().ok()?),
        })
    }
}

/// A member's disk, read and ready.
pub(crate) struct Booted {
    pub(crate) owner: Owner,
    pub(crate) store: Store,
    pub(crate) wal: Wal,
    pub(crate) restored: Restored,
    /// Index of the log's last snapshot mark.
    pub(crate) marked: u64,
    /// Whom to talk to before the store knows.
    pub(crate) contacts: Vec<MemberRecord>,
    /// Held as long as the member runs.
    pub(crate) lock: Arc<dyn FileLock>,
}

/// Reads the data directory, or makes it.
///
/// # Errors
/// The directory is in use, damaged or full; the cluster to join refuses.
pub(crate) async fn boot(host: &Host, config: &Arc<Config>) -> Result<Booted, Fatal> {
    let settings = config.clone();
    let lock: Arc<dyn FileLock> =
        Arc::from(host.disk_job(move |disk| prepare(disk, &settings)).await?);
    let machine = wal::Machine::from(host);
    let path = config.wal_path();
    let there = host.disk_job(move |_| wal::exists(&machine, &path)).await.map_err(Fatal::Log)?;
    if there {
        let (machine, settings) = (host.clone(), config.clone());
        return host.disk_job(move |_| restart(&machine, &settings, lock)).await;
    }
    let fresh = match config.initial_cluster_state {
        ClusterState::New => founding(config),
        ClusterState::Existing => joining(join::ask(host, config).await?),
    };
    let (machine, settings) = (host.clone(), config.clone());
    host.disk_job(move |_| first_start(&machine, &settings, fresh, lock)).await
}

fn data_dir(config: &Config, error: &io::Error) -> Fatal {
    Fatal::DataDir { path: config.data_dir.clone(), why: error.to_string() }
}

fn prepare(disk: &dyn Disk, config: &Config) -> Result<Box<dyn FileLock>, Fatal> {
    let fail = |error: io::Error| data_dir(config, &error);
    disk.create_dir(&config.snap_path()).map_err(fail)?;
    let member = format!("{}/member", config.data_dir);
    // The way to the log must outlive a power loss too: every name on it.
    for dir in ancestors(&member) {
        disk.sync_dir(&dir).map_err(fail)?;
    }
    lock(disk, config)
}

/// Takes the data directory for this process.
///
/// # Errors
/// Another one has it.
pub(crate) fn lock(disk: &dyn Disk, config: &Config) -> Result<Box<dyn FileLock>, Fatal> {
    disk.lock(&format!("{}/member/LOCK", config.data_dir)).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => Fatal::DataDir {
            path: config.data_dir.clone(),
            why: "another process uses it; stop that one first, or give this one another \
                  --data-dir"
                .into(),
        },
        _ => data_dir(config, &error),
    })
}

/// A directory, its parent, and so on up to the root or the working directory.
fn ancestors(path: &str) -> Vec<String> {
    let path = path.trim_end_matches('/');
    let cuts = path.rmatch_indices('/').map(|(at, _)| &path[..at]);
    let named = std::iter::once(path).chain(cuts).filter(|dir| !dir.is_empty());
    let root = if path.starts_with('/') { "/" } else { "." };
    named.map(str::to_owned).chain([root.to_owned()]).collect()
}

/// How a member without a log starts.
pub(crate) struct Fresh {
    pub(crate) owner: Owner,
    /// The log's first entries: how the cluster was founded. None for one that joins.
    pub(crate) restored: Restored,
    pub(crate) contacts: Vec<MemberRecord>,
}

/// How the cluster of the configuration is founded; the same for every founder.
pub(crate) fn founding(config: &Config) -> Fresh {
    let token = &config.initial_cluster_token;
    let mut founders: Vec<MemberRecord> = config
        .initial_cluster
        .values()
        .map(|urls| {
            let urls = texts(urls);
            members::new_member(members::member_id(&urls, token, None), urls, false)
        })
        .collect();
    founders.sort_by_key(|founder| founder.id);
    let ours = texts(&config.initial_advertise_peer_urls);
    let owner = Owner {
        member: members::member_id(&ours, token, None),
        cluster: members::cluster_id(founders.iter().map(|founder| founder.id)),
    };
    Fresh { owner, restored: Restored::bootstrap(&changes(&founders)), contacts: founders }
}

fn changes(founders: &[MemberRecord]) -> Vec<(NodeId, Bytes)> {
    let context = |founder: &MemberRecord| ConfigChangeContext {
        request_id: 0,
        change: Some(Change::Add(founder.clone())),
    };
    founders
        .iter()
        .map(|founder| (founder.id, Bytes::from(context(founder).encode_to_vec())))
        .collect()
}

fn joining(joined: Joined) -> Fresh {
    let owner = Owner { member: joined.member, cluster: joined.cluster };
    Fresh { owner, restored: Restored::default(), contacts: joined.members }
}

fn first_start(
    host: &Host,
    config: &Config,
    fresh: Fresh,
    lock: Arc<dyn FileLock>,
) -> Result<Booted, Fatal> {
    let Fresh { owner, restored, contacts } = fresh;
    event!(host, Info, "starting a new member", member = owner.member, cluster = owner.cluster);
    let store = open_store(host, config, 0)?;
    let mut wal = Wal::create(host, options(config), &owner.encode()).map_err(Fatal::Log)?;
    wal.save(Some(&restored.hard_state), &restored.entries, true).map_err(Fatal::Log)?;
    Ok(Booted { owner, store, wal, restored, marked: 0, contacts, lock })
}

pub(crate) fn options(config: &Config) -> wal::Options {
    wal::Options { segment_bytes: config.wal_segment_bytes, ..wal::Options::new(config.wal_path()) }
}

fn open_store(host: &Host, config: &Config, snapshot_index: u64) -> Result<Store, Fatal> {
    let settings = crate::store_config::of(config, snapshot_index, &host.defects);
    Store::open(host, settings.map_err(Fatal::Config)?).map_err(Fatal::Store)
}

fn restart(host: &Host, config: &Config, lock: Arc<dyn FileLock>) -> Result<Booted, Fatal> {
    let machine = wal::Machine::from(host);
    let marks = wal::snapshot_marks(&machine, &config.wal_path()).map_err(Fatal::Log)?;
    let newest = marks.last().map_or(0, |mark| mark.index);
    let store = open_store(host, config, newest)?;
    let applied = store.applied().index;
    let start = marks.iter().rev().find(|mark| mark.index <= applied).copied().unwrap_or_default();
    let (mut wal, recovered) = Wal::open(host, options(config), start).map_err(Fatal::Log)?;
    let owner = Owner::decode(&recovered.metadata).ok_or_else(|| Fatal::DataDir {
        path: config.wal_path(),
        why: "the log does not say whose it is; restore the member from a snapshot".into(),
    })?;
    event!(host, Info, "restarting a member", member = owner.member, applied = applied);
    let mut restored = Restored {
        hard_state: recovered.hard_state,
        snapshot: SnapshotMeta {
            conf_state: conf_state(&store)?,
            index: start.index,
            term: start.term,
        },
        entries: recovered.entries,
        applied,
    };
    // A crash between making the log and founding the cluster in it.
    let never_founded = restored.entries.is_empty() && start.index == 0 && applied == 0;
    let mut contacts: Vec<MemberRecord> = store.members().iter().cloned().collect();
    if never_founded && config.initial_cluster_state == ClusterState::New {
        let fresh = founding(config);
        wal.save(Some(&fresh.restored.hard_state), &fresh.restored.entries, true)
            .map_err(Fatal::Log)?;
        (restored, contacts) = (fresh.restored, fresh.contacts);
    }
    // What was applied was committed, though the log may have heard of it only later.
    restored.hard_state.commit = restored.hard_state.commit.max(applied);
    if contacts.is_empty() {
        contacts = founding(config).contacts;
    }
    Ok(Booted { owner, store, wal, restored, marked: start.index, contacts, lock })
}

fn conf_state(store: &Store) -> Result<ConfState, Fatal> {
    match store.conf_state() {
        Some(bytes) => ConfState::decode(bytes.clone())
            .map_err(|error| Fatal::Raft(format!("stored configuration: {error}"))),
        None => Ok(ConfState::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_on_the_way_are_found() {
        assert_eq!(ancestors("a/b"), ["a/b", "a", "."]);
        assert_eq!(ancestors("/var/lib/"), ["/var/lib", "/var", "/"]);
    }
}

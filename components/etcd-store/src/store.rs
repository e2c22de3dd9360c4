//! The state machine as one value: opened, restored, replaced by a snapshot.

mod jobs;
mod reads;
mod watches;

use crate::{
    alarm::Alarms,
    auth::{Auth, token::Tokens},
    backend::{Backend, Position},
    batch::Table,
    error::StoreError,
    files,
    keys::{Keys, LeasedKeys},
    lease::{Lessor, LessorConfig},
    members::Members,
    meta,
    watch::Hub,
};
use bytes::Bytes;
use etcd_api::internal::MemberRecord;
use host::Host;

/// What a store is told at start.
#[derive(Debug)]
pub struct Config {
    /// Where the files stand: upstream's `<data-dir>/member/snap`.
    pub dir: String,
    /// Memory for cached pages of the file, in bytes.
    pub cache_bytes: usize,
    /// Beyond this, writes are refused; 0 or less for no limit.
    pub quota_bytes: i64,
    /// Messages that a watch stream buffers (upstream: 128).
    pub watch_buffer: usize,
    /// Learners allowed at once.
    pub learners_max: usize,
    /// How leases live.
    pub lessor: LessorConfig,
    /// How clients' tokens are made.
    pub tokens: Tokens,
    /// The snapshot that the write-ahead log begins with; 0 for none. When the file is older and
    /// the snapshot was received, it is installed.
    pub snapshot_index: u64,
}

/// An etcd member's replicated state. See the crate's documentation for how it is driven.
#[derive(Debug)]
pub struct Store {
    pub(crate) host: Host,
    pub(crate) backend: Backend,
    pub(crate) keys: Keys,
    pub(crate) lessor: Lessor,
    pub(crate) auth: Auth,
    pub(crate) members: Members,
    pub(crate) alarms: Alarms,
    pub(crate) hub: Hub,
    pub(crate) conf_state: Option<Bytes>,
    pub(crate) quota_bytes: i64,
    dir: String,
    cache_bytes: usize,
    snapshots: u64,
}

impl Store {
    /// Opens or creates the files and restores everything; blocking.
    ///
    /// # Errors
    /// Whatever the disk says, and rows that this program cannot have written.
    pub fn open(host: &Host, config: Config) -> Result<Self, StoreError> {
        let Config { dir, cache_bytes, .. } = config;
        let disk = &*host.disk;
        disk.create_dir(&dir).map_err(crate::backend::disk_fault(&dir))?;
        files::clean(host, &dir, config.snapshot_index)?;
        let backend = Backend::open(host, &files::backend_path(&dir), cache_bytes)?;
        // A new file and its directory must not lose their names in a power failure.
        crate::backend::sync_parent(disk, &files::backend_path(&dir))?;
        crate::backend::sync_parent(disk, &dir)?;
        let mut store = Self {
            host: host.clone(),
            keys: Keys::default(),
            lessor: Lessor::new(config.lessor),
            auth: Auth::new(config.tokens, host.defects.clone()),
            members: Members::new(config.learners_max, host.defects.clone()),
            alarms: Alarms::default(),
            hub: Hub::new(host.defects.clone(), config.watch_buffer),
            conf_state: None,
            quota_bytes: config.quota_bytes,
            dir,
            cache_bytes,
            snapshots: 0,
            backend,
        };
        let wanted = config.snapshot_index;
        let behind = store.backend.applied().index < wanted;
        if behind && files::is_received(disk, &store.dir, wanted)? {
            store.install(wanted)?;
        } else {
            store.restore()?;
        }
        Ok(store)
    }

    /// Reads everything back that lives in memory.
    fn restore(&mut self) -> Result<(), StoreError> {
        let rows = self.backend.small_rows()?;
        let (keys, leased) = Keys::restore(&mut self.backend, &self.host.defects)?;
        self.keys = keys;
        self.lessor.restore(&rows)?;
        self.auth.restore(&rows)?;
        self.members.restore(&rows)?;
        self.alarms.restore(&rows)?;
        self.conf_state = meta::conf_state(&self.backend.rows(Table::Meta)?);
        self.attach_keys(leased);
        self.hub.restored(self.keys.revision());
        Ok(())
    }

    fn attach_keys(&mut self, leased: LeasedKeys) {
        for (key, lease) in leased {
            if self.lessor.attach(lease, key).is_err() {
                // A lease's revocation deletes its keys in the same commit.
                host::event!(
                    self.host,
                    Error,
                    "a key hangs on a lease that is gone",
                    lease = lease
                );
            }
        }
    }

    /// Replaces everything by a received snapshot; blocking. Jobs that are under way find their file
    /// replaced and change nothing.
    ///
    /// # Errors
    /// [`StoreError::Snapshot`] when the file is not at that index. Otherwise the member must stop.
    pub fn install(&mut self, index: u64) -> Result<(), StoreError> {
        let disk = self.host.disk.clone();
        let path = files::received_path(&self.dir, index);
        let found = files::position_of(&*disk, &path, self.cache_bytes)?;
        if found.index != index {
            return Err(StoreError::Snapshot { path, found: found.index, expected: index });
        }
        let before = self.backend.applied();
        self.host.point("snapshot/before-install");
        self.backend.close();
        let target = files::backend_path(&self.dir);
        disk.rename(&path, &target).map_err(crate::backend::disk_fault(&path))?;
        crate::backend::sync_parent(&*disk, &target)?;
        self.host.point("snapshot/after-install");
        self.backend.reopen(&*disk)?;
        if self.host.defects.has("E03b") {
            // PR #13933: the old consistent index is written over the snapshot's.
            self.backend.end_entry(before, true);
        }
        self.restore()?;
        files::remove_below(&*disk, &self.dir, index)
    }

    /// Closes the files for good, so that they may be opened again; blocking. After a failure they
    /// are left as they are (`clean` is false), for what is on disk is in doubt.
    ///
    /// The store itself may live on in whoever still shares it, and then answers from memory alone.
    pub fn close(&mut self, clean: bool) {
        self.backend.end(clean);
    }

    /// Where received snapshots belong: for [`crate::SnapshotReceiver`].
    pub fn dir(&self) -> &str {
        &self.dir
    }

    /// The last entry applied.
    pub fn applied(&self) -> Position {
        self.backend.applied()
    }

    /// The last entry that is on disk: the log may be compacted up to it.
    pub fn durable_index(&self) -> u64 {
        self.backend.durable_index()
    }

    /// Raft's configuration as of the last change applied, as its owner encoded it.
    pub fn conf_state(&self) -> Option<&Bytes> {
        self.conf_state.as_ref()
    }

    /// Makes a new cluster's first members known, before the first entry.
    pub fn bootstrap(&mut self, members: impl IntoIterator<Item = MemberRecord>) {
        self.members.bootstrap(members, self.backend.outside_entry());
    }

    /// Leases, for reading.
    pub fn lessor(&self) -> &Lessor {
        &self.lessor
    }

    /// Leases, for what is not replicated: promotion, renewal, expiry.
    pub fn lessor_mut(&mut self) -> &mut Lessor {
        &mut self.lessor
    }

    /// Users and roles, for reading.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Users and roles, for what is not replicated: tokens.
    pub fn auth_mut(&mut self) -> &mut Auth {
        &mut self.auth
    }

    /// The members.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// The alarms.
    pub fn alarms(&self) -> &Alarms {
        &self.alarms
    }
}

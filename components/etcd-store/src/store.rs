//! The state machine as one value: what is applied, what is readable, what goes to disk.

use crate::{
    alarm::Alarms,
    auth::{Auth, token::Tokens},
    backend::{Backend, Commit, CommitDone, Defragment, DefragmentDone, Pending, Position},
    batch::Table,
    error::{Refused, StoreError},
    files::{self, SnapshotJob},
    keys::{Keys, KvHash, LeasedKeys},
    lease::{Lessor, LessorConfig},
    members::Members,
    meta,
    watch::{Hub, StreamId, WatchError, WatchId, WatchMessage, WatchSpec},
};
use bytes::Bytes;
use etcd_api::{
    etcdserverpb::{RangeRequest, RangeResponse, TxnRequest, TxnResponse},
    internal::MemberRecord,
};
use host::{Disk, Host};
use tokio::sync::mpsc;

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
        files::clean(disk, &dir, config.snapshot_index)?;
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

    /// What waits for a commit.
    pub fn pending(&self) -> Pending {
        self.backend.pending()
    }

    /// Takes what is staged to be committed; `None` when nothing is, or a job is under way.
    ///
    /// # Errors
    /// An earlier commit failed: the member must stop.
    pub fn begin_commit(&mut self) -> Result<Option<Commit>, StoreError> {
        self.backend.begin_commit()
    }

    /// Brings a commit home.
    ///
    /// # Errors
    /// The commit's own: the member must stop.
    pub fn end_commit(&mut self, done: CommitDone) -> Result<(), StoreError> {
        self.backend.end_commit(done)
    }

    /// Commits in place; blocking. For the end of a member's life, and for tests.
    ///
    /// # Errors
    /// As for [`Store::end_commit`].
    pub fn commit(&mut self) -> Result<(), StoreError> {
        match self.begin_commit()? {
            Some(job) => self.end_commit(job.run()),
            None => Ok(()),
        }
    }

    /// Takes what a defragmentation needs; entries may be applied while it runs.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another job is under way.
    pub fn begin_defragment(&mut self) -> Result<Defragment, StoreError> {
        self.backend.begin_defragment()
    }

    /// Puts the rewritten file in place; blocking, but short.
    ///
    /// # Errors
    /// [`StoreError::Replaced`] when a snapshot was installed meanwhile; else the member must stop.
    pub fn end_defragment(
        &mut self,
        disk: &dyn Disk,
        done: DefragmentDone,
    ) -> Result<(), StoreError> {
        self.backend.end_defragment(disk, done)
    }

    /// Takes what a snapshot needs: it will hold what is committed by now, not what is staged.
    ///
    /// # Errors
    /// An earlier commit failed: the member must stop.
    pub fn begin_snapshot(&mut self) -> Result<SnapshotJob, StoreError> {
        self.snapshots += 1;
        let path = format!("{}/snapshot-{}.tmp", self.dir, self.snapshots);
        SnapshotJob::new(&self.host, &self.backend, path, self.cache_bytes)
    }

    /// Answers a range request from what is applied.
    ///
    /// # Errors
    /// The revision is compacted or not reached yet.
    pub fn range(&self, request: &RangeRequest) -> Result<RangeResponse, Refused> {
        self.keys.range(&self.backend, request, self.keys.revision())
    }

    /// Answers a transaction that [`crate::is_read_only`].
    ///
    /// # Errors
    /// As for [`Store::range`].
    pub fn read_txn(&self, request: &TxnRequest) -> Result<TxnResponse, Refused> {
        self.keys.read_transaction(&self.backend, request)
    }

    /// The revision of the last transaction.
    pub fn revision(&self) -> i64 {
        self.keys.revision()
    }

    /// Revisions below this one cannot be read; 0 when all can.
    pub fn compact_revision(&self) -> i64 {
        self.keys.compacted()
    }

    /// How many keys are alive.
    pub fn key_count(&self) -> u64 {
        self.keys.alive()
    }

    /// Hashes all retained revisions up to `at`, or all for 0; reads them all.
    ///
    /// # Errors
    /// The revision is compacted or not reached yet.
    pub fn hash_kv(&self, at: i64) -> Result<KvHash, Refused> {
        self.keys.hash(&self.backend, at)
    }

    /// Hashes all tables but Meta: leases, users, members and keys, deleted ones included.
    ///
    /// # Errors
    /// The file cannot be read: the member must stop.
    pub fn hash(&self) -> Result<u32, StoreError> {
        let mut hash = 0;
        for table in Table::ALL.into_iter().filter(|table| *table != Table::Meta) {
            hash = crc32c::crc32c_append(hash, table.name().as_bytes());
            for (key, value) in self.backend.all_rows(table)? {
                hash = crc32c::crc32c_append(crc32c::crc32c_append(hash, &key), &value);
            }
        }
        Ok(hash)
    }

    /// Length of the file in bytes; blocking.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn size(&self) -> Result<u64, StoreError> {
        self.backend.size()
    }

    /// Bytes of all rows: what the quota is compared with.
    pub fn size_in_use(&self) -> i64 {
        self.backend.size_in_use()
    }

    /// True while compacted revisions wait for their deletion.
    pub fn is_compacting(&self) -> bool {
        self.keys.is_compacting()
    }

    /// Deletes compacted revisions of up to `limit` keys (upstream: 1,000 every 10 ms). True when
    /// more is to do.
    pub fn compact_step(&mut self, limit: usize) -> bool {
        self.keys.compact_step(&self.host, &mut self.backend, limit)
    }

    /// Opens a watch stream. Whoever reads the receiver passes its messages on.
    pub fn open_stream(&mut self) -> (StreamId, mpsc::Receiver<WatchMessage>) {
        self.hub.open_stream()
    }

    /// Ends a stream and its watches.
    pub fn close_stream(&mut self, stream: StreamId) {
        self.hub.close_stream(stream);
    }

    /// Starts a watch. A progress message that is in the receiver already does not speak for it: the
    /// client must hear of the new watch after what was buffered before.
    ///
    /// # Errors
    /// The range is empty, the id taken, the stream closed.
    pub fn watch(&mut self, stream: StreamId, spec: WatchSpec) -> Result<WatchId, WatchError> {
        self.hub.watch(stream, spec, self.keys.revision())
    }

    /// Ends a watch; false when there is none.
    pub fn cancel_watch(&mut self, stream: StreamId, id: WatchId) -> bool {
        self.hub.cancel(stream, id)
    }

    /// Asks how far a stream has seen; answered with [`crate::ALL_WATCHES`] once it is in sync.
    pub fn request_progress(&mut self, stream: StreamId) {
        self.hub.request_progress(stream, self.keys.revision());
    }

    /// Tells a watch how far it has seen, if it is in sync and its stream has room.
    pub fn watch_progress(&mut self, stream: StreamId, id: WatchId) -> bool {
        self.hub.watch_progress(stream, id, self.keys.revision())
    }

    /// True while some watch is behind: [`Store::sync_watches`] is to be called every 100 ms, or
    /// sooner when a full stream was read.
    pub fn watches_need_sync(&self) -> bool {
        self.hub.needs_sync()
    }

    /// One bounded step of catching up. True when another one at once would get further.
    ///
    /// # Errors
    /// The file cannot be read: the member must stop.
    pub fn sync_watches(&mut self) -> Result<bool, StoreError> {
        self.hub.sync_step(&self.keys, &self.backend)
    }

    /// Watches, and those of them that are behind.
    pub fn watch_counts(&self) -> (usize, usize) {
        self.hub.counts()
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

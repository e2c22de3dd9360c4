//! Keeps the backend: commits, defragments, snapshots and installs, one at a time.
//!
//! All work on the backend's file goes through this task, so that no two jobs ever meet there.
//! Entries are applied meanwhile: they stage in memory.

use crate::{driver::Ask, fatal::Fatal, metrics::DiskMetrics, persist::LogWork};
use etcd_store::{Position, SnapshotFile, Store, StoreError};
use host::{Host, event};
use parking_lot::RwLock;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, mpsc, oneshot};
use wal::SnapshotMark;

/// Jobs waiting for the keeper at most.
const JOBS_MAX: usize = 64;

/// The store as all parts of a member share it.
pub(crate) type SharedStore = Arc<RwLock<Store>>;

/// A job for the keeper.
#[derive(Debug)]
pub(crate) enum Job {
    /// Rewrite the backend's file without holes.
    Defragment(oneshot::Sender<Result<(), StoreError>>),
    /// A consistent copy of the backend.
    Snapshot(oneshot::Sender<Result<SnapshotFile, StoreError>>),
    /// Replace the backend by the snapshot received for this index.
    Install(u64, oneshot::Sender<Result<(), StoreError>>),
    /// Commit now, and answer when it is durable.
    Commit(oneshot::Sender<()>),
}

/// Where jobs are handed in.
#[derive(Clone, Debug)]
pub(crate) struct KeeperHandle {
    jobs: mpsc::Sender<Job>,
    full: Arc<Notify>,
}

impl KeeperHandle {
    /// Hands a job in.
    pub(crate) async fn job<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.jobs.send(job(sender)).await.ok()?;
        receiver.await.ok()
    }

    /// Says that so much is staged that a commit should not wait for its time.
    pub(crate) fn commit_soon(&self) {
        self.full.notify_one();
    }
}

/// How often, and with what slack, the keeper tidies up.
#[derive(Clone, Debug)]
pub(crate) struct KeeperSettings {
    pub(crate) interval: Duration,
    pub(crate) snapshot_count: u64,
    pub(crate) catchup_entries: u64,
    /// Who is told how long it takes.
    pub(crate) metrics: DiskMetrics,
}

/// The task.
pub(crate) struct Keeper {
    host: Host,
    store: SharedStore,
    jobs: mpsc::Receiver<Job>,
    full: Arc<Notify>,
    log: mpsc::UnboundedSender<LogWork>,
    asks: mpsc::Sender<Ask>,
    settings: KeeperSettings,
    marked: u64,
    /// The last entry that is in the backend's file.
    durable: Position,
}

/// The handle and the task; `marked` is the index of the log's last snapshot mark.
pub(crate) fn keeper(
    host: Host,
    store: SharedStore,
    log: mpsc::UnboundedSender<LogWork>,
    asks: mpsc::Sender<Ask>,
    settings: KeeperSettings,
    marked: u64,
) -> (KeeperHandle, Keeper) {
    let (sender, jobs) = mpsc::channel(JOBS_MAX);
    let full = Arc::new(Notify::new());
    let handle = KeeperHandle { jobs: sender, full: full.clone() };
    (
        handle,
        Keeper {
            host,
            store,
            jobs,
            full,
            log,
            asks,
            settings,
            marked,
            durable: Position::default(),
        },
    )
}

enum Wake {
    Job(Option<Job>),
    Time,
}

impl Keeper {
    /// Runs until every handle is gone.
    ///
    /// # Errors
    /// The backend failed: the member must stop.
    pub(crate) async fn run(mut self) -> Result<(), Fatal> {
        let mut interval = self.host.interval(self.settings.interval);
        loop {
            let wake = host::select!(self.host, {
                job = self.jobs.recv() => Wake::Job(job),
                () = self.full.notified() => Wake::Time,
                () = interval.tick() => Wake::Time,
            });
            match wake {
                Wake::Job(Some(job)) => self.carry_out(job).await.map_err(Fatal::Store)?,
                Wake::Job(None) => return Ok(()),
                Wake::Time => self.commit().await.map_err(Fatal::Store)?,
            }
            self.mark().await;
        }
    }

    async fn carry_out(&mut self, job: Job) -> Result<(), StoreError> {
        match job {
            Job::Defragment(reply) => {
                // E03a, #14685: what is open is committed by the rewriting itself.
                if !self.host.defects.has("E03a") {
                    self.commit().await?;
                }
                let (host, store) = (self.host.clone(), self.store.clone());
                let metrics = self.settings.metrics.clone();
                let work = async move {
                    let result = defragment(&host, &store, &metrics).await;
                    // The asker may have given up; the work was done anyway.
                    let _ = reply.send(result);
                };
                // E14b, #20271: a received snapshot may be installed meanwhile.
                match self.host.defects.has("E14b") {
                    true => self.host.spawn("etcd/defragment", work).detach(),
                    false => work.await,
                }
            }
            Job::Snapshot(reply) => {
                self.commit().await?;
                let _ = reply.send(self.snapshot().await);
            }
            Job::Install(index, reply) => {
                let result = self.install(index).await;
                let _ = reply.send(result);
            }
            Job::Commit(reply) => {
                self.commit().await?;
                let _ = reply.send(());
            }
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        let (job, position) = {
            let mut store = self.store.write();
            (store.begin_commit()?, store.applied())
        };
        let Some(job) = job else { return Ok(()) };
        let began = self.host.now();
        let done = self.host.disk_job(move |_| job.run()).await;
        self.settings.metrics.commit.observe((self.host.now() - began).as_secs_f64());
        self.host.point("keeper/committed");
        self.store.write().end_commit(done)?;
        self.durable = position;
        Ok(())
    }

    async fn snapshot(&self) -> Result<SnapshotFile, StoreError> {
        let job = self.store.write().begin_snapshot()?;
        let began = self.host.now();
        let made = self.host.disk_job(move |disk| job.run(disk)).await;
        self.settings.metrics.snapshot.observe((self.host.now() - began).as_secs_f64());
        made
    }

    async fn install(&mut self, index: u64) -> Result<(), StoreError> {
        let store = self.store.clone();
        self.host.disk_job(move |_| store.write().install(index)).await?;
        self.marked = self.marked.max(index);
        self.host.point("keeper/installed");
        Ok(())
    }

    /// Once enough entries are durable in the backend, the log need not keep them.
    async fn mark(&mut self) {
        let Position { index, term } = self.durable;
        if index < self.marked + self.settings.snapshot_count {
            return;
        }
        self.host.point("keeper/before-mark");
        self.marked = index;
        let release = index.saturating_sub(self.settings.catchup_entries);
        event!(self.host, Debug, "compacting the raft log", index = index, release = release);
        let mark = SnapshotMark { index, term };
        // Errors mean that the member is stopping.
        let _ = self.log.send(LogWork::Mark { mark, release });
        let _ = self.asks.send(Ask::Compact(release)).await;
    }
}

async fn defragment(
    host: &Host,
    store: &SharedStore,
    metrics: &DiskMetrics,
) -> Result<(), StoreError> {
    let _entered = metrics.defragmenting.enter();
    let began = host.now();
    let job = store.write().begin_defragment()?;
    let done = host.disk_job(move |disk| job.run(disk)).await;
    let (disk, store) = (host.disk.clone(), store.clone());
    let result = host.disk_job(move |_| store.write().end_defragment(&*disk, done)).await;
    host.point("keeper/defragmented");
    metrics.defragment.observe((host.now() - began).as_secs_f64());
    result
}

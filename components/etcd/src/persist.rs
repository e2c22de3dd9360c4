//! Makes Raft's state durable, in order, and only then lets out what depends on it.
//!
//! Several Readys may wait here: they go to the log in one write and one sync (group commit). What
//! must not be said before it is durable — votes, append acknowledgements — waits with them.

use crate::{applier::Apply, facts, fatal::Fatal, peers::Peers};
use host::Host;
use raft::{
    Message,
    types::{Entry, HardState, SnapshotMeta},
};
use std::sync::Arc;
use telemetry::{Gauge, Histogram};
use tokio::sync::mpsc;
use wal::{SnapshotMark, Wal, WalError};

/// Readys written in one go at most.
const GROUP_MAX: usize = 256;

/// The durable half of one Ready.
#[derive(Debug)]
pub(crate) struct Persist {
    pub(crate) number: u64,
    pub(crate) hard_state: Option<HardState>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) snapshot: Option<SnapshotMeta>,
    pub(crate) must_sync: bool,
    pub(crate) messages: Vec<Message>,
}

/// What the log is asked to do.
#[derive(Debug)]
pub(crate) enum LogWork {
    /// Save a Ready.
    Save(Persist),
    /// A snapshot of the application is durable at this mark; segments that only hold older
    /// entries may go.
    Mark {
        /// Where the application's snapshot stands.
        mark: SnapshotMark,
        /// Everything below is needed no more.
        release: u64,
    },
}

impl LogWork {
    fn writes(&self) -> bool {
        match self {
            Self::Save(save) => {
                save.hard_state.is_some() || !save.entries.is_empty() || save.snapshot.is_some()
            }
            Self::Mark { .. } => true,
        }
    }
}

/// The only user of the write-ahead log.
pub(crate) struct LogWriter {
    pub(crate) host: Host,
    pub(crate) id: u64,
    pub(crate) wal: Wal,
    pub(crate) work: mpsc::UnboundedReceiver<LogWork>,
    pub(crate) durable: mpsc::UnboundedSender<u64>,
    pub(crate) peers: Arc<Peers>,
    pub(crate) apply: mpsc::UnboundedSender<Apply>,
    /// As last written.
    pub(crate) state: HardState,
    /// Seconds of each write with a sync.
    pub(crate) sync_times: Histogram,
    /// Bytes written.
    pub(crate) bytes: Gauge,
}

impl LogWriter {
    /// Runs until the driver is gone.
    ///
    /// # Errors
    /// The log failed: nothing may be acknowledged any more.
    pub(crate) async fn run(mut self) -> Result<(), Fatal> {
        while let Some(first) = self.work.recv().await {
            let mut group = vec![first];
            while group.len() < GROUP_MAX {
                let Ok(next) = self.work.try_recv() else { break };
                group.push(next);
            }
            self = self.write(group).await?;
        }
        Ok(())
    }

    async fn write(mut self, mut group: Vec<LogWork>) -> Result<Self, Fatal> {
        if self.host.defects.has("E18a") {
            // etcd#14143 and raft f99897c: votes and acknowledgements leave before the sync.
            self.send(&mut group);
        }
        if group.iter().any(LogWork::writes) {
            (self, group) = self.save(group).await?;
        }
        self.tell(&group);
        self.host.point("etcd/after-persist");
        self.install(&group);
        self.host.point("persist/before-send");
        let number = group.iter().rev().find_map(|work| match work {
            LogWork::Save(persist) => Some(persist.number),
            LogWork::Mark { .. } => None,
        });
        self.send(&mut group);
        if let Some(number) = number {
            // An error means that the driver is gone: this task ends with it.
            let _ = self.durable.send(number);
        }
        Ok(self)
    }

    async fn save(mut self, group: Vec<LogWork>) -> Result<(Self, Vec<LogWork>), Fatal> {
        let began = self.host.now();
        let mut wal = self.wal;
        let (wal, group, result) = self
            .host
            .disk_job(move |_| {
                let result = save(&mut wal, &group);
                (wal, group, result)
            })
            .await;
        self.wal = wal;
        self.tell_bytes();
        result.map_err(Fatal::Log)?;
        if group.iter().any(|work| matches!(work, LogWork::Save(save) if save.must_sync)) {
            self.sync_times.observe((self.host.now() - began).as_secs_f64());
        }
        Ok((self, group))
    }

    #[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers")]
    fn tell_bytes(&self) {
        self.bytes.set(self.wal.written_bytes() as f64);
    }

    /// A snapshot is installed once the log knows of it: a crash between the two is mended at the
    /// next start, the other way round it could not be.
    fn install(&self, group: &[LogWork]) {
        for work in group {
            if let LogWork::Save(Persist { snapshot: Some(snapshot), .. }) = work {
                // An error means that the member is stopping.
                let _ = self.apply.send(Apply::Snapshot(snapshot.clone()));
            }
        }
    }

    /// What was to be said in a term that ended within the group is not said: the next leader may
    /// have replaced what it speaks of in the same write, and then it never was on the disk.
    fn send(&self, group: &mut [LogWork]) {
        for work in group {
            if let LogWork::Save(persist) = work {
                let stale = |message: &Message| (1..self.state.term).contains(&message.term);
                persist.messages.retain(|message| !stale(message));
                facts::promises(&self.host, persist);
                self.peers.send(std::mem::take(&mut persist.messages));
            }
        }
    }

    fn tell(&mut self, group: &[LogWork]) {
        let mut own_votes = Vec::new();
        let synced = group.iter().any(|work| matches!(work, LogWork::Save(save) if save.must_sync));
        for work in group {
            let LogWork::Save(Persist { hard_state: Some(state), .. }) = work else { continue };
            let before = (self.state.term, self.state.vote);
            let voted = (state.term, state.vote) != before && state.vote == self.id;
            self.state = *state;
            own_votes.extend(voted.then_some(state.term));
        }
        if synced {
            facts::durable(&self.host, self.wal.last(), self.state);
        }
        for term in own_votes {
            facts::own_vote(&self.host, term, self.id);
        }
    }
}

fn save(wal: &mut Wal, group: &[LogWork]) -> Result<(), WalError> {
    let mut gathered = Gathered::default();
    for work in group {
        match work {
            LogWork::Save(persist) => {
                if let Some(snapshot) = &persist.snapshot {
                    gathered.write(wal)?;
                    wal.save_received(SnapshotMark { index: snapshot.index, term: snapshot.term })?;
                }
                gathered.add(persist);
            }
            LogWork::Mark { mark, release } => {
                gathered.write(wal)?;
                wal.save_snapshot(*mark)?;
                wal.release_to(*release)?;
            }
        }
    }
    gathered.write(wal)
}

/// Saves that follow each other, to be written as one: they are durable together or not at all,
/// and of their hard states only the last counts.
#[derive(Default)]
struct Gathered {
    state: Option<HardState>,
    entries: Vec<Entry>,
    sync: bool,
}

impl Gathered {
    fn add(&mut self, persist: &Persist) {
        self.state = persist.hard_state.or(self.state);
        self.entries.extend_from_slice(&persist.entries);
        self.sync |= persist.must_sync;
    }

    fn write(&mut self, wal: &mut Wal) -> Result<(), WalError> {
        let Self { state, entries, sync } = std::mem::take(self);
        if state.is_none() && entries.is_empty() && !sync {
            return Ok(());
        }
        wal.save(state.as_ref(), &entries, sync)
    }
}

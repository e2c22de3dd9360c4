//! Leases: who holds which keys for how long (server/lease/lessor.go).
//!
//! Which leases exist, their time to live, their keys and their checkpoints are functions of the
//! log and equal on all members. When a lease expires is known to the leader alone, the *primary*
//! lessor, in its own monotonic time: see [`expiry`]. Nothing expires by itself. The server asks
//! the primary what is due and proposes to revoke it.

mod expiry;
#[cfg(test)]
mod tests;

pub use expiry::{CHECKPOINT_BATCH_MAX, POLL_INTERVAL, REVOKE_BATCH_MAX};

use crate::{
    batch::{Batch, Table},
    row::{self, BadRow, Row},
};
use bytes::Bytes;
use etcd_api::{EtcdError, etcdserverpb::LeaseCheckpoint, internal::LeaseRecord};
use expiry::Expiry;
use host::{Defects, Instant};
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The lease of keys that have none.
pub const NO_LEASE: i64 = 0;

/// The longest time to live that is granted, in seconds.
pub const TTL_SECONDS_MAX: i64 = 9_000_000_000;

/// What a member's lessor is told at start.
#[derive(Clone, Debug)]
pub struct LessorConfig {
    /// Shorter wishes are raised to this many seconds; see [`ttl_seconds_min`]. It must be the same
    /// on all members, for it decides what is granted.
    pub ttl_seconds_min: i64,
    /// How often the time left is written to the log; `None` is upstream's gate `LeaseCheckpoint`
    /// switched off.
    pub checkpoint_interval: Option<Duration>,
    /// Deliberate bugs.
    pub defects: Defects,
}

/// Upstream's checkpoint interval.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// The shortest time to live: a lease must outlast one and a half elections
/// (server/etcdserver/server.go: `minTTL`).
pub fn ttl_seconds_min(election_timeout: Duration) -> i64 {
    let seconds = (3 * election_timeout).div_f64(2.0).as_secs_f64().ceil();
    seconds as i64
}

/// Why a lease operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Only the leader may answer; the caller forwards.
    #[error("not a primary lessor")]
    NotPrimary,
    /// There is no such lease.
    #[error("lease not found")]
    NotFound,
    /// The asked identity is taken.
    #[error("lease already exists")]
    Exists,
    /// More than [`TTL_SECONDS_MAX`].
    #[error("too large lease TTL")]
    TtlTooLarge,
    /// The time is up, and the revocation under way: the caller waits for its outcome, that is for
    /// the lease to vanish or for this lessor to be demoted.
    #[error("the lease has expired and is about to be revoked")]
    Expiring,
}

impl From<LeaseError> for EtcdError {
    fn from(error: LeaseError) -> EtcdError {
        match error {
            LeaseError::NotPrimary => EtcdError::NotLeader,
            LeaseError::NotFound | LeaseError::Expiring => EtcdError::LeaseNotFound,
            LeaseError::Exists => EtcdError::LeaseExist,
            LeaseError::TtlTooLarge => EtcdError::LeaseTtlTooLarge,
        }
    }
}

/// How far a renewal got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Renewed for this many seconds.
    Done(i64),
    /// A checkpoint holds less than the full time. The caller first has `remaining_TTL = 0`
    /// committed for this lease, then calls [`Lessor::finish_renewal`].
    ClearCheckpoint(Renewing),
}

/// A renewal that waits for its checkpoint to be cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewing {
    /// The lease.
    pub id: i64,
    ttl_seconds: i64,
    /// Of the primary that renews; the checkpoint is to be cleared in the same.
    pub term: u64,
    /// How many checkpoints it had proposed before.
    proposed: u64,
}

/// One lease, as the log knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lease {
    ttl_seconds: i64,
    /// Seconds left at the last checkpoint; 0 when there was none since the last renewal.
    remaining_seconds: i64,
    keys: BTreeSet<Bytes>,
}

impl Lease {
    fn seconds_left(&self) -> i64 {
        if self.remaining_seconds > 0 { self.remaining_seconds } else { self.ttl_seconds }
    }

    fn stage(&self, id: i64, batch: &mut Batch) {
        let record =
            LeaseRecord { id, ttl: self.ttl_seconds, remaining_ttl: self.remaining_seconds };
        batch.put(Table::Lease, row_key(id), record.encode_to_vec());
    }
}

fn row_key(id: i64) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}

/// All leases of the cluster.
#[derive(Clone, Debug)]
pub struct Lessor {
    config: LessorConfig,
    leases: BTreeMap<i64, Lease>,
    /// Key → the lease it hangs on.
    items: BTreeMap<Bytes, i64>,
    /// On the primary only.
    expiry: Option<Expiry>,
}

impl Lessor {
    /// No leases, not primary.
    pub fn new(config: LessorConfig) -> Self {
        Self { config, leases: BTreeMap::new(), items: BTreeMap::new(), expiry: None }
    }

    /// Applies a grant and gives the granted seconds. The server has chosen the identity, by
    /// chance where the client left it open, before it proposed.
    ///
    /// # Errors
    /// The identity is 0 or taken, or the time too long.
    pub fn grant(
        &mut self,
        id: i64,
        ttl_seconds: i64,
        now: Instant,
        batch: &mut Batch,
    ) -> Result<i64, LeaseError> {
        if id == NO_LEASE {
            return Err(LeaseError::NotFound);
        }
        if ttl_seconds > TTL_SECONDS_MAX {
            return Err(LeaseError::TtlTooLarge);
        }
        if self.leases.contains_key(&id) {
            return Err(LeaseError::Exists);
        }
        let ttl_seconds = ttl_seconds.max(self.config.ttl_seconds_min);
        let lease = Lease { ttl_seconds, remaining_seconds: 0, keys: BTreeSet::new() };
        lease.stage(id, batch);
        self.leases.insert(id, lease);
        self.start_clock(id, now, Duration::ZERO);
        Ok(ttl_seconds)
    }

    /// Applies a revocation and gives the attached keys in order: the caller deletes them in the
    /// same apply, so that no crash can leave keys behind.
    ///
    /// # Errors
    /// There is no such lease.
    pub fn revoke(&mut self, id: i64, batch: &mut Batch) -> Result<Vec<Bytes>, LeaseError> {
        let lease = self.leases.remove(&id).ok_or(LeaseError::NotFound)?;
        if let Some(expiry) = &mut self.expiry {
            expiry.forget(id);
        }
        for key in &lease.keys {
            self.items.remove(key);
        }
        batch.delete(Table::Lease, row_key(id));
        Ok(lease.keys.into_iter().collect())
    }

    /// Applies a checkpoint of the time left. Leases that are gone are passed over.
    pub fn checkpoint(&mut self, checkpoints: &[LeaseCheckpoint], now: Instant, batch: &mut Batch) {
        for checkpoint in checkpoints {
            let Some(lease) = self.leases.get_mut(&checkpoint.id) else { continue };
            lease.remaining_seconds = checkpoint.remaining_ttl;
            // E22, etcd #13491: the time left is known in memory, and lost with it.
            if !self.config.defects.has("E22") {
                lease.stage(checkpoint.id, batch);
            }
            self.schedule_checkpoint(checkpoint.id, now);
        }
    }

    /// Attaches a key, taking it from the lease it hung on before.
    ///
    /// # Errors
    /// There is no such lease; the key keeps the one it had.
    pub fn attach(&mut self, id: i64, key: Bytes) -> Result<(), LeaseError> {
        if !self.leases.contains_key(&id) {
            return Err(LeaseError::NotFound);
        }
        self.detach(&key);
        if let Some(lease) = self.leases.get_mut(&id) {
            lease.keys.insert(key.clone());
        }
        self.items.insert(key, id);
        Ok(())
    }

    /// Takes a key from its lease, if it has one.
    pub fn detach(&mut self, key: &Bytes) {
        let Some(id) = self.items.remove(key) else { return };
        if let Some(lease) = self.leases.get_mut(&id) {
            lease.keys.remove(key);
        }
    }

    /// True when there is such a lease.
    pub fn contains(&self, id: i64) -> bool {
        self.leases.contains_key(&id)
    }

    /// The lease a key hangs on; [`NO_LEASE`] for none.
    pub fn lease_of(&self, key: &Bytes) -> i64 {
        self.items.get(key).copied().unwrap_or(NO_LEASE)
    }

    /// The keys of a lease, in order; none when there is no such lease.
    pub fn keys(&self, id: i64) -> impl Iterator<Item = &Bytes> {
        self.leases.get(&id).into_iter().flat_map(|lease| &lease.keys)
    }

    /// The granted seconds of a lease.
    pub fn granted_seconds(&self, id: i64) -> Option<i64> {
        self.leases.get(&id).map(|lease| lease.ttl_seconds)
    }

    /// How many leases there are.
    pub fn len(&self) -> usize {
        self.leases.len()
    }

    /// True when there are no leases.
    pub fn is_empty(&self) -> bool {
        self.leases.is_empty()
    }

    /// What the log has made of the leases, for comparing members: identity, granted seconds,
    /// checkpointed seconds, keys.
    pub fn replicated(&self) -> impl Iterator<Item = (i64, i64, i64, &BTreeSet<Bytes>)> {
        self.leases
            .iter()
            .map(|(id, lease)| (*id, lease.ttl_seconds, lease.remaining_seconds, &lease.keys))
    }

    /// Forgets everything and reads the rows; those of other tables are passed over. The lessor is
    /// demoted, and its leases are without keys until the caller has attached each key of the store
    /// that has a lease.
    ///
    /// # Errors
    /// A row that we cannot have written.
    pub fn restore<'a>(&mut self, rows: impl IntoIterator<Item = &'a Row>) -> Result<(), BadRow> {
        *self = Self::new(self.config.clone());
        for row in rows.into_iter().filter(|(table, ..)| *table == Table::Lease) {
            let record: LeaseRecord = row::decode(row)?;
            let lease = Lease {
                ttl_seconds: record.ttl.max(self.config.ttl_seconds_min),
                remaining_seconds: record.remaining_ttl,
                keys: BTreeSet::new(),
            };
            self.leases.insert(record.id, lease);
        }
        Ok(())
    }
}

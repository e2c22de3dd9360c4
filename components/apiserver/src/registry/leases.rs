//! Leases of objects that vanish by themselves: one for all of about the same age.
//!
//! Upstream: apiserver/pkg/storage/etcd3/lease_manager.go.

use crate::{failure::Failure, storage::Storage};
use host::Instant;
use parking_lot::Mutex;
use std::time::Duration;

/// A lease takes objects for so long, or for a twentieth of its time.
const REUSE: Duration = Duration::from_secs(60);
const REUSE_PART: u32 = 20;
/// Objects of one lease: their end is one transaction of the storage.
const OBJECTS_MAX: u32 = 1000;

/// The lease that new objects get.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<Option<Current>>);

#[derive(Clone, Copy, Debug)]
struct Current {
    id: i64,
    ends: Instant,
    objects: u32,
}

impl Leases {
    /// A lease that lasts `ttl` at least.
    pub(super) async fn lease(
        &self,
        storage: &Storage,
        now: Instant,
        ttl: Duration,
    ) -> Result<i64, Failure> {
        let spare = REUSE.min(ttl / REUSE_PART);
        if let Some(id) = self.reuse(now, ttl, spare) {
            return Ok(id);
        }
        let lasts = ttl + spare;
        let id = storage.lease(i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX)).await?;
        *self.0.lock() = Some(Current { id, ends: now + lasts, objects: 1 });
        Ok(id)
    }

    /// The present lease, where it lasts long enough and not too long.
    fn reuse(&self, now: Instant, ttl: Duration, spare: Duration) -> Option<i64> {
        let mut current = self.0.lock();
        let lease = current.as_mut()?;
        let (least, most) = (now + ttl, now + ttl + spare);
        let fits = least < lease.ends && lease.ends <= most && lease.objects < OBJECTS_MAX;
        lease.objects += u32::from(fits);
        fits.then_some(lease.id)
    }
}

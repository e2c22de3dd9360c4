//! The primary's clock: when leases are due, renewals, and checkpoints of the time left.
//!
//! All of it is local to the leader, forgotten when it is deposed, and rebuilt when a member
//! becomes leader. The server must make sure that it still *is* leader before it revokes, renews
//! or checkpoints (etcd #15247): a lessor cannot know that it was deposed.

use super::{LeaseError, Lessor, Renewal, Renewing};
use etcd_api::etcdserverpb::LeaseCheckpoint;
use host::Instant;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// At most this many leases are given to revocation in one call of [`Lessor::expired`]; the server
/// calls every [`POLL_INTERVAL`].
pub const REVOKE_BATCH_MAX: usize = REVOKES_PER_SECOND / 2;

/// At most this many checkpoints go into one log entry.
pub const CHECKPOINT_BATCH_MAX: usize = 1000;

/// How often the server asks the primary what is due.
pub const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// After this time an expired lease that still exists is given to revocation again.
const REVOKE_RETRY: Duration = Duration::from_secs(3);

/// After this time a renewal that waited for its checkpoint to be cleared has surely failed.
const CLEARING_MAX: Duration = Duration::from_secs(10);

const REVOKES_PER_SECOND: usize = 1000;

/// Instants by lease, and leases by instant.
#[derive(Clone, Debug, Default)]
struct Schedule {
    at: BTreeMap<i64, Instant>,
    queue: BTreeSet<(Instant, i64)>,
}

impl Schedule {
    fn set(&mut self, id: i64, at: Instant) {
        self.remove(id);
        self.at.insert(id, at);
        self.queue.insert((at, id));
    }

    fn remove(&mut self, id: i64) {
        if let Some(at) = self.at.remove(&id) {
            self.queue.remove(&(at, id));
        }
    }

    /// The first lease that is due.
    fn due(&self, now: Instant) -> Option<i64> {
        self.queue.first().filter(|(at, _)| *at <= now).map(|(_, id)| *id)
    }
}

/// The primary's knowledge of time.
#[derive(Clone, Debug, Default)]
pub(super) struct Expiry {
    /// The term in which it leads.
    term: u64,
    /// When each lease ends.
    end: BTreeMap<i64, Instant>,
    /// When to look at each lease: its end, or the next attempt to have it revoked.
    looks: Schedule,
    checkpoints: Schedule,
    /// How many checkpoints were given to be proposed.
    proposed: u64,
    /// The last one of each lease since its last renewal, by that count: it may be applied late.
    under_way: BTreeMap<i64, u64>,
    /// Leases whose renewal waits for a cleared checkpoint, and until when at most.
    renewing: BTreeMap<i64, Instant>,
}

impl Expiry {
    fn end_at(&mut self, id: i64, at: Instant) {
        self.end.insert(id, at);
        self.looks.set(id, at);
    }

    pub(super) fn forget(&mut self, id: i64) {
        self.end.remove(&id);
        self.looks.remove(id);
        self.checkpoints.remove(id);
        self.under_way.remove(&id);
        self.renewing.remove(&id);
    }

    fn is_renewing(&self, id: i64, now: Instant) -> bool {
        self.renewing.get(&id).is_some_and(|until| *until > now)
    }
}

fn seconds(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

impl Lessor {
    /// True when this member's lessor knows time, that is on the leader.
    pub fn is_primary(&self) -> bool {
        self.expiry.is_some()
    }

    /// In which term this member's lessor counts as the leader's.
    pub fn primary_term(&self) -> Option<u64> {
        self.expiry.as_ref().map(|expiry| expiry.term)
    }

    /// Becomes primary: every lease gets its time left by the last checkpoint, or all of its time,
    /// and `extend` (one election timeout) on top, for its holder could not renew it meanwhile.
    ///
    /// To be called when everything of earlier terms is applied: it may clear a checkpoint.
    pub fn promote(&mut self, term: u64, now: Instant, extend: Duration) {
        self.expiry = Some(Expiry { term, ..Expiry::default() });
        let ids: Vec<i64> = self.leases.keys().copied().collect();
        for id in ids {
            self.start_clock(id, now, extend);
        }
        if self.leases.len() >= REVOKES_PER_SECOND {
            self.spread_ends(now, extend);
        }
    }

    /// No longer knows time: nothing expires here any more.
    pub fn demote(&mut self) {
        self.expiry = None;
    }

    /// Renews a lease.
    ///
    /// # Errors
    /// Not primary; no such lease; or it is about to be revoked.
    pub fn renew(&mut self, id: i64, now: Instant) -> Result<Renewal, LeaseError> {
        let expiry = self.expiry.as_mut().ok_or(LeaseError::NotPrimary)?;
        let lease = self.leases.get(&id).ok_or(LeaseError::NotFound)?;
        if expiry.end.get(&id).is_some_and(|end| *end <= now) {
            return Err(LeaseError::Expiring);
        }
        let (term, proposed) = (expiry.term, expiry.proposed);
        let renewing = Renewing { id, ttl_seconds: lease.ttl_seconds, term, proposed };
        // One that was proposed and is not applied yet would be applied after the renewal; the one
        // that clears it comes after it in the log.
        let checkpointed = lease.remaining_seconds > 0 || expiry.under_way.contains_key(&id);
        if self.config.checkpoint_interval.is_some() && checkpointed {
            expiry.renewing.insert(id, now + CLEARING_MAX);
            return Ok(Renewal::ClearCheckpoint(renewing));
        }
        self.finish_renewal(renewing, now).map(Renewal::Done)
    }

    /// The second half of a renewal, after the checkpoint was cleared.
    ///
    /// # Errors
    /// As for [`Lessor::renew`]: much may have happened since its first half.
    pub fn finish_renewal(&mut self, renewing: Renewing, now: Instant) -> Result<i64, LeaseError> {
        // E21c, etcd #20615: revoked while the checkpoint was cleared, and renewed all the same.
        if self.config.defects.has("E21c") && !self.leases.contains_key(&renewing.id) {
            return Ok(renewing.ttl_seconds);
        }
        self.abandon_renewal(renewing);
        let id = renewing.id;
        let expiry = self.expiry.as_mut().filter(|expiry| expiry.term == renewing.term);
        let expiry = expiry.ok_or(LeaseError::NotPrimary)?;
        let lease = self.leases.get(&id).ok_or(LeaseError::NotFound)?;
        if expiry.end.get(&id).is_some_and(|end| *end <= now) {
            return Err(LeaseError::Expiring);
        }
        if expiry.under_way.get(&id).is_some_and(|last| *last <= renewing.proposed) {
            expiry.under_way.remove(&id);
        }
        expiry.end_at(id, now + seconds(lease.ttl_seconds));
        Ok(lease.ttl_seconds)
    }

    /// A renewal will not be finished: the checkpoint was perhaps not cleared.
    pub fn abandon_renewal(&mut self, renewing: Renewing) {
        if let Some(expiry) = self.expiry.as_mut().filter(|expiry| expiry.term == renewing.term) {
            expiry.renewing.remove(&renewing.id);
        }
    }

    /// The leases to revoke now, at most [`REVOKE_BATCH_MAX`]; each comes again after a while for as
    /// long as it exists. None when not primary.
    pub fn expired(&mut self, now: Instant) -> Vec<i64> {
        let mut due = Vec::new();
        let Some(expiry) = &mut self.expiry else { return due };
        while due.len() < REVOKE_BATCH_MAX {
            let Some(id) = expiry.looks.due(now) else { break };
            expiry.looks.set(id, now + REVOKE_RETRY);
            due.push(id);
        }
        due
    }

    /// The checkpoints to propose now, once, at most [`CHECKPOINT_BATCH_MAX`]: proposed again
    /// later, one could follow upon a renewal. None when not primary.
    ///
    /// Each lease comes again an interval later, whether or not its checkpoint was proposed and
    /// applied. Upstream plans the next one only when one is applied, so that a lost proposal, or
    /// an interval too short to change whole seconds, ends a lease's checkpoints.
    pub fn due_checkpoints(&mut self, now: Instant) -> Vec<LeaseCheckpoint> {
        let mut due = Vec::new();
        let (Some(expiry), Some(interval)) = (&mut self.expiry, self.config.checkpoint_interval)
        else {
            return due;
        };
        while due.len() < CHECKPOINT_BATCH_MAX {
            let Some(id) = expiry.checkpoints.due(now) else { break };
            expiry.checkpoints.set(id, now + interval.max(POLL_INTERVAL));
            // The time left before the renewal must not follow upon its clearing.
            if expiry.is_renewing(id, now) {
                continue;
            }
            let (Some(lease), Some(end)) = (self.leases.get(&id), expiry.end.get(&id)) else {
                continue;
            };
            let remaining_ttl = seconds_up(end.since(now)).min(lease.ttl_seconds);
            // Expired leases are about to be revoked; others may have nothing new to remember.
            if remaining_ttl > 0 && remaining_ttl != lease.seconds_left() {
                expiry.proposed += 1;
                expiry.under_way.insert(id, expiry.proposed);
                due.push(LeaseCheckpoint { id, remaining_ttl });
            }
        }
        due
    }

    /// True when [`Lessor::due_checkpoints`] has something to look at.
    pub fn checkpoints_are_due(&self, now: Instant) -> bool {
        self.expiry.as_ref().is_some_and(|expiry| expiry.checkpoints.due(now).is_some())
    }

    /// The time left of a lease; zero when it is over.
    ///
    /// # Errors
    /// Not primary; no such lease.
    pub fn remaining(&self, id: i64, now: Instant) -> Result<Duration, LeaseError> {
        let expiry = self.expiry.as_ref().ok_or(LeaseError::NotPrimary)?;
        expiry.end.get(&id).map(|end| end.since(now)).ok_or(LeaseError::NotFound)
    }

    /// All leases: on the primary by their end, elsewhere by identity.
    pub fn ids(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.leases.keys().copied().collect();
        if let Some(expiry) = &self.expiry {
            ids.sort_by_key(|id| expiry.end.get(id));
        }
        ids
    }

    /// The next instant at which [`Lessor::expired`] or [`Lessor::due_checkpoints`] has work.
    pub fn next_due(&self) -> Option<Instant> {
        let expiry = self.expiry.as_ref()?;
        let queues = [&expiry.looks.queue, &expiry.checkpoints.queue];
        queues.iter().filter_map(|queue| queue.first()).map(|(at, _)| *at).min()
    }

    /// Starts, or starts anew, a lease's time, if primary.
    pub(super) fn start_clock(&mut self, id: i64, now: Instant, extend: Duration) {
        let (Some(expiry), Some(lease)) = (&mut self.expiry, self.leases.get(&id)) else { return };
        expiry.end_at(id, now + extend + seconds(lease.seconds_left()));
        self.schedule_checkpoint(id, now);
    }

    /// Plans a checkpoint for leases that live longer than the interval, if primary.
    pub(super) fn schedule_checkpoint(&mut self, id: i64, now: Instant) {
        let (Some(expiry), Some(interval)) = (&mut self.expiry, self.config.checkpoint_interval)
        else {
            return;
        };
        let long = |lease: &super::Lease| seconds(lease.seconds_left()) > interval;
        if self.leases.get(&id).is_some_and(long) {
            expiry.checkpoints.set(id, now + interval);
        }
    }

    /// Puts off ends that fall together, so that no second has more than three quarters of what
    /// can be revoked in one (upstream: `Promote`, "adjust expiries in case of overlap").
    fn spread_ends(&mut self, now: Instant, extend: Duration) {
        const PER_SECOND: u32 = (3 * REVOKES_PER_SECOND as u32) / 4;
        let Some(expiry) = &self.expiry else { return };
        let mut ends: Vec<(Duration, i64)> =
            expiry.end.iter().map(|(id, end)| (end.since(now), *id)).collect();
        ends.sort_unstable();
        let mut base = ends.first().map_or(Duration::ZERO, |(left, _)| *left);
        let mut window = base + Duration::from_secs(1);
        let mut count = 0;
        for (left, id) in ends {
            if left > window {
                (base, window, count) = (left, left + Duration::from_secs(1), 1);
                continue;
            }
            count += 1;
            if count <= PER_SECOND {
                continue;
            }
            let delay = Duration::from_secs(1) * count / PER_SECOND;
            let delay = delay.saturating_sub(left - base);
            window = base + delay;
            self.start_clock(id, now, delay + extend);
        }
    }
}

/// Whole seconds, a started one counted as whole.
fn seconds_up(left: Duration) -> i64 {
    let started = i64::from(left.subsec_nanos() > 0);
    i64::try_from(left.as_secs()).unwrap_or(i64::MAX - 1) + started
}

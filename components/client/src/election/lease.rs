//! The record in a Lease, and how long it counts.
//!
//! Upstream: client-go/tools/leaderelection/resourcelock/leaselock.go.

use api::time::Moment;
use host::Timestamp;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The three times of an election.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Others wait so long after the last sign of life that they saw.
    pub lease: Duration,
    /// A leader that could not renew for so long is none any more.
    pub renew: Duration,
    /// Between attempts.
    pub retry: Duration,
}

impl Default for Timing {
    /// What all of upstream's components use.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { lease: seconds(15), renew: seconds(10), retry: seconds(2) }
    }
}

/// Why three times cannot be used together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TimingError {
    /// A leader would still lead when others may take over.
    #[error("leaseDuration must be greater than renewDeadline")]
    Lease,
    /// A single failure would end a leader.
    #[error("renewDeadline must be greater than retryPeriod*JitterFactor")]
    Renew,
    /// Leases are kept in whole seconds.
    #[error("leaseDuration must be at least one second, retryPeriod greater than zero")]
    Zero,
}

/// Candidates wait up to so much more, in tenths of the period (`JitterFactor`).
pub(super) const JITTER_TENTHS: u32 = 12;

impl Timing {
    /// Checks what `NewLeaderElector` checks.
    ///
    /// # Errors
    /// See [`TimingError`].
    pub fn check(self) -> Result<Self, TimingError> {
        if self.lease.as_secs() == 0 || self.retry.is_zero() {
            return Err(TimingError::Zero);
        }
        if self.lease <= self.renew {
            return Err(TimingError::Lease);
        }
        if self.renew <= self.retry * JITTER_TENTHS / 10 {
            return Err(TimingError::Renew);
        }
        Ok(self)
    }
}

/// Who leads, as a Lease says it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// Empty: nobody.
    pub holder: String,
    /// For how long after its renewal.
    pub lease_seconds: u64,
    /// Since when, by the holder's clock.
    pub acquired: String,
    /// When it was renewed, by the holder's clock: only ever compared with itself.
    pub renewed: String,
    /// How often the holder changed.
    pub transitions: u64,
}

/// As Leases write moments.
pub(super) fn micro_time(wall: Timestamp) -> String {
    let seconds = i64::try_from(wall.seconds()).unwrap_or(i64::MAX);
    let nanos = u32::try_from(wall.0 % 1_000_000_000).unwrap_or(0);
    Moment { seconds, nanos }.to_micro()
}

impl Record {
    /// Reads a Lease.
    pub fn of(lease: &Value) -> Self {
        let member = |name: &str| lease.get("spec").and_then(|spec| spec.get(name));
        let text = |name: &str| member(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |name: &str| member(name).and_then(Value::as_u64).unwrap_or(0);
        Self {
            holder: text("holderIdentity"),
            lease_seconds: number("leaseDurationSeconds"),
            acquired: text("acquireTime"),
            renewed: text("renewTime"),
            transitions: number("leaseTransitions"),
        }
    }

    /// Writes it into a Lease, whose other members stay.
    pub(super) fn write(&self, lease: &mut Value) {
        if !lease["spec"].is_object() {
            lease["spec"] = Value::Object(Map::new());
        }
        let spec = &mut lease["spec"];
        spec["leaseDurationSeconds"] = self.lease_seconds.into();
        spec["acquireTime"] = self.acquired.as_str().into();
        spec["renewTime"] = self.renewed.as_str().into();
        spec["leaseTransitions"] = self.transitions.into();
        match (self.holder.is_empty(), spec.as_object_mut()) {
            (false, _) => spec["holderIdentity"] = self.holder.as_str().into(),
            // An empty holder is invalid; a missing one is nobody.
            (true, Some(spec)) => drop(spec.remove("holderIdentity")),
            (true, None) => {}
        }
    }

    /// A new Lease that says this.
    pub(super) fn lease(&self, namespace: &str, name: &str) -> Value {
        let mut lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"namespace": namespace, "name": name}});
        self.write(&mut lease);
        lease
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_would_give_two_leaders_are_refused() {
        let of = |lease, renew, retry| {
            let ms = Duration::from_millis;
            Timing { lease: ms(lease), renew: ms(renew), retry: ms(retry) }.check()
        };
        assert!(Timing::default().check().is_ok());
        assert_eq!(of(10_000, 10_000, 2_000), Err(TimingError::Lease));
        assert_eq!(of(15_000, 2_400, 2_000), Err(TimingError::Renew));
        assert_eq!(of(900, 500, 100), Err(TimingError::Zero));
    }

    #[test]
    fn a_record_comes_back_and_leaves_the_rest_alone() {
        let record = Record {
            holder: "a".into(),
            lease_seconds: 15,
            acquired: micro_time(Timestamp(1_500_000)),
            renewed: micro_time(Timestamp(1_000_000_000)),
            transitions: 3,
        };
        let mut lease = record.lease("n", "l");
        assert_eq!(Record::of(&lease), record);
        assert_eq!(lease["spec"]["acquireTime"], "1970-01-01T00:00:00.001500Z");
        lease["spec"]["strategy"] = "x".into();
        Record { holder: String::new(), ..record }.write(&mut lease);
        assert_eq!(
            (lease["spec"].get("holderIdentity"), &lease["spec"]["strategy"]),
            (None, &json!("x"))
        );
    }
}

//! The lessor against a slow model, and its rules one by one.

use super::*;
use crate::testing::rows_after;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn config() -> LessorConfig {
    LessorConfig {
        ttl_seconds_min: 2,
        checkpoint_interval: Some(5 * SECOND),
        defects: Defects::none(),
    }
}

fn at(seconds: u64) -> Instant {
    Instant(seconds * 1_000_000_000)
}

fn primary() -> (Lessor, Batch) {
    let mut lessor = Lessor::new(config());
    lessor.promote(1, at(0), SECOND);
    (lessor, Batch::default())
}

#[test]
fn grants_are_bounded_and_unique() {
    let (mut lessor, mut batch) = primary();
    let mut grant = |id, ttl| lessor.grant(id, ttl, at(0), &mut batch);
    assert_eq!(grant(0, 10), Err(LeaseError::NotFound));
    assert_eq!(grant(1, TTL_SECONDS_MAX + 1), Err(LeaseError::TtlTooLarge));
    assert_eq!(grant(1, TTL_SECONDS_MAX), Ok(TTL_SECONDS_MAX));
    assert_eq!(grant(1, 10), Err(LeaseError::Exists));
    assert_eq!(grant(2, 1), Ok(2), "raised to the least");
    assert_eq!(ttl_seconds_min(SECOND), 2);
    assert_eq!(ttl_seconds_min(Duration::from_millis(5000)), 8);
}

#[test]
fn a_key_hangs_on_one_lease_and_is_given_back_by_revocation() {
    let (mut lessor, mut batch) = primary();
    let (a, b) = (Bytes::from("a"), Bytes::from("b"));
    lessor.grant(1, 10, at(0), &mut batch).unwrap();
    lessor.grant(2, 10, at(0), &mut batch).unwrap();
    lessor.attach(1, b.clone()).unwrap();
    lessor.attach(1, a.clone()).unwrap();
    assert_eq!(lessor.attach(9, a.clone()), Err(LeaseError::NotFound));
    assert_eq!(lessor.lease_of(&a), 1);
    lessor.attach(2, a.clone()).unwrap();
    assert_eq!(lessor.revoke(1, &mut batch), Ok(vec![b.clone()]));
    assert_eq!(lessor.revoke(1, &mut batch), Err(LeaseError::NotFound));
    assert_eq!((lessor.lease_of(&a), lessor.lease_of(&b)), (2, NO_LEASE));
}

#[test]
fn only_the_primary_renews_and_an_expired_lease_is_not_renewed() {
    let (mut lessor, mut batch) = primary();
    lessor.grant(1, 3, at(0), &mut batch).unwrap();
    assert_eq!(lessor.renew(1, at(2)), Ok(Renewal::Done(3)));
    assert_eq!(lessor.expired(at(4)), [0; 0]);
    assert_eq!(lessor.renew(1, at(5)), Err(LeaseError::Expiring));
    assert_eq!(lessor.expired(at(5)), [1]);
    assert_eq!(lessor.expired(at(6)), [0; 0], "not again before the retry");
    assert_eq!(lessor.expired(at(8)), [1]);
    assert_eq!(lessor.renew(2, at(8)), Err(LeaseError::NotFound));
    lessor.demote();
    assert_eq!(lessor.renew(1, at(8)), Err(LeaseError::NotPrimary));
    assert_eq!(lessor.expired(at(100)), [0; 0]);
    lessor.promote(1, at(100), SECOND);
    assert_eq!(lessor.remaining(1, at(100)), Ok(4 * SECOND), "its time and an election timeout");
}

#[test]
fn a_checkpoint_outlives_leaders_and_restarts_and_a_renewal_clears_it() {
    let (mut lessor, mut batch) = primary();
    lessor.grant(1, 20, at(0), &mut batch).unwrap();
    assert_eq!(lessor.due_checkpoints(at(4)), []);
    let due = lessor.due_checkpoints(at(5));
    assert_eq!(due, [LeaseCheckpoint { id: 1, remaining_ttl: 15 }]);
    lessor.checkpoint(&due, at(5), &mut batch);

    let mut restored = Lessor::new(config());
    restored.restore(&rows_after([&batch])).unwrap();
    restored.promote(1, at(50), SECOND);
    assert_eq!(restored.remaining(1, at(50)), Ok(16 * SECOND));

    let Ok(Renewal::ClearCheckpoint(renewing)) = restored.renew(1, at(51)) else {
        panic!("the checkpoint is in the way");
    };
    let cleared = [LeaseCheckpoint { id: 1, remaining_ttl: 0 }];
    restored.checkpoint(&cleared, at(51), &mut batch);
    assert_eq!(restored.finish_renewal(renewing, at(52)), Ok(20));
    assert_eq!(restored.remaining(1, at(52)), Ok(20 * SECOND));
}

#[test]
fn a_checkpoint_that_was_lost_or_came_too_early_is_due_again() {
    let (mut lessor, mut batch) = primary();
    lessor.grant(1, 20, at(0), &mut batch).unwrap();
    assert_eq!(lessor.due_checkpoints(at(5)).len(), 1);
    let due = lessor.due_checkpoints(at(10));
    assert_eq!(due, [LeaseCheckpoint { id: 1, remaining_ttl: 10 }]);

    let checkpoint_interval = Some(SECOND / 2);
    let mut lessor = Lessor::new(LessorConfig { checkpoint_interval, ..config() });
    lessor.promote(1, at(0), Duration::ZERO);
    lessor.grant(1, 20, at(0), &mut batch).unwrap();
    assert_eq!(lessor.due_checkpoints(at(0) + SECOND / 2), []);
    let due = lessor.due_checkpoints(at(1));
    assert_eq!(due, [LeaseCheckpoint { id: 1, remaining_ttl: 19 }]);
}

#[test]
fn a_checkpoint_under_way_is_cleared_by_a_renewal_and_does_not_follow_one() {
    let (mut lessor, mut batch) = primary();
    lessor.grant(1, 20, at(0), &mut batch).unwrap();
    let late = lessor.due_checkpoints(at(5));
    let Ok(Renewal::ClearCheckpoint(first)) = lessor.renew(1, at(6)) else {
        panic!("a checkpoint is under way");
    };
    assert_eq!(lessor.due_checkpoints(at(10)), [], "a renewal is");
    lessor.checkpoint(&late, at(11), &mut batch);
    lessor.checkpoint(&[LeaseCheckpoint { id: 1, remaining_ttl: 0 }], at(11), &mut batch);
    assert_eq!(lessor.finish_renewal(first, at(11)), Ok(20));
    assert_eq!(lessor.renew(1, at(12)), Ok(Renewal::Done(20)));

    // Two renewals at once, and a checkpoint between them: the second did not clear it.
    lessor.due_checkpoints(at(17));
    let (first, second) = (lessor.renew(1, at(18)), lessor.renew(1, at(18)));
    let (Ok(Renewal::ClearCheckpoint(first)), Ok(Renewal::ClearCheckpoint(second))) =
        (first, second)
    else {
        panic!("a checkpoint is under way");
    };
    assert_eq!(lessor.finish_renewal(first, at(18)), Ok(20));
    assert_eq!(lessor.due_checkpoints(at(23)).len(), 1);
    assert_eq!(lessor.finish_renewal(second, at(23)), Ok(20));
    assert!(matches!(lessor.renew(1, at(23)), Ok(Renewal::ClearCheckpoint(_))));
}

#[test]
fn a_renewal_ends_with_the_term_in_which_it_began() {
    let (mut lessor, mut batch) = primary();
    lessor.grant(1, 20, at(0), &mut batch).unwrap();
    lessor.due_checkpoints(at(5));
    let Ok(Renewal::ClearCheckpoint(renewing)) = lessor.renew(1, at(6)) else {
        panic!("a checkpoint is under way");
    };
    lessor.promote(2, at(7), SECOND);
    assert_eq!(lessor.primary_term(), Some(2));
    assert_eq!(lessor.finish_renewal(renewing, at(8)), Err(LeaseError::NotPrimary));
}

#[test]
fn a_lease_revoked_while_its_checkpoint_is_cleared_is_not_renewed() {
    let (mut lessor, mut batch) = primary();
    lessor.grant(1, 20, at(0), &mut batch).unwrap();
    let due = lessor.due_checkpoints(at(5));
    lessor.checkpoint(&due, at(5), &mut batch);
    let Ok(Renewal::ClearCheckpoint(renewing)) = lessor.renew(1, at(6)) else {
        panic!("the checkpoint is in the way");
    };
    lessor.revoke(1, &mut batch).unwrap();
    assert_eq!(lessor.finish_renewal(renewing, at(7)), Err(LeaseError::NotFound));
}

#[test]
fn a_new_primary_spreads_ends_that_fall_together() {
    let mut lessor = Lessor::new(config());
    let mut batch = Batch::default();
    for id in 1..=3000 {
        lessor.grant(id, 60, at(0), &mut batch).unwrap();
    }
    lessor.promote(1, at(0), Duration::ZERO);
    let mut by_second = BTreeMap::new();
    for id in lessor.ids() {
        *by_second.entry(lessor.remaining(id, at(0)).unwrap().as_secs()).or_insert(0) += 1;
    }
    assert_eq!(by_second.keys().next(), Some(&60), "never earlier");
    assert!(by_second.len() >= 3, "{by_second:?}");
}

/// The obvious lessor: a list that is searched.
#[derive(Default)]
struct Model {
    leases: Vec<(i64, i64, i64, Option<Instant>)>,
    keys: Vec<(Bytes, i64)>,
    primary: bool,
}

impl Model {
    fn find(&mut self, id: i64) -> Option<&mut (i64, i64, i64, Option<Instant>)> {
        self.leases.iter_mut().find(|lease| lease.0 == id)
    }

    fn restart(&mut self, now: Instant, extend: Duration) {
        for (_, ttl, remaining, end) in &mut self.leases {
            let left = if *remaining > 0 { *remaining } else { *ttl };
            *end = self.primary.then(|| now + extend + SECOND * left as u32);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Grant(i64, i64),
    Revoke(i64),
    Attach(i64, u8),
    Detach(u8),
    Checkpoint(i64, i64),
    Renew(i64),
    Promote,
    Demote,
    Pass(u64),
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    let id = 1..5i64;
    prop_oneof![
        (id.clone(), 1..30i64).prop_map(|(id, ttl)| Step::Grant(id, ttl)),
        id.clone().prop_map(Step::Revoke),
        (id.clone(), 0..6u8).prop_map(|(id, key)| Step::Attach(id, key)),
        (0..6u8).prop_map(Step::Detach),
        (id.clone(), 0..20i64).prop_map(|(id, left)| Step::Checkpoint(id, left)),
        id.prop_map(Step::Renew),
        Just(Step::Promote),
        Just(Step::Demote),
        (1..8u64).prop_map(Step::Pass),
        Just(Step::Restore),
    ]
}

struct Run {
    lessor: Lessor,
    model: Model,
    batches: Vec<Batch>,
    now: u64,
}

impl Run {
    fn take(&mut self, step: Step) {
        let now = at(self.now);
        let mut batch = Batch::default();
        match step {
            Step::Grant(id, ttl) => self.grant(id, ttl, &mut batch),
            Step::Revoke(id) => self.revoke(id, &mut batch),
            Step::Attach(id, key) => {
                let key = Bytes::from(vec![key]);
                let known = self.model.find(id).is_some();
                assert_eq!(self.lessor.attach(id, key.clone()).is_ok(), known);
                if known {
                    self.model.keys.retain(|(other, _)| *other != key);
                    self.model.keys.push((key, id));
                }
            }
            Step::Detach(key) => {
                let key = Bytes::from(vec![key]);
                self.lessor.detach(&key);
                self.model.keys.retain(|(other, _)| *other != key);
            }
            Step::Checkpoint(id, left) => {
                let checkpoint = LeaseCheckpoint { id, remaining_ttl: left };
                self.lessor.checkpoint(&[checkpoint], now, &mut batch);
                if let Some(lease) = self.model.find(id) {
                    lease.2 = left;
                }
            }
            Step::Renew(id) => self.renew(id, &mut batch),
            Step::Promote => {
                self.lessor.promote(1, now, SECOND);
                self.model.primary = true;
                self.model.restart(now, SECOND);
            }
            Step::Demote => {
                self.lessor.demote();
                self.model.primary = false;
                self.model.restart(now, SECOND);
            }
            Step::Pass(seconds) => self.now += seconds,
            Step::Restore => self.restore(),
        }
        self.batches.push(batch);
    }

    fn grant(&mut self, id: i64, ttl: i64, batch: &mut Batch) {
        let fresh = self.model.find(id).is_none();
        let now = at(self.now);
        assert_eq!(self.lessor.grant(id, ttl, now, batch).is_ok(), fresh);
        if fresh {
            let ttl = ttl.max(2);
            let end = self.model.primary.then(|| now + SECOND * ttl as u32);
            self.model.leases.push((id, ttl, 0, end));
        }
    }

    fn revoke(&mut self, id: i64, batch: &mut Batch) {
        let mut keys: Vec<Bytes> = Vec::new();
        self.model.keys.retain(|(key, lease)| {
            if *lease == id {
                keys.push(key.clone());
            }
            *lease != id
        });
        keys.sort();
        let known = self.model.find(id).is_some();
        self.model.leases.retain(|lease| lease.0 != id);
        assert_eq!(self.lessor.revoke(id, batch).ok(), known.then_some(keys));
    }

    fn renew(&mut self, id: i64, batch: &mut Batch) {
        let now = at(self.now);
        let renewed = match self.lessor.renew(id, now) {
            Ok(Renewal::ClearCheckpoint(renewing)) => {
                let cleared = LeaseCheckpoint { id, remaining_ttl: 0 };
                self.lessor.checkpoint(&[cleared], now, batch);
                self.lessor.finish_renewal(renewing, now)
            }
            Ok(Renewal::Done(ttl)) => Ok(ttl),
            Err(error) => Err(error),
        };
        let primary = self.model.primary;
        let expected = match self.model.find(id) {
            _ if !primary => Err(LeaseError::NotPrimary),
            None => Err(LeaseError::NotFound),
            Some((.., Some(end))) if *end <= now => Err(LeaseError::Expiring),
            Some((_, ttl, remaining, end)) => {
                *remaining = 0;
                *end = Some(now + SECOND * *ttl as u32);
                Ok(*ttl)
            }
        };
        assert_eq!(renewed, expected);
    }

    fn restore(&mut self) {
        self.lessor.restore(&rows_after(&self.batches)).unwrap();
        for (key, id) in &self.model.keys {
            self.lessor.attach(*id, key.clone()).unwrap();
        }
        self.model.primary = false;
        self.model.restart(at(self.now), SECOND);
    }

    fn compare(&self) {
        let mut leases = self.model.leases.clone();
        leases.sort();
        let ours: Vec<_> =
            self.lessor.replicated().map(|(id, ttl, left, _)| (id, ttl, left)).collect();
        assert_eq!(ours, leases.iter().map(|l| (l.0, l.1, l.2)).collect::<Vec<_>>());
        let now = at(self.now);
        for (id, _, _, end) in leases {
            assert_eq!(self.lessor.remaining(id, now).ok(), end.map(|end| end.since(now)));
        }
        for key in 0..6u8 {
            let key = Bytes::from(vec![key]);
            let lease = self.model.keys.iter().find(|(other, _)| *other == key);
            assert_eq!(self.lessor.lease_of(&key), lease.map_or(NO_LEASE, |(_, id)| *id));
        }
    }
}

proptest! {
    #[test]
    fn the_lessor_does_what_the_obvious_one_does(steps in prop::collection::vec(step(), 1..60)) {
        let lessor = Lessor::new(config());
        let mut run = Run { lessor, model: Model::default(), batches: Vec::new(), now: 0 };
        for step in steps {
            run.take(step);
            run.compare();
        }
    }
}

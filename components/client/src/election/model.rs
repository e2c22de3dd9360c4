//! Several replicas with a store that is slow, fails and forgets to answer: never two leaders at
//! once, and always one again.

use super::{Election, Input, Next, Timing};
use host::{Instant, Timestamp};
use proptest::prelude::*;
use serde_json::Value;
use std::time::Duration;

const MS: u64 = 1_000_000;

/// One Lease with optimistic concurrency.
#[derive(Default)]
struct Store(Option<Value>, u64);

impl Store {
    fn carry_out(&mut self, next: &Next) -> Input {
        let version = self.1.to_string();
        let mut lease = match (next, &self.0) {
            (Next::Read, lease) => return Input::Read(lease.clone()),
            (Next::Create(lease), None) => lease.clone(),
            (Next::Update(lease), Some(_)) if lease["metadata"]["resourceVersion"] == version => {
                lease.clone()
            }
            (Next::Wait(_), _) => return Input::Waited,
            _ => return Input::Failed,
        };
        self.1 += 1;
        lease["metadata"]["resourceVersion"] = self.1.to_string().into();
        self.0 = Some(lease.clone());
        Input::Written(lease)
    }
}

struct Replica {
    election: Election,
    next: Next,
    /// When the store hears of what is under way; what came of it then; when the answer is here.
    heard: u64,
    outcome: Option<Input>,
    answered: u64,
}

impl Replica {
    fn new(number: usize, now: u64) -> Self {
        let (identity, lease) = (number.to_string(), ("n", "l"));
        let (election, next) =
            Election::begin(Instant(now), &identity, lease, Timing::default(), true);
        Self { election, next, heard: now, outcome: None, answered: now }
    }

    /// A millisecond of this replica. `delay` draws how long each way takes, and `lost` whether an
    /// answer is.
    fn tick(&mut self, now: u64, store: &mut Store, chance: u64, well: bool) {
        let lost = !well && chance.is_multiple_of(5);
        if self.outcome.is_none() && now >= self.heard {
            let outcome = store.carry_out(&self.next);
            let is_wait = matches!(self.next, Next::Wait(_));
            self.outcome = Some(if lost && !is_wait { Input::Failed } else { outcome });
        }
        if now < self.answered || self.outcome.is_none() {
            return;
        }
        let input = self.outcome.take().unwrap_or(Input::Failed);
        let next = self.election.step(Instant(now), Timestamp(now), chance, input);
        let slow = if well { 10 } else { 4000 };
        let (there, back) = (chance % slow * MS, (chance >> 20) % slow * MS);
        (self.heard, self.answered) = match &next {
            Next::Wait(time) => {
                let until = now + u64::try_from(time.as_nanos()).expect("a short wait");
                (until, until)
            }
            _ => (now + there, now + there + back),
        };
        self.next = next;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn there_is_never_more_than_one_leader(seed in any::<u64>(), replicas in 2usize..4) {
        let (mut store, mut chance) = (Store::default(), seed | 1);
        let mut all: Vec<_> = (0..replicas).map(|number| Replica::new(number, 0)).collect();
        let step = 50 * MS;
        let (trouble, end) = (120_000 * MS, 200_000 * MS);
        for now in (0..end).step_by(usize::try_from(step).expect("fits")) {
            for (number, replica) in all.iter_mut().enumerate() {
                // An xorshift of our own: the cases differ by their seed alone.
                chance ^= chance << 13;
                chance ^= chance >> 7;
                chance ^= chance << 17;
                let dies = now < trouble && chance.is_multiple_of(600);
                if dies || replica.next == Next::End {
                    *replica = Replica::new(number, now);
                }
                replica.tick(now, &mut store, chance, now > trouble);
            }
            let leaders = all.iter().filter(|one| one.election.leads(Instant(now))).count();
            prop_assert!(leaders <= 1, "{leaders} leaders at {:?}", Duration::from_nanos(now));
        }
        let leaders = all.iter().filter(|one| one.election.leads(Instant(end - step)));
        prop_assert_eq!(leaders.count(), 1);
    }
}

//! The queues of a level, by cases and against what they promise whatever happens.

use super::{
    queue_set::{Arrived, Overflow, QueueSet, Refusal},
    work::Work,
};
use host::{Instant, Timestamp};
use proptest::prelude::*;
use std::{collections::BTreeMap, time::Duration};

const WALL: Timestamp = Timestamp(0);

fn at(millis: u64) -> Instant {
    Instant::default() + Duration::from_millis(millis)
}

fn set(queues: u32, hand: u32, length: u32, seats: u32) -> QueueSet {
    let mut set = QueueSet::new(at(0));
    set.configure(at(0), WALL, Overflow::Queue { queues, hand, length }, seats);
    set
}

/// One that arrives in the queue of this number (with hands of one, the hash is the queue).
fn arrive(set: &mut QueueSet, now: u64, id: u64, queue: u64, seats: u32) -> Arrived {
    set.arrive(at(now), id, (Default::default(), Work::of(seats)), queue).0
}

#[test]
fn a_full_queue_turns_away_and_an_end_lets_the_next_one_in() {
    let mut set = set(2, 1, 1, 1);
    assert_eq!(arrive(&mut set, 0, 1, 0, 1), Arrived::Runs);
    assert_eq!(arrive(&mut set, 0, 2, 0, 1), Arrived::Waits { length: 1 });
    assert_eq!(arrive(&mut set, 0, 3, 0, 1), Arrived::Refused(Refusal::QueueFull));
    assert_eq!(arrive(&mut set, 0, 4, 1, 1), Arrived::Waits { length: 1 });
    assert_eq!(set.finish(at(5), WALL, 1), [4], "the other queue has had nothing yet");
    assert_eq!(set.give_up(at(5), WALL, 2, Refusal::TimedOut), Some(Vec::new()));
    assert_eq!(set.give_up(at(5), WALL, 4, Refusal::Cancelled), None, "it runs");
    assert_eq!(set.finish(at(9), WALL, 4), Vec::<u64>::new());
    let totals = set.totals();
    assert_eq!((totals.dispatched, totals.rejected, totals.timed_out), (2, 2, 1));
    assert!(set.is_idle());
}

#[test]
fn levels_without_queues_count_seats_or_nothing() {
    let mut set = QueueSet::new(at(0));
    set.configure(at(0), WALL, Overflow::Reject, 2);
    assert_eq!(arrive(&mut set, 0, 1, 0, 2), Arrived::Runs);
    assert_eq!(arrive(&mut set, 0, 2, 0, 1), Arrived::Refused(Refusal::ConcurrencyLimit));
    set.configure(at(0), WALL, Overflow::Exempt, 2);
    assert_eq!(arrive(&mut set, 0, 3, 0, 5), Arrived::Runs);
    assert_eq!(set.seats(), (7, 0));
}

#[test]
fn what_a_request_leaves_to_be_done_takes_its_seats_for_a_while() {
    let mut set = set(1, 1, 5, 4);
    let work = Work { initial_seats: 1, final_seats: 4, linger: Duration::from_millis(10) };
    set.arrive(at(0), 1, (Default::default(), work), 0);
    assert_eq!(arrive(&mut set, 0, 2, 0, 1), Arrived::Waits { length: 1 });
    assert_eq!(set.finish(at(1), WALL, 1), Vec::<u64>::new());
    assert_eq!(set.next_wake(), Some(at(11)));
    assert_eq!(set.wake(at(10), WALL), Vec::<u64>::new());
    assert_eq!(set.wake(at(11), WALL), [2]);
}

#[test]
fn a_request_wider_than_the_level_runs_alone_and_is_not_overtaken() {
    let mut set = set(2, 1, 5, 2);
    assert_eq!(arrive(&mut set, 0, 1, 0, 1), Arrived::Runs);
    assert_eq!(arrive(&mut set, 0, 2, 1, 5), Arrived::Waits { length: 1 });
    assert_eq!(set.finish(at(1), WALL, 1), [2]);
    assert_eq!(arrive(&mut set, 1, 3, 0, 1), Arrived::Waits { length: 1 });
    assert_eq!(set.finish(at(2), WALL, 2), [3]);
}

#[test]
fn fewer_queues_give_out_what_waits_in_them() {
    let mut set = set(4, 1, 5, 1);
    arrive(&mut set, 0, 1, 0, 1);
    arrive(&mut set, 0, 2, 3, 1);
    set.configure(at(0), WALL, Overflow::Reject, 1);
    assert_eq!(set.queues().len(), 4);
    assert_eq!(set.finish(at(1), WALL, 1), [2]);
    set.finish(at(2), WALL, 2);
    assert_eq!(set.queues().len(), 0);
}

/// Flows that always have requests waiting: width and time of each flow's requests.
fn backlogged(flows: &[(u32, u64)], seats: u32, until: u64) -> Vec<u64> {
    let mut set = set(u32::try_from(flows.len()).unwrap(), 1, 1000, seats);
    let (mut next, mut running, mut owners) = (0, BTreeMap::new(), BTreeMap::new());
    let mut served = vec![0; flows.len()];
    let mut begun = Vec::new();
    for _ in 0..20 {
        for (flow, (width, _)) in flows.iter().enumerate() {
            next += 1;
            owners.insert(next, flow);
            if arrive(&mut set, 0, next, flow as u64, *width) == Arrived::Runs {
                begun.push((0, next));
            }
        }
    }
    loop {
        for (now, id) in begun.drain(..) {
            running.insert((now + flows[owners[&id]].1, id), ());
        }
        let Some(((now, id), ())) = running.pop_first() else { return served };
        if now > until {
            return served;
        }
        let flow = owners[&id];
        served[flow] += u64::from(flows[flow].0) * flows[flow].1;
        begun.extend(set.finish(at(now), WALL, id).into_iter().map(|id| (now, id)));
        next += 1;
        owners.insert(next, flow);
        if arrive(&mut set, now, next, flow as u64, flows[flow].0) == Arrived::Runs {
            begun.push((now, next));
        }
    }
}

#[test]
fn flows_get_equal_shares_of_seats_over_time_whatever_their_requests_are_like() {
    // Narrow and short, narrow and long, wide and long.
    let served = backlogged(&[(1, 5), (1, 40), (3, 20)], 6, 20_000);
    let total: u64 = served.iter().sum();
    assert!(total * 100 >= 6 * 20_000 * 75, "most seats are used: {served:?}");
    for part in &served {
        let share = part * 100 / total;
        assert!((28..=39).contains(&share), "{share} % of {served:?}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Arrive { flow: u64, seats: u32, linger: u64 },
    Finish(usize),
    GiveUp(usize),
    Pass(u64),
    Limit(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0_u64..50, 1_u32..4, prop_oneof![3 => Just(0), 1 => 1_u64..20])
            .prop_map(|(flow, seats, linger)| Step::Arrive { flow, seats, linger }),
        5 => any::<usize>().prop_map(Step::Finish),
        1 => any::<usize>().prop_map(Step::GiveUp),
        3 => (0_u64..30).prop_map(Step::Pass),
        1 => (1_u32..8).prop_map(Step::Limit),
    ];
    prop::collection::vec(step, 0..120)
}

/// What is known of the requests by what was answered.
#[derive(Default)]
struct Reference {
    waiting: BTreeMap<u64, u32>,
    running: BTreeMap<u64, u32>,
    lingering: BTreeMap<u64, (u64, u32)>,
    works: BTreeMap<u64, (u32, u64)>,
}

impl Reference {
    fn begin(&mut self, started: Vec<u64>) {
        for id in started {
            let seats = self.waiting.remove(&id).expect("only one that waits begins");
            self.running.insert(id, seats);
        }
    }

    fn nth(of: &BTreeMap<u64, u32>, at: usize) -> Option<u64> {
        let count = of.len();
        (count > 0).then(|| *of.keys().nth(at % count).unwrap())
    }

    fn in_use(&self) -> u32 {
        self.running.values().sum::<u32>()
            + self.lingering.values().map(|(_, seats)| seats).sum::<u32>()
    }
}

proptest! {
    #[test]
    fn seats_are_never_overdrawn_nor_left_idle(steps in steps()) {
        let mut set = set(8, 2, 4, 4);
        let (mut now, mut next, mut limit) = (0, 0, 4);
        let mut known = Reference::default();
        for step in steps {
            let before = known.in_use();
            let mut lowered = false;
            match step {
                Step::Arrive { flow, seats, linger } => {
                    next += 1;
                    let work = Work {
                        initial_seats: seats,
                        final_seats: if linger > 0 { seats } else { 0 },
                        linger: Duration::from_millis(linger),
                    };
                    known.works.insert(next, (seats, linger));
                    let (arrived, started) = set.arrive(at(now), next, (Default::default(), work), flow * 7919);
                    match arrived {
                        Arrived::Runs => { known.running.insert(next, seats); }
                        Arrived::Waits { length } => {
                            prop_assert!(length <= 4 || known.in_use() < limit);
                            known.waiting.insert(next, seats);
                        }
                        Arrived::Refused(why) => {
                            prop_assert_eq!(why, Refusal::QueueFull);
                            prop_assert!(known.in_use() >= limit && known.waiting.len() >= 4);
                        }
                    }
                    known.begin(started);
                }
                Step::Finish(which) => if let Some(id) = Reference::nth(&known.running, which) {
                    let seats = known.running.remove(&id).unwrap();
                    let linger = known.works[&id].1;
                    if linger > 0 {
                        // It may have been made narrower and longer.
                        let until = set.requests()[&id].work.linger.as_millis() as u64 + now;
                        known.lingering.insert(id, (until.max(now + linger), seats));
                    }
                    known.begin(set.finish(at(now), WALL, id));
                },
                Step::GiveUp(which) => if let Some(id) = Reference::nth(&known.waiting, which) {
                    let started = set.give_up(at(now), WALL, id, Refusal::Cancelled);
                        known.waiting.remove(&id);
                        known.begin(started.expect("it waits"));
                },
                Step::Pass(millis) => {
                    now += millis;
                    known.lingering.retain(|_, (until, _)| *until > now);
                    known.begin(set.wake(at(now), WALL));
                }
                Step::Limit(seats) => {
                    lowered = seats < limit;
                    limit = seats;
                    let overflow = Overflow::Queue { queues: 8, hand: 2, length: 4 };
                    known.begin(set.configure(at(now), WALL, overflow, limit));
                }
            }
            prop_assert_eq!(set.counts(), (known.waiting.len() as u32, known.running.len() as u32));
            prop_assert_eq!(set.seats().1, known.waiting.values().sum::<u32>());
            let in_use = set.seats().0;
            // More than the limit only for one that is wider than it, or from before it was lowered.
            let alone = known.running.len() <= 1 && in_use >= limit;
            prop_assert!(in_use <= limit || alone || in_use <= before || lowered, "{in_use} of {limit}");
            // Whoever waits, waits for seats: the one whose turn it is does not fit.
            if !known.waiting.is_empty() && in_use < limit {
                let widest = known.waiting.values().max().unwrap();
                prop_assert!(in_use + widest > limit, "{in_use} of {limit} are taken, and somebody waits");
            }
        }
        // Once nobody comes any more, everybody has had a turn.
        for _ in 0..known.waiting.len() + known.running.len() + 1 {
            now += 100;
            known.lingering.clear();
            known.begin(set.wake(at(now), WALL));
            while let Some((id, _)) = known.running.pop_first() {
                known.begin(set.finish(at(now), WALL, id));
            }
        }
        set.wake(at(now + 1000), WALL);
        prop_assert!(known.waiting.is_empty() && set.is_idle());
    }

    #[test]
    fn whoever_comes_while_another_floods_waits_for_no_more_than_its_turn(
        flood in 5_u64..60, seats in 1_u32..5, millis in 1_u64..50,
    ) {
        let mut set = set(16, 1, 1000, seats);
        let mut running: BTreeMap<(u64, u64), ()> = BTreeMap::new();
        for id in 0..flood {
            if arrive(&mut set, 0, id, 3, 1) == Arrived::Runs {
                running.insert((millis, id), ());
            }
        }
        let victim = 1_000_000;
        let mut began = (arrive(&mut set, 0, victim, 5, 1) == Arrived::Runs).then_some(0);
        let mut ended = 0;
        while began.is_none() {
            let ((now, id), ()) = running.pop_first().expect("somebody runs while somebody waits");
            ended += 1;
            for id in set.finish(at(now), WALL, id) {
                if id == victim { began = Some(now) } else { running.insert((now + millis, id), ()); }
            }
        }
        // The first seat that gets free is its.
        prop_assert!(ended <= 1 && began.unwrap() <= millis, "after {ended} ends");
    }
}

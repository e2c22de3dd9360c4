//! The same orders to our core and to raft-rs, another descendant of etcd-io/raft: in calm, the same state.
//!
//! Only what does not hang on the random election timeout: campaigns are ordered, ticks only make
//! leaders beat. Orders are random; after each, both groups run until quiet and are compared.
//! Where the two descendants are known to part, [`is_shared`] says so, and the order is left out.

mod ours;
mod theirs;

use std::collections::BTreeSet;

use proptest::prelude::*;

/// What is compared of a node.
#[derive(Debug, PartialEq, Eq)]
struct View {
    role: &'static str,
    leader: u64,
    term: u64,
    vote: u64,
    commit: u64,
    /// Term and payload of each entry.
    log: Vec<(u64, Vec<u8>)>,
    voters: BTreeSet<u64>,
    outgoing: BTreeSet<u64>,
    learners: BTreeSet<u64>,
}

/// What both groups are told.
#[derive(Clone, Debug)]
enum Order {
    Campaign(u64),
    Propose(u64, u8),
    Transfer(u64, u64),
    Read(u64),
    Cut(u64),
    Join(u64),
    Change(u64, Vec<(Step, u64)>),
    LeaveJoint(u64),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    AddVoter,
    AddLearner,
    Remove,
}

trait Group {
    fn order(&mut self, order: &Order);
    /// Delivers until nobody has anything to say.
    fn settle(&mut self);
    /// Lets every leader beat once.
    fn beat(&mut self);
    fn views(&self) -> Vec<View>;
    /// Which kinds of message were sent since last asked.
    fn take_kinds(&mut self) -> BTreeSet<&'static str>;
    /// The answered reads, numbered as asked, with their indexes.
    fn reads(&self) -> &BTreeSet<(u64, u64)>;
}

const SIZE: u64 = 4;
const VOTERS: [u64; 3] = [1, 2, 3];

/// Of a read, from its context: one that is its own, as upstream asks of who asks.
fn number(context: &[u8]) -> u64 {
    u64::from_be_bytes(context.try_into().expect("we made it of eight bytes"))
}

fn compare(orders: &[Order], pre_vote: bool) {
    let mut ours = ours::Ours::new(pre_vote);
    let mut theirs = theirs::Theirs::new(pre_vote);
    for (at, order) in orders.iter().enumerate() {
        if !is_shared(order, &ours.views()) {
            continue;
        }
        let groups: [&mut dyn Group; 2] = [&mut ours, &mut theirs];
        for group in groups {
            group.order(order);
            group.settle();
            // Lost messages are made up for within a few beats.
            for _ in 0..4 {
                group.beat();
                group.settle();
            }
        }
        let done = &orders[..=at];
        for (ours, theirs) in ours.views().iter().zip(theirs.views()) {
            assert_eq!(*ours, theirs, "ours and theirs differ after {done:?}");
        }
        assert_eq!(ours.take_kinds(), theirs.take_kinds(), "kinds of messages after {done:?}");
        assert_eq!(ours.reads(), theirs.reads(), "reads after {done:?}");
    }
}

/// False for an order that raft-rs and etcd-io/raft, which we follow, answer differently.
fn is_shared(order: &Order, views: &[View]) -> bool {
    let Order::Read(id) = order else { return true };
    let asker = &views[*id as usize - 1];
    let Some(leader) = views.get(asker.leader.wrapping_sub(1) as usize) else { return true };
    // A leader that has committed nothing in its term yet: raft-rs drops the read, etcd-io/raft
    // answers it later.
    let last = leader.commit.checked_sub(1).and_then(|at| leader.log.get(at as usize));
    let committed_in_term = last.is_some_and(|(term, _)| *term == leader.term);
    // A leader that removed itself: etcd-io/raft takes no answer from a stranger, raft-rs does.
    let members = [&asker.voters, &asker.outgoing, &asker.learners];
    committed_in_term && members.iter().any(|members| members.contains(&asker.leader))
}

fn order() -> impl Strategy<Value = Order> {
    let id = 1..=SIZE;
    let voter = 1..=3u64;
    let step = prop_oneof![Just(Step::AddVoter), Just(Step::AddLearner), Just(Step::Remove)];
    // Node 1 is never removed: a leader without a vote ends differently in either.
    let steps = prop::collection::vec((step, 2..=SIZE), 1..3);
    prop_oneof![
        3 => voter.clone().prop_map(Order::Campaign),
        4 => (voter.clone(), any::<u8>()).prop_map(|(id, value)| Order::Propose(id, value)),
        1 => (voter.clone(), voter).prop_map(|(at, to)| Order::Transfer(at, to)),
        2 => id.clone().prop_map(Order::Read),
        1 => id.clone().prop_map(Order::Cut),
        2 => id.prop_map(Order::Join),
        1 => steps.prop_map(|steps| Order::Change(1, steps)),
        1 => Just(Order::LeaveJoint(1)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn fixed_groups_agree(orders in prop::collection::vec(order(), 1..25), pre_vote: bool) {
        let fixed = |order: &Order| !matches!(order, Order::Change(..) | Order::LeaveJoint(_));
        let orders: Vec<_> = orders.into_iter().filter(fixed).collect();
        compare(&orders, pre_vote);
    }

    #[test]
    fn changing_groups_agree(orders in prop::collection::vec(order(), 1..20)) {
        // Without lost messages: who misses its own removal ends differently in either.
        let whole = |order: &Order| !matches!(order, Order::Cut(_) | Order::Campaign(2..));
        let first = [Order::Campaign(1)];
        let orders: Vec<_> = first.into_iter().chain(orders.into_iter().filter(whole)).collect();
        compare(&orders, false);
    }
}

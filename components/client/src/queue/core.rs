//! Which key is worked on next: the pure half of the queue.
//!
//! Upstream: client-go/util/workqueue/queue.go and delaying_queue.go.

use host::Instant;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Keys that wait, that are worked on, and that will wait later.
#[derive(Debug)]
pub struct Core<K> {
    order: VecDeque<K>,
    /// To be worked on: in `order`, or again once the worker that has it is done.
    dirty: BTreeSet<K>,
    processing: BTreeSet<K>,
    /// By time, then in the order in which they came.
    later: BTreeMap<(Instant, u64), K>,
    places: BTreeMap<K, (Instant, u64)>,
    arrivals: u64,
    shut: bool,
}

impl<K> Default for Core<K> {
    fn default() -> Self {
        Self {
            order: VecDeque::new(),
            dirty: BTreeSet::new(),
            processing: BTreeSet::new(),
            later: BTreeMap::new(),
            places: BTreeMap::new(),
            arrivals: 0,
            shut: false,
        }
    }
}

impl<K: Ord + Clone> Core<K> {
    /// To be worked on as soon as may be; nothing if it waits already, or after the shutdown.
    pub fn add(&mut self, key: K) {
        if self.shut || !self.dirty.insert(key.clone()) {
            return;
        }
        if !self.processing.contains(&key) {
            self.order.push_back(key);
        }
    }

    /// To be added at this time, or sooner if that was asked for.
    pub fn add_at(&mut self, key: K, at: Instant, now: Instant) {
        if self.shut {
            return;
        }
        if at <= now {
            return self.add(key);
        }
        if let Some(place) = self.places.get(&key).copied() {
            if place.0 <= at {
                return;
            }
            self.later.remove(&place);
        }
        let place = (at, self.arrivals);
        self.arrivals += 1;
        self.places.insert(key.clone(), place);
        self.later.insert(place, key);
    }

    /// The next key; it is worked on until [`Core::done`].
    pub fn take(&mut self, now: Instant) -> Option<K> {
        while let Some(entry) = self.later.first_entry().filter(|entry| entry.key().0 <= now) {
            let key = entry.remove();
            self.places.remove(&key);
            self.add(key);
        }
        let key = self.order.pop_front()?;
        self.dirty.remove(&key);
        self.processing.insert(key.clone());
        Some(key)
    }

    /// The worker is done; a key that was added meanwhile waits again.
    pub fn done(&mut self, key: &K) {
        if self.processing.remove(key) && self.dirty.contains(key) {
            self.order.push_back(key.clone());
        }
    }

    /// When the next delayed key is due.
    pub fn due(&self) -> Option<Instant> {
        self.later.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes no more keys; those that wait are still given out, delayed ones are not.
    pub fn shut_down(&mut self) {
        self.shut = true;
        self.later.clear();
        self.places.clear();
    }

    /// No key will be given out any more.
    pub fn is_over(&self) -> bool {
        self.shut && self.order.is_empty()
    }

    /// After the shutdown: no worker has anything, and none will.
    pub fn is_drained(&self) -> bool {
        self.is_over() && self.processing.is_empty()
    }

    /// How many keys wait for a worker.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// None waits for a worker.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Instant = Instant(10);

    #[test]
    fn a_key_that_is_added_while_it_is_worked_on_waits_until_that_is_done() {
        let mut queue = Core::default();
        for key in ["a", "b", "a"] {
            queue.add(key);
        }
        assert_eq!((queue.take(NOW), queue.len()), (Some("a"), 1));
        queue.add("a");
        queue.add("a");
        assert_eq!((queue.take(NOW), queue.take(NOW)), (Some("b"), None));
        queue.done(&"a");
        assert_eq!((queue.take(NOW), queue.take(NOW)), (Some("a"), None));
    }

    #[test]
    fn a_delay_is_only_ever_shortened() {
        let mut queue = Core::default();
        queue.add_at("a", Instant(50), NOW);
        queue.add_at("a", Instant(30), NOW);
        queue.add_at("a", Instant(40), NOW);
        queue.add_at("b", Instant(30), NOW);
        queue.add_at("c", NOW, NOW);
        assert_eq!((queue.take(NOW), queue.take(NOW)), (Some("c"), None));
        assert_eq!(queue.due(), Some(Instant(30)));
        assert_eq!((queue.take(Instant(30)), queue.take(Instant(30))), (Some("a"), Some("b")));
        assert_eq!(queue.due(), None);
    }

    #[test]
    fn after_the_shutdown_the_rest_is_worked_on_and_nothing_comes_in() {
        let mut queue = Core::default();
        queue.add("a");
        queue.add_at("b", Instant(20), NOW);
        queue.shut_down();
        queue.add("c");
        assert!(!queue.is_over());
        assert_eq!(queue.take(Instant(99)), Some("a"));
        assert!(queue.is_over() && !queue.is_drained());
        queue.done(&"a");
        assert!(queue.is_drained());
    }

    #[derive(Clone, Debug)]
    enum Act {
        Add(u8),
        Later(u8, u64),
        Take,
        Done(usize),
        Pass(u64),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (0u8..4).prop_map(Act::Add),
            (0u8..4, 0u64..20).prop_map(|(key, delay)| Act::Later(key, delay)),
            Just(Act::Take),
            any::<usize>().prop_map(Act::Done),
            (0u64..20).prop_map(Act::Pass),
        ]
    }

    /// What is wanted and who works, as the wishes were made.
    #[derive(Default)]
    struct Model {
        now: u64,
        /// The earliest wish of each key since it was last given out.
        wanted: BTreeMap<u8, u64>,
        working: Vec<u8>,
    }

    impl Model {
        fn wish(&mut self, key: u8, at: u64) {
            let wish = self.wanted.entry(key).or_insert(at);
            *wish = at.min(*wish);
        }

        /// Gives a key out. A delayed wish that it has besides the one that is due remains.
        fn take(&mut self, queue: &mut Core<u8>) -> bool {
            let Some(key) = queue.take(Instant(self.now)) else {
                let free = |key: &u8| !self.working.contains(key);
                let due = self.wanted.iter().find(|(key, at)| **at <= self.now && free(key));
                assert_eq!(due, None, "it is due and nobody gets it");
                return false;
            };
            assert!(!self.working.contains(&key), "{key} has two workers");
            let wish = self.wanted.remove(&key);
            assert!(wish.is_some_and(|at| at <= self.now), "nobody wanted {key}");
            self.working.push(key);
            if let Some((at, _)) = queue.places.get(&key) {
                self.wish(key, at.0);
            }
            true
        }

        fn done(&mut self, queue: &mut Core<u8>, which: usize) {
            if !self.working.is_empty() {
                let key = self.working.remove(which % self.working.len());
                queue.done(&key);
            }
        }
    }

    proptest! {
        /// Nothing is lost, nothing has two workers, nothing is given out that nobody wanted.
        #[test]
        fn every_wish_is_followed_by_work(acts in prop::collection::vec(act(), 1..80)) {
            let (mut queue, mut model) = (Core::default(), Model::default());
            for act in acts {
                match act {
                    Act::Add(key) => {
                        queue.add(key);
                        model.wish(key, model.now);
                    }
                    Act::Later(key, delay) => {
                        let at = model.now + delay;
                        queue.add_at(key, Instant(at), Instant(model.now));
                        model.wish(key, at);
                    }
                    Act::Take => drop(model.take(&mut queue)),
                    Act::Done(which) => model.done(&mut queue, which),
                    Act::Pass(time) => model.now += time,
                }
            }
            model.now += 1000;
            while !model.working.is_empty() || model.take(&mut queue) {
                model.done(&mut queue, 0);
            }
            prop_assert!(model.wanted.is_empty() && queue.is_empty() && queue.due().is_none());
        }
    }
}

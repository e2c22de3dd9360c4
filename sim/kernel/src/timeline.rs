//! What is due and when: a heap whose entries can be cancelled.

use crate::Time;
use slab::Slab;
use std::{cmp::Reverse, collections::BinaryHeap};

/// Below this, dead heap entries are not worth sweeping.
const SWEEP_ENTRIES_MIN: usize = 4096;

/// Names one thing that is due, until it is taken or cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    index: u32,
    generation: u32,
}

/// Ordered by time, then by who asked first.
type Place = Reverse<(Time, u64, u32)>;

#[derive(Debug)]
struct Slot<D> {
    generation: u32,
    sequence: u64,
    due: D,
}

/// Things due at given times. Equal times come out in the order in which they went in.
#[derive(Debug)]
pub(crate) struct Timeline<D> {
    heap: BinaryHeap<Place>,
    slots: Slab<Slot<D>>,
    sequence: u64,
    generation: u32,
}

impl<D> Timeline<D> {
    pub(crate) fn new() -> Self {
        Self { heap: BinaryHeap::new(), slots: Slab::new(), sequence: 0, generation: 0 }
    }

    pub(crate) fn push(&mut self, at: Time, due: D) -> Timer {
        self.sequence += 1;
        self.generation = self.generation.wrapping_add(1);
        let (generation, sequence) = (self.generation, self.sequence);
        let index = self.slots.insert(Slot { generation, sequence, due });
        let index = u32::try_from(index).expect("fewer than 2^32 timers");
        self.heap.push(Reverse((at, sequence, index)));
        self.sweep();
        Timer { index, generation }
    }

    pub(crate) fn get_mut(&mut self, timer: Timer) -> Option<&mut D> {
        let slot = self.slots.get_mut(timer.index as usize)?;
        (slot.generation == timer.generation).then_some(&mut slot.due)
    }

    /// Takes a thing out before it is due. The caller drops it, outside any lock.
    pub(crate) fn cancel(&mut self, timer: Timer) -> Option<D> {
        self.get_mut(timer)?;
        Some(self.slots.remove(timer.index as usize).due)
    }

    /// When the next thing is due.
    pub(crate) fn next_at(&mut self) -> Option<Time> {
        loop {
            let Reverse((at, sequence, index)) = *self.heap.peek()?;
            if self.is_live(sequence, index) {
                return Some(at);
            }
            self.heap.pop();
        }
    }

    /// Takes the next thing that is due at or before `limit`.
    pub(crate) fn pop(&mut self, limit: Time) -> Option<(Time, D)> {
        if self.next_at()? > limit {
            return None;
        }
        let Reverse((at, _, index)) = self.heap.pop()?;
        Some((at, self.slots.remove(index as usize).due))
    }

    /// Takes out all things that `matches` accepts, in the order of their times.
    pub(crate) fn extract(&mut self, matches: impl Fn(&D) -> bool) -> Vec<D> {
        let mut found: Vec<Place> = self.heap.iter().copied().collect();
        found.retain(|&Reverse((_, sequence, index))| {
            self.is_live(sequence, index) && matches(&self.slots[index as usize].due)
        });
        found.sort_unstable_by_key(|&Reverse(place)| place);
        found.iter().map(|&Reverse((_, _, index))| self.slots.remove(index as usize).due).collect()
    }

    fn is_live(&self, sequence: u64, index: u32) -> bool {
        self.slots.get(index as usize).is_some_and(|slot| slot.sequence == sequence)
    }

    /// Rebuilds the heap when most of it is cancelled entries.
    fn sweep(&mut self) {
        if self.heap.len() < SWEEP_ENTRIES_MIN || self.heap.len() < 4 * self.slots.len() {
            return;
        }
        let mut places = std::mem::take(&mut self.heap).into_vec();
        places.retain(|&Reverse((_, sequence, index))| self.is_live(sequence, index));
        self.heap = places.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_keep_their_order_and_cancelled_ones_are_skipped() {
        let mut timeline = Timeline::new();
        timeline.push(Time(5), 'b');
        let cancelled = timeline.push(Time(1), 'x');
        timeline.push(Time(5), 'c');
        timeline.push(Time(2), 'a');
        assert_eq!(timeline.cancel(cancelled), Some('x'));
        assert_eq!(timeline.cancel(cancelled), None);
        assert_eq!(timeline.pop(Time(1)), None);
        let order: Vec<_> = std::iter::from_fn(|| timeline.pop(Time(9))).collect();
        assert_eq!(order, [(Time(2), 'a'), (Time(5), 'b'), (Time(5), 'c')]);
    }

    #[test]
    fn a_reused_slot_is_not_the_old_timer() {
        let mut timeline = Timeline::new();
        let old = timeline.push(Time(1), 1);
        timeline.cancel(old);
        let new = timeline.push(Time(3), 2);
        assert_eq!(timeline.get_mut(old), None);
        assert_eq!(timeline.get_mut(new), Some(&mut 2));
        assert_eq!(timeline.next_at(), Some(Time(3)));
    }

    #[test]
    fn the_heap_does_not_grow_with_cancelled_timers() {
        let mut timeline = Timeline::new();
        for n in 0..100_000 {
            let timer = timeline.push(Time(n), ());
            timeline.cancel(timer);
        }
        assert!(timeline.heap.len() <= SWEEP_ENTRIES_MIN);
    }
}

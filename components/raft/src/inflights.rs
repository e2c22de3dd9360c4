//! The appends on their way to one peer: a window bounded in count and in bytes.
//!
//! Upstream: tracker/inflights.go.

use std::collections::VecDeque;

use crate::types::Index;

/// The window. Each message is known by the index of its last entry.
#[derive(Clone, Debug)]
pub(crate) struct Inflights {
    max_messages: usize,
    max_bytes: u64,
    bytes: u64,
    messages: VecDeque<(Index, u64)>,
}

impl Inflights {
    pub(crate) fn new(max_messages: usize, max_bytes: u64) -> Self {
        Self { max_messages, max_bytes, bytes: 0, messages: VecDeque::new() }
    }

    /// Notes a message on its way. Indexes only grow.
    pub(crate) fn add(&mut self, last: Index, bytes: u64) {
        self.messages.push_back((last, bytes));
        self.bytes += bytes;
    }

    /// Forgets everything up to an acknowledged index.
    pub(crate) fn free_up_to(&mut self, acked: Index) {
        while let Some((_, bytes)) = self.messages.pop_front_if(|(last, _)| *last <= acked) {
            self.bytes -= bytes;
        }
    }

    /// True when nothing more may be sent. The byte limit may be passed by one message.
    pub(crate) fn full(&self) -> bool {
        self.messages.len() >= self.max_messages || self.bytes >= self.max_bytes
    }

    pub(crate) fn count(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_by_count_and_by_bytes_and_frees_in_order() {
        let mut window = Inflights::new(3, 100);
        window.add(5, 10);
        window.add(7, 10);
        assert!(!window.full());
        window.add(9, 10);
        assert!(window.full(), "three messages");
        window.free_up_to(7);
        assert_eq!((window.count(), window.bytes), (1, 10));
        window.add(11, 1000);
        assert!(window.full(), "too many bytes, although only two messages");
        window.free_up_to(10);
        assert!(window.full());
        window.free_up_to(11);
        assert_eq!((window.count(), window.bytes, window.full()), (0, 0, false));
    }
}

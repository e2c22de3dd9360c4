//! One queue of a level, and the requests that wait in it.

use super::work::{SeatTime, Work};
use host::{Instant, Timestamp};
use std::{collections::VecDeque, sync::Arc};

/// A request, as long as it waits or takes seats.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) about: Arc<About>,
    pub(super) work: Work,
    /// The queue that it came through; none where the level has none.
    pub(super) queue: Option<usize>,
    /// The progress of virtual time at its arrival.
    pub(super) arrival_r: SeatTime,
    /// None: it waits.
    pub(super) started: Option<(Instant, Timestamp)>,
}

/// What a request is, for those who look at the queues.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub(super) schema: Arc<str>,
    pub(super) distinguisher: String,
    pub(super) arrived: Timestamp,
    pub(super) user: Arc<crate::authentication::User>,
    pub(super) info: Arc<crate::request_info::RequestInfo>,
}

/// Requests that wait, in their order, and what those take that run.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<u64>,
    /// Virtual time at which the oldest that waits begins.
    pub(super) next_dispatch_r: SeatTime,
    pub(super) executing: u32,
    pub(super) seats_in_use: u32,
    /// Of those that wait.
    pub(super) initial_seats: u32,
    pub(super) seats: u32,
    pub(super) work: SeatTime,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.executing == 0
    }

    pub(super) fn push(&mut self, id: u64, work: Work) {
        self.waiting.push_back(id);
        self.initial_seats += work.initial_seats;
        self.seats += work.seats();
        self.work += work.total();
    }

    /// Takes one out; false: it does not wait here.
    pub(super) fn remove(&mut self, id: u64, work: Work) -> bool {
        let Some(at) = self.waiting.iter().position(|one| *one == id) else { return false };
        self.waiting.remove(at);
        self.initial_seats -= work.initial_seats;
        self.seats -= work.seats();
        self.work -= work.total();
        true
    }
}

//! One level's queues: who runs next, so that flows get equal shares of the level's seats.
//!
//! Each queue has a virtual time at which its oldest request would begin if every queue that has
//! work got an equal part of the seats at every moment. The request that would end first goes first.
//!
//! No clock, no waiting: what happens is told with its time, and who may run now is the answer.
//!
//! Upstream: flowcontrol/fairqueuing/queueset/{queueset,doc}.go. Three things differ: a request is
//! turned away at its own time and not when the next one arrives, one that gives up makes way at once
//! for those behind it, and a queue keeps its number when there are to be fewer (the last ones go,
//! once they are empty).

use super::{
    dealer::Dealer,
    demand::Integrator,
    queue::{About, Queue, Request},
    work::{SERVICE, SeatTime, Work},
};
use host::{Instant, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// What happens to requests for which there is no seat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Overflow {
    /// Seats are only counted.
    Exempt,
    Reject,
    Queue {
        queues: u32,
        hand: u32,
        length: u32,
    },
}

/// What became of one that arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arrived {
    Runs,
    /// So many are in its queue, itself included.
    Waits {
        length: usize,
    },
    Refused(Refusal),
}

/// Why a request is turned away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Refusal {
    QueueFull,
    ConcurrencyLimit,
    TimedOut,
    /// Its client is gone.
    Cancelled,
}

impl Refusal {
    /// As metrics name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue-full",
            Self::ConcurrencyLimit => "concurrency-limit",
            Self::TimedOut => "time-out",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How many requests came to which end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Totals {
    pub(super) dispatched: u64,
    pub(super) rejected: u64,
    pub(super) timed_out: u64,
    pub(super) cancelled: u64,
}

/// The queues of one level.
#[derive(Clone, Debug)]
pub(super) struct QueueSet {
    overflow: Overflow,
    dealer: Option<Dealer>,
    /// Seats that there are.
    limit: u32,
    queues: Vec<Queue>,
    requests: BTreeMap<u64, Request>,
    /// Those whose seats are taken after their end, and until when.
    lingering: BTreeSet<(Instant, u64)>,
    /// Work that every queue with work has been given since the beginning.
    current_r: SeatTime,
    last: Instant,
    /// Virtual time at which the request began that was started last.
    latest_s: SeatTime,
    /// The queue that was served last; the one after it is looked at first.
    robin: usize,
    enqueued: usize,
    waiting: u32,
    seats_waiting: u32,
    executing: u32,
    seats_in_use: u32,
    demand: Integrator,
    totals: Totals,
}

impl QueueSet {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            overflow: Overflow::Reject,
            dealer: None,
            limit: 0,
            queues: Vec::new(),
            requests: BTreeMap::new(),
            lingering: BTreeSet::new(),
            current_r: SeatTime::default(),
            last: now,
            latest_s: SeatTime::default(),
            robin: 0,
            enqueued: 0,
            waiting: 0,
            seats_waiting: 0,
            executing: 0,
            seats_in_use: 0,
            demand: Integrator::new(now),
            totals: Totals::default(),
        }
    }

    /// Takes other rules over; returns who may run now. Queues that are too many give out what waits
    /// in them and get nothing more.
    pub(super) fn configure(
        &mut self,
        now: Instant,
        wall: Timestamp,
        overflow: Overflow,
        limit: u32,
    ) -> Vec<u64> {
        self.advance(now);
        (self.overflow, self.limit, self.dealer) = (overflow, limit, None);
        if let Overflow::Queue { queues, hand, .. } = overflow {
            self.dealer = Dealer::new(queues, hand);
            if queues as usize > self.queues.len() {
                self.queues.resize_with(queues as usize, Queue::default);
            }
        }
        self.trim();
        self.dispatch(now, wall)
    }

    /// A request arrives, under a number that no other has; the flow is the one with that hash.
    /// Returns what becomes of it, and who else may run now.
    pub(super) fn arrive(
        &mut self,
        now: Instant,
        id: u64,
        (about, work): (Arc<About>, Work),
        hash: u64,
    ) -> (Arrived, Vec<u64>) {
        self.advance(now);
        let (wall, arrival_r) = (about.arrived, self.current_r);
        let mut request = Request { about, work, queue: None, arrival_r, started: None };
        let Overflow::Queue { length, .. } = self.overflow else {
            return (self.run_or_refuse(now, wall, id, request), Vec::new());
        };
        let chosen = self.choose(hash);
        if self.seats_in_use >= self.limit && self.queues[chosen].waiting.len() >= length as usize {
            self.totals.rejected += 1;
            return (Arrived::Refused(Refusal::QueueFull), Vec::new());
        }
        request.queue = Some(chosen);
        let queue = &mut self.queues[chosen];
        if queue.is_empty() {
            queue.next_dispatch_r = arrival_r;
        }
        queue.push(id, work);
        let length = queue.waiting.len();
        self.requests.insert(id, request);
        self.waiting += 1;
        self.seats_waiting += work.seats();
        self.bound(chosen);
        let mut started = self.dispatch(now, wall);
        let runs = started.contains(&id);
        started.retain(|one| *one != id);
        (if runs { Arrived::Runs } else { Arrived::Waits { length } }, started)
    }

    /// Without queues there is nothing to wait in.
    fn run_or_refuse(
        &mut self,
        now: Instant,
        wall: Timestamp,
        id: u64,
        request: Request,
    ) -> Arrived {
        if !self.accommodates(request.work.seats()) {
            self.totals.rejected += 1;
            return Arrived::Refused(Refusal::ConcurrencyLimit);
        }
        self.begin(now, wall, id, request);
        self.note_demand(now);
        Arrived::Runs
    }

    /// A request that runs is done; returns who may run now. What it leaves to be done takes its
    /// seats for a while: see [`QueueSet::wake`].
    pub(super) fn finish(&mut self, now: Instant, wall: Timestamp, id: u64) -> Vec<u64> {
        self.advance(now);
        let Some(request) = self.requests.get(&id) else { return Vec::new() };
        let (work, queue, started) = (request.work, request.queue, request.started);
        let Some((began, _)) = started else { return Vec::new() };
        self.executing -= 1;
        if let Some(at) = queue {
            let queue = &mut self.queues[at];
            queue.executing -= 1;
            // It was counted with the time that a request is taken to last.
            queue.next_dispatch_r -= SeatTime::of(work.initial_seats, SERVICE);
            queue.next_dispatch_r += SeatTime::of(work.initial_seats, now.since(began));
            self.bound(at);
        }
        match work.linger == Duration::ZERO {
            true => self.release(id),
            false => {
                self.lingering.insert((now + work.linger, id));
            }
        }
        self.trim();
        self.dispatch(now, wall)
    }

    /// A request goes without having run; returns who may run now, none where it runs itself or is
    /// gone.
    pub(super) fn give_up(
        &mut self,
        now: Instant,
        wall: Timestamp,
        id: u64,
        why: Refusal,
    ) -> Option<Vec<u64>> {
        self.advance(now);
        let request = self.requests.get(&id)?;
        let (Some(at), None, work) = (request.queue, request.started, request.work) else {
            return None;
        };
        self.queues[at].remove(id, work);
        self.requests.remove(&id);
        self.waiting -= 1;
        self.seats_waiting -= work.seats();
        self.totals.rejected += 1;
        match why {
            Refusal::TimedOut => self.totals.timed_out += 1,
            _ => self.totals.cancelled += 1,
        }
        self.bound(at);
        self.trim();
        Some(self.dispatch(now, wall))
    }

    /// Frees the seats that nobody needs any more; returns who may run now.
    pub(super) fn wake(&mut self, now: Instant, wall: Timestamp) -> Vec<u64> {
        self.advance(now);
        while let Some((_, id)) = self.lingering.first().copied().filter(|(at, _)| *at <= now) {
            self.lingering.pop_first();
            self.release(id);
        }
        self.dispatch(now, wall)
    }

    /// When [`QueueSet::wake`] has something to do.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.lingering.first().map(|(at, _)| *at)
    }

    fn release(&mut self, id: u64) {
        let Some(request) = self.requests.remove(&id) else { return };
        let seats = request.work.seats();
        self.seats_in_use -= seats;
        if let Some(at) = request.queue {
            self.queues[at].seats_in_use -= seats;
        }
    }

    /// Lets virtual time pass: the queues have been as they are since it was last asked for.
    fn advance(&mut self, now: Instant) {
        let passed = now.since(self.last);
        self.last = now;
        let (mut active, mut wanted) = (0_u32, 0_u32);
        for queue in &self.queues {
            active += u32::from(!queue.is_empty());
            wanted += queue.seats_in_use + queue.seats;
        }
        if active > 0 {
            self.current_r += SeatTime::of(wanted.min(self.limit), passed).divided(active);
        }
    }

    /// The queue of the flow's hand that has the least work waiting. Where several have, the one
    /// that is looked at first changes from request to request.
    fn choose(&mut self, hash: u64) -> usize {
        let hand = self.dealer.map_or_else(|| vec![0], |dealer| dealer.deal(hash));
        let offset = self.enqueued % hand.len();
        self.enqueued += 1;
        let turned = hand[offset..].iter().chain(&hand[..offset]);
        turned.copied().min_by_key(|queue| self.queues[*queue].work).unwrap_or(0)
    }

    fn accommodates(&self, seats: u32) -> bool {
        match self.overflow {
            Overflow::Exempt => true,
            // One that is too wide for the level runs alone.
            _ if seats > self.limit => self.executing == 0,
            _ => self.seats_in_use + seats <= self.limit,
        }
    }

    /// Starts as many as there are seats for.
    fn dispatch(&mut self, now: Instant, wall: Timestamp) -> Vec<u64> {
        let mut started = Vec::new();
        while self.waiting > 0 && self.seats_in_use < self.limit {
            let Some(id) = self.dispatch_one(now, wall) else { break };
            started.push(id);
        }
        self.note_demand(now);
        started
    }

    /// Starts the request that would end first in virtual time; none: there are not seats enough for
    /// it. Nobody overtakes it then, or wide requests would wait for ever.
    fn dispatch_one(&mut self, now: Instant, wall: Timestamp) -> Option<u64> {
        let at = self.next_queue()?;
        let id = *self.queues[at].waiting.front()?;
        let mut request = self.requests.get(&id)?.clone();
        if !self.accommodates(request.work.seats()) {
            return None;
        }
        self.robin = at;
        self.latest_s = self.queues[at].next_dispatch_r;
        self.queues[at].remove(id, request.work);
        self.waiting -= 1;
        self.seats_waiting -= request.work.seats();
        request.work = request.work.narrowed(self.limit);
        self.queues[at].next_dispatch_r += request.work.total();
        self.begin(now, wall, id, request);
        self.bound(at);
        Some(id)
    }

    /// The queue whose oldest request would end first; of equal ones the first after the one that was
    /// served last.
    fn next_queue(&self) -> Option<usize> {
        let count = self.queues.len();
        let finish = |at: &usize| {
            let queue = &self.queues[*at];
            let oldest = self.requests.get(queue.waiting.front()?)?;
            Some(queue.next_dispatch_r + oldest.work.total())
        };
        let turned = (1..=count).map(|step| (self.robin + step) % count);
        let waiting = turned.filter_map(|at| Some((finish(&at)?, at)));
        waiting.min_by_key(|(finish, _)| *finish).map(|(_, at)| at)
    }

    fn begin(&mut self, now: Instant, wall: Timestamp, id: u64, mut request: Request) {
        let seats = request.work.seats();
        request.started = Some((now, wall));
        self.executing += 1;
        self.seats_in_use += seats;
        self.totals.dispatched += 1;
        if let Some(at) = request.queue {
            self.queues[at].executing += 1;
            self.queues[at].seats_in_use += seats;
        }
        self.requests.insert(id, request);
    }

    /// No request begins in virtual time before it arrived: a queue that could not use its part does
    /// not save it up.
    fn bound(&mut self, at: usize) {
        let queue = &mut self.queues[at];
        let oldest = queue.waiting.front().and_then(|id| self.requests.get(id));
        if let Some(oldest) = oldest {
            queue.next_dispatch_r = queue.next_dispatch_r.max(oldest.arrival_r);
        }
    }

    /// Takes away queues that are too many, once they are empty.
    fn trim(&mut self) {
        let wanted = match self.overflow {
            Overflow::Queue { queues, .. } => queues as usize,
            Overflow::Exempt | Overflow::Reject => 0,
        };
        let gone = |queue: &Queue| queue.is_empty() && queue.seats_in_use == 0;
        while self.queues.len() > wanted && self.queues.last().is_some_and(gone) {
            self.queues.pop();
        }
    }

    fn note_demand(&mut self, now: Instant) {
        self.demand.set(now, f64::from(self.seats_in_use + self.seats_waiting));
    }
}

/// What others look at.
impl QueueSet {
    pub(super) fn is_idle(&self) -> bool {
        self.requests.is_empty()
    }

    pub(super) fn demand(&mut self) -> &mut Integrator {
        &mut self.demand
    }

    pub(super) fn overflow(&self) -> Overflow {
        self.overflow
    }

    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    pub(super) fn queues(&self) -> &[Queue] {
        &self.queues
    }

    pub(super) fn requests(&self) -> &BTreeMap<u64, Request> {
        &self.requests
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    pub(super) fn current_r(&self) -> SeatTime {
        self.current_r
    }

    pub(super) fn latest_s(&self) -> SeatTime {
        self.latest_s
    }

    /// Those that wait, and those that run.
    pub(super) fn counts(&self) -> (u32, u32) {
        (self.waiting, self.executing)
    }

    /// Seats that are taken, and those that others wait for.
    pub(super) fn seats(&self) -> (u32, u32) {
        (self.seats_in_use, self.seats_waiting)
    }
}

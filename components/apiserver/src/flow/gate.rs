//! Where requests wait for their seats: carries what [`Flows`] decides to those who wait.
//!
//! Upstream: apiserver/pkg/server/filters/priority-and-fairness.go,
//! apiserver/pkg/util/flowcontrol/apf_filter.go.

use super::{
    dump,
    estimate::{self, Stored},
    flows::{Flows, Started},
    level::LevelConfig,
    metrics::{FlowMetrics, LevelMetrics, Way},
    queue_set::{Arrived, Refusal},
    retry_after::Dropped,
    schema::FlowSchema,
    watches::Watches,
};
use crate::{authentication::User, query::Query, request_info::RequestInfo};
use host::{Host, Instant};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use telemetry::Registry;
use tokio::sync::{Notify, oneshot};

/// Between two times at which levels lend each other seats (borrowingAdjustmentPeriod).
const REBALANCE: Duration = Duration::from_secs(10);

/// Lets requests through, in fair order.
#[derive(Debug)]
pub(crate) struct Gate {
    host: Host,
    state: Mutex<State>,
    /// There is something earlier to wake for.
    earlier: Notify,
    /// A level waits to be forgotten.
    left: Notify,
    watches: Watches,
    metrics: FlowMetrics,
    /// The cluster's objects were read once.
    told: AtomicBool,
}

#[derive(Debug)]
struct State {
    flows: Flows,
    waiters: BTreeMap<u64, oneshot::Sender<()>>,
    dropped: BTreeMap<Arc<str>, Dropped>,
    levels: BTreeMap<Arc<str>, LevelMetrics>,
}

/// A request that comes to the gate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comer<'a> {
    pub(crate) user: &'a Arc<User>,
    pub(crate) info: &'a Arc<RequestInfo>,
    pub(crate) query: &'a Query,
    /// It may wait so long.
    pub(crate) patience: Duration,
}

/// Whom a request was sent to; clients may see the uids, not the names.
#[derive(Clone, Debug)]
pub(crate) struct Classified {
    schema: Arc<FlowSchema>,
    level: Arc<LevelConfig>,
}

/// A place in a queue or on seats. Dropping it gives that up.
#[derive(Debug)]
pub(crate) struct Seat {
    gate: Arc<Gate>,
    classified: Classified,
    id: u64,
    watch: bool,
    /// None: it waits.
    began: Option<Instant>,
    /// How long it waited.
    waited: Duration,
}

/// There was no seat.
#[derive(Debug)]
pub(crate) struct TurnedAway {
    pub(crate) classified: Classified,
    /// Its client is to stay away so long.
    pub(crate) seconds: u64,
}

impl Classified {
    /// Uids of the schema and of the level.
    pub(crate) fn uids(&self) -> (&str, &str) {
        (&self.schema.uid, &self.level.uid)
    }

    fn way(&self) -> Way<'_> {
        Way { level: &self.level.name, schema: &self.schema.name }
    }
}

impl Seat {
    pub(crate) fn classified(&self) -> &Classified {
        &self.classified
    }

    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let now = self.gate.host.now();
        let way = self.classified.way();
        match self.began {
            Some(began) => self.gate.metrics.executed(way, self.watch, now.since(began)),
            None => self.gate.metrics.rejected(way, Refusal::Cancelled),
        }
        self.gate.leave(&self.classified.level.name, self.id);
    }
}

impl Gate {
    /// A gate with `total` seats.
    pub(crate) fn new(host: &Host, registry: &Registry, total: u32) -> Self {
        let flows = Flows::new(host.now(), host.clock.wall(), total);
        let state = State {
            flows,
            waiters: BTreeMap::new(),
            dropped: BTreeMap::new(),
            levels: BTreeMap::new(),
        };
        Self {
            host: host.clone(),
            state: Mutex::new(state),
            earlier: Notify::new(),
            left: Notify::new(),
            watches: Watches::default(),
            metrics: FlowMetrics::new(registry),
            told: AtomicBool::new(false),
        }
    }

    /// Waits for seats. Cancel-safe.
    ///
    /// # Errors
    /// There are none in time.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        comer: Comer<'_>,
        stored: impl FnOnce() -> Option<Stored>,
    ) -> Result<Seat, TurnedAway> {
        let arrived = self.host.now();
        let (started, receiver) = self.arrive(comer, stored);
        let classified = Classified { schema: started.schema, level: started.level };
        self.metrics.estimated(classified.way(), started.work.seats());
        if let Arrived::Refused(why) = started.arrived {
            return Err(self.turn_away(classified, why));
        }
        let mut seat = Seat {
            gate: self.clone(),
            classified,
            id: started.id,
            watch: comer.info.verb == "watch",
            began: None,
            waited: Duration::ZERO,
        };
        if let Arrived::Waits { length } = started.arrived {
            self.metrics.queued(seat.classified.way(), length);
            let told = self.host.timeout(comer.patience, receiver).await;
            let now = self.host.now();
            seat.waited = now.since(arrived);
            if told.is_err() && self.time_out(&seat) {
                self.metrics.waited(seat.classified.way(), false, seat.waited);
                let classified = seat.classified.clone();
                // It holds nothing any more, and its end was counted.
                seat.began = Some(now);
                return Err(self.turn_away(classified, Refusal::TimedOut));
            }
        }
        seat.began = Some(self.host.now());
        if !Flows::is_exempt(&seat.classified.level) {
            self.metrics.waited(seat.classified.way(), true, seat.waited);
        }
        self.metrics.dispatched(seat.classified.way());
        Ok(seat)
    }

    fn arrive(
        &self,
        comer: Comer<'_>,
        stored: impl FnOnce() -> Option<Stored>,
    ) -> (Started, oneshot::Receiver<()>) {
        let (now, wall) = (self.host.now(), self.host.clock.wall());
        let mut watched = None;
        let watches = || {
            let count = self.watches.interested(comer.info);
            watched = Some(count);
            count
        };
        let estimate = |most| estimate::estimate(comer.info, comer.query, most, stored, watches);
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state.lock();
        let (started, others) = state.flows.arrive(now, wall, (comer.user, comer.info), estimate);
        if matches!(started.arrived, Arrived::Waits { .. }) {
            state.waiters.insert(started.id, sender);
        }
        self.changed(&mut state, &started.level.name, others);
        drop(state);
        if let Some(watched) = watched {
            let way = Way { level: &started.level.name, schema: &started.schema.name };
            self.metrics.watched(way, watched);
        }
        (started, receiver)
    }

    fn turn_away(&self, classified: Classified, why: Refusal) -> TurnedAway {
        self.metrics.rejected(classified.way(), why);
        let second = self.host.clock.wall().seconds();
        let mut state = self.state.lock();
        let dropped = state.dropped.entry(classified.level.name.clone()).or_default();
        TurnedAway { seconds: dropped.note(second), classified }
    }

    /// False: it was let through in the same moment.
    fn time_out(&self, seat: &Seat) -> bool {
        let (now, wall, level) =
            (self.host.now(), self.host.clock.wall(), &seat.classified.level.name);
        let mut state = self.state.lock();
        let Some(started) = state.flows.time_out(now, wall, level, seat.id) else { return false };
        state.waiters.remove(&seat.id);
        self.changed(&mut state, level, started);
        true
    }

    fn leave(&self, level: &str, id: u64) {
        let (now, wall) = (self.host.now(), self.host.clock.wall());
        let mut state = self.state.lock();
        let wakes_at = state.flows.next_wake();
        let started = state.flows.leave(now, wall, level, id);
        state.waiters.remove(&id);
        self.changed(&mut state, level, started);
        if state.flows.next_wake() != wakes_at {
            self.earlier.notify_one();
        }
        if state.flows.has_leftovers() {
            self.left.notify_one();
        }
    }

    /// Tells those who may run, and follows the level's numbers.
    fn changed(&self, state: &mut State, level: &str, started: Vec<u64>) {
        for id in started {
            // One that is gone gives its place up by itself.
            if let Some(waiter) = state.waiters.remove(&id) {
                let _ = waiter.send(());
            }
        }
        let now = self.host.now();
        if let Some((name, level)) = state.flows.levels().get_key_value(level) {
            let metrics = state.levels.entry(name.clone());
            metrics.or_insert_with(|| self.metrics.level(name, now)).note(now, level);
        }
    }

    fn all_changed(&self, state: &mut State, mut started: Vec<u64>) {
        let names: Vec<Arc<str>> = state.flows.levels().keys().cloned().collect();
        let known: BTreeSet<&Arc<str>> = names.iter().collect();
        state.levels.retain(|name, _| known.contains(name));
        state.dropped.retain(|name, _| known.contains(name));
        for name in &names {
            self.changed(state, name, std::mem::take(&mut started));
        }
    }

    /// Takes over what is configured now.
    pub(super) fn configure(&self, levels: Vec<LevelConfig>, schemas: Vec<FlowSchema>) {
        let (now, wall) = (self.host.now(), self.host.clock.wall());
        let mut state = self.state.lock();
        let started = state.flows.configure(now, wall, levels, schemas);
        self.all_changed(&mut state, started);
        self.told.store(true, Ordering::Relaxed);
    }

    /// Whether it follows the cluster's objects already.
    pub(crate) fn is_told(&self) -> bool {
        self.told.load(Ordering::Relaxed)
    }

    /// Whether a level waits to be forgotten.
    pub(super) fn has_leftovers(&self) -> bool {
        self.state.lock().flows.has_leftovers()
    }

    /// Waits until a level waits to be forgotten.
    pub(super) async fn left(&self) {
        self.left.notified().await;
    }

    /// Lets time have its effects: seats that linger get free, levels lend to each other.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut rebalance = self.host.now() + REBALANCE;
        loop {
            let next = self.state.lock().flows.next_wake();
            let wake = next.map_or(rebalance, |next| next.min(rebalance));
            host::select!(self.host, {
                () = self.host.clock.boxed_sleep(wake) => {},
                () = self.earlier.notified() => {},
            });
            let (now, wall) = (self.host.now(), self.host.clock.wall());
            let mut state = self.state.lock();
            let mut started = state.flows.wake(now, wall);
            if now >= rebalance {
                rebalance = now + REBALANCE;
                started.extend(state.flows.rebalance(now, wall));
            }
            self.all_changed(&mut state, started);
        }
    }

    /// The watches that are open.
    pub(crate) fn watches(&self) -> &Watches {
        &self.watches
    }

    /// Brings the metrics up to date.
    pub(crate) fn look(&self) {
        let now = self.host.now();
        let mut state = self.state.lock();
        self.metrics.look(&state.flows);
        let State { flows, levels, .. } = &mut *state;
        for (name, metrics) in levels {
            if let Some(level) = flows.levels().get(name) {
                metrics.note(now, level);
            }
        }
    }

    /// The table of that name; none: there is no such table.
    pub(crate) fn dump(&self, name: &str, details: bool) -> Option<String> {
        let flows = &self.state.lock().flows;
        match name {
            "dump_priority_levels" => Some(dump::levels(flows)),
            "dump_queues" => Some(dump::queues(flows)),
            "dump_requests" => Some(dump::requests(flows, details)),
            _ => None,
        }
    }
}

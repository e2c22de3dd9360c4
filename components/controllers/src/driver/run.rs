//! The loop around one controller.

use client::{
    Key, Queue,
    queue::{Exponential, MaxOf},
};
use host::{Children, Host, Stop, event};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use telemetry::{Counter, Gauge, Registry};

use super::{
    Informers, ask,
    awaited::Awaited,
    carry::{Hand, Stopped},
};
use crate::{
    controller::{Change, Controller, Refusal, Scene},
    plan::{Facts, Plan},
};

/// Between looks at a store that does not show yet what was written. What was written wakes the
/// key when it is seen; this is for what was overtaken before that.
const AWAIT: Duration = Duration::from_millis(100);
/// Rounds of questions before one decision.
const ROUNDS_MAX: usize = 10;
/// A key that fails waits from 5 ms, doubled each time, up to this. Upstream's thousand seconds
/// would keep an object broken long after everything else is mended.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// What a driver works with.
#[derive(Clone, Debug)]
pub(crate) struct Office {
    pub(crate) informers: Informers,
    pub(crate) hand: Hand,
    pub(crate) registry: Registry,
}

/// Runs one controller.
#[derive(Debug)]
pub(crate) struct Driver {
    host: Host,
    name: &'static str,
    office: Office,
    controller: Mutex<Box<dyn Controller>>,
    queue: Queue<Key>,
    /// Of keys whose last plan wrote something or failed.
    memory: Mutex<BTreeMap<Key, Memory>>,
    counts: Counts,
}

/// Upstream's names (component-base/metrics/prometheus/workqueue).
#[derive(Debug)]
struct Counts {
    adds: Counter,
    retries: Counter,
    depth: Gauge,
}

impl Counts {
    fn new(registry: &Registry, name: &str) -> Self {
        let labels = [("name", name)];
        let adds = "Total number of adds handled by workqueue";
        let retries = "Total number of retries handled by workqueue";
        Self {
            adds: registry.counter("workqueue_adds_total", adds, &labels),
            retries: registry.counter("workqueue_retries_total", retries, &labels),
            depth: registry.gauge("workqueue_depth", "Current depth of workqueue", &labels),
        }
    }
}

#[derive(Debug, Default)]
struct Memory {
    awaited: Awaited,
    refused: Option<Refusal>,
}

/// How a pass over a key ended.
enum Pass {
    Done(Option<Duration>),
    /// Not yet, and nobody's fault.
    Later,
    Failed,
}

impl Driver {
    pub(crate) fn new(office: Office, controller: Box<dyn Controller>) -> Self {
        let host = office.hand.client.host().clone();
        let limiter = Exponential::new(Duration::from_millis(5), WAIT_MAX);
        let queue = Queue::new(&host, MaxOf(vec![Box::new(limiter)]));
        let counts = Counts::new(&office.registry, controller.name());
        Self {
            host,
            name: controller.name(),
            office,
            controller: Mutex::new(controller),
            queue,
            memory: Mutex::default(),
            counts,
        }
    }

    /// Until it is told to stop; what is under way is ended first.
    pub(crate) async fn run(self, mut stop: Stop) {
        let this = Arc::new(self);
        let (kinds, workers, begins) = {
            let controller = this.controller.lock();
            (controller.watches(), controller.workers(), controller.begins())
        };
        for kind in kinds {
            let Some(informer) = this.office.informers.get(*kind) else { continue };
            let (this, kind) = (Arc::downgrade(&this), *kind);
            informer.add_handler(None, move |notice| {
                if let Some(this) = this.upgrade() {
                    this.hear(Change { kind, notice });
                }
            });
        }
        if !this.office.informers.synced(kinds, &mut stop).await {
            return;
        }
        begins.into_iter().for_each(|key| this.queue.add(key));
        let mut children = Children::default();
        for _ in 0..workers {
            let this = this.clone();
            children.adopt(this.host.clone().spawn(this.name, async move { this.work().await }));
        }
        stop.stopped().await;
        this.queue.drain().await;
    }

    fn hear(&self, change: Change<'_>) {
        let controller = self.controller.lock();
        let wakes = self
            .office
            .informers
            .look(controller.watches(), |view| controller.wakes(&change, view));
        for wake in wakes {
            self.counts.adds.increment();
            match wake.wait.is_zero() {
                true => self.queue.add(wake.key),
                false => self.queue.add_after(wake.key, wake.wait),
            }
        }
    }

    async fn work(&self) {
        while let Some(work) = self.queue.next().await {
            match self.pass(&work).await {
                Pass::Done(None) => work.succeeded(),
                Pass::Done(Some(wait)) => work.again_after(wait),
                Pass::Later => self.queue.add_after(work.clone(), AWAIT),
                Pass::Failed => {
                    self.counts.retries.increment();
                    work.failed();
                }
            }
            let depth = u32::try_from(self.queue.len()).unwrap_or(u32::MAX);
            self.counts.depth.set(depth.into());
        }
    }

    /// Looks, decides, writes.
    async fn pass(&self, key: &Key) -> Pass {
        let mut facts = Facts::default();
        for _ in 0..ROUNDS_MAX {
            let Some(plan) = self.decide(key, &facts) else { return Pass::Later };
            if plan.questions.iter().all(|question| facts.answer(question).is_some()) {
                return self.carry_out(key, plan).await;
            }
            ask::answer(&self.office.hand.client, &mut facts, plan.questions).await;
        }
        Pass::Failed
    }

    /// The plan; none while the stores do not show the last one's writes.
    fn decide(&self, key: &Key, facts: &Facts) -> Option<Plan> {
        let mut controller = self.controller.lock();
        let mut memory = self.memory.lock();
        let kinds = controller.watches();
        self.office.informers.look(kinds, |view| {
            if let Some(memory) = memory.get_mut(key)
                && !memory.awaited.is_met(view)
            {
                return None;
            }
            let refused = memory.get(key).and_then(|memory| memory.refused.as_ref());
            let (wall, now) = (self.host.clock.wall(), self.host.now());
            Some(controller.decide(key, &Scene { view, facts, refused, wall, now }))
        })
    }

    async fn carry_out(&self, key: &Key, plan: Plan) -> Pass {
        if plan.writes.is_empty() {
            self.memory.lock().remove(key);
            return Pass::Done(plan.again);
        }
        let mut awaited = Awaited::default();
        let ended = self.office.hand.carry_out(plan.writes, &mut awaited).await;
        let (refused, pass) = match ended {
            Ok(()) | Err(Stopped::Pointless) => (None, Pass::Done(plan.again)),
            Err(Stopped::Stale | Stopped::Deposed) => (None, Pass::Failed),
            Err(Stopped::Refused(refusal)) => {
                self.note_refusal(key, &refusal);
                (Some(refusal), Pass::Failed)
            }
        };
        self.memory.lock().insert(key.clone(), Memory { awaited, refused });
        pass
    }

    fn note_refusal(&self, key: &Key, refusal: &Refusal) {
        event!(
            self.host,
            Info,
            "a controller's write was refused",
            controller = self.name,
            key = &key.to_string(),
            verb = refusal.verb,
            resource = &refusal.plural,
            why = &refusal.error.to_string()
        );
    }
}

//! The loop of the replica that leads.

use super::{
    bind,
    errands::{Errands, Word},
    extenders::Extenders,
    follow::Inbox,
    metrics::{Metrics, Outcome},
    preempt, status,
};
use crate::{
    config::Config,
    core::{Attempt, Core, Decision, Refused},
    framework::{Assumption, Permit, Ready, Refusal},
    objects::pod::Pod,
};
use client::{
    Client, Key,
    events::{Recorder, Reference, Severity},
};
use host::{Host, Instant, Stop, event};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Pods that are placed before others have a turn.
const BATCH: usize = 64;
/// The longest time without a look at what waits.
const IDLE: Duration = Duration::from_secs(30);

/// What a pod that has a place still waits for.
#[derive(Debug)]
enum Stage {
    /// That it may be bound; then this is to be written.
    Permit(Vec<Assumption>),
    /// That what was written comes true.
    Written,
}

/// A pod that is not bound yet.
#[derive(Debug)]
struct Waiting {
    pod: Arc<Pod>,
    node: String,
    since: Instant,
    stage: Stage,
}

/// The one who decides.
#[derive(Debug)]
pub(super) struct Leader {
    host: Host,
    client: Client,
    core: Core,
    inbox: Inbox,
    recorder: Recorder,
    extenders: Arc<Extenders>,
    errands: Errands,
    waiting: BTreeMap<Key, Waiting>,
    metrics: Metrics,
}

impl Leader {
    pub(super) fn new(
        client: &Client,
        config: &Config,
        inbox: Inbox,
        recorder: Recorder,
        metrics: Metrics,
    ) -> Self {
        Self {
            host: client.host().clone(),
            client: client.clone(),
            core: Core::new(config, None),
            inbox,
            recorder,
            extenders: Arc::new(Extenders::new(client.host(), &config.extenders)),
            errands: Errands::new(client.host()),
            waiting: BTreeMap::new(),
            metrics,
        }
    }

    pub(super) async fn run(mut self, mut stop: Stop) {
        let host = self.host.clone();
        let inbox = self.inbox.clone();
        host::select!(host, {
            () = inbox.synced() => (),
            () = stop.stopped() => return,
        });
        event!(host, Info, "all that counts is known; pods are placed from now on");
        while !stop.is_stopped() {
            self.take_in();
            if self.place_some().await {
                // Lets informers and errands have their turn.
                host.sleep(Duration::ZERO).await;
                continue;
            }
            let wake = self.wake();
            host::select!(host, {
                () = inbox.told() => (),
                word = self.errands.next() => self.hear(word),
                () = host.clock.sleep_until(wake) => (),
                () = stop.stopped() => return,
            });
        }
    }

    fn wake(&self) -> Instant {
        let now = self.host.now();
        let poll = if self.waiting.is_empty() { IDLE } else { Duration::from_secs(1) };
        self.core.next_wake().unwrap_or(now + poll).clamp(now, now + poll)
    }

    /// Everything that happened.
    fn take_in(&mut self) {
        while let Some(word) = self.errands.try_next() {
            self.hear(word);
        }
        let now = self.host.now();
        for (what, key, object) in self.inbox.take() {
            self.core.see(now, what, &key, object.as_ref());
        }
        self.core.tick(now);
        self.metrics.pending(self.core.queue().lengths());
        self.look_at_waiting(now);
    }

    fn hear(&mut self, word: Word) {
        let now = self.host.now();
        match word {
            Word::Bound(pod) => self.core.bound(now, &pod.key),
            Word::Unbound(pod, refusal) => {
                let refused = self.core.unbound(now, &pod, &refusal);
                self.refused(&pod, refused);
            }
            Word::Written(pod, node) => {
                let (key, stage) = (pod.key.clone(), Stage::Written);
                self.waiting.insert(key, Waiting { pod, node, since: now, stage });
            }
            Word::NoRoom(key) => self.core.denominate(&key),
            Word::Done => {}
        }
    }

    /// Permit and PreBind: goes on with pods that need not wait any longer.
    fn look_at_waiting(&mut self, now: Instant) {
        let mut over = Vec::new();
        let keys: Vec<Key> = self.waiting.keys().cloned().collect();
        for key in keys {
            let Some(one) = self.waiting.get(&key) else { continue };
            if let Some(found) = self.judge(one, now)
                && let Some(one) = self.waiting.remove(&key)
            {
                over.push((one, found));
            }
        }
        for (one, found) in over {
            match (found, one.stage) {
                (Err(refusal), _) => self.hear(Word::Unbound(one.pod, refusal)),
                (Ok(()), Stage::Permit(assumptions)) => {
                    self.prepare(one.pod, one.node, assumptions);
                }
                (Ok(()), Stage::Written) => self.bind(one.pod, one.node),
            }
        }
    }

    /// Whether a pod goes on, or back; none: it has to wait.
    fn judge(&self, one: &Waiting, now: Instant) -> Option<Result<(), Refusal>> {
        let waited = now.since(one.since);
        match one.stage {
            Stage::Permit(_) => match self.core.permit(&one.pod, &one.node) {
                Permit::Allow => Some(Ok(())),
                Permit::Wait(patience) if waited < patience => None,
                Permit::Wait(_) => {
                    let why = format!("rejected due to timeout after waiting {waited:?}");
                    Some(Err(Refusal::unschedulable(why)))
                }
                Permit::Reject(refusal) => Some(Err(refusal)),
            },
            Stage::Written => {
                let broken =
                    |why: String| Some(Err(Refusal::error(format!("binding volumes: {why}"))));
                match self.core.ready(&one.pod, &one.node) {
                    Ready::Yes => Some(Ok(())),
                    Ready::Wait(patience) if waited < patience => None,
                    Ready::Wait(_) => broken("context deadline exceeded".to_owned()),
                    Ready::Failed(why) => broken(why),
                }
            }
        }
    }

    /// Places pods until none is ready, or others should have a turn. True in the second case.
    async fn place_some(&mut self) -> bool {
        for _ in 0..BATCH {
            if !self.errands.has_room() {
                return false;
            }
            let (now, chance) = (self.host.now(), self.host.random.next_u64());
            let Some(attempt) = self.core.next(now, chance) else { return false };
            let decision = self.decide(now, &attempt).await;
            self.carry_out(now, attempt, decision);
        }
        true
    }

    async fn decide(&mut self, now: Instant, attempt: &Attempt) -> Decision {
        if !self.extenders.concern(&attempt.pod) {
            return self.core.decide(now, attempt);
        }
        let mut found = self.core.find(attempt);
        let mut more = BTreeMap::new();
        if let Ok(fit) = &mut found {
            let names = |id: usize| self.core.cluster().node(id).name.to_string();
            let extenders = self.extenders.clone();
            more = extenders.ask(&attempt.pod, fit, &names, &self.inbox).await;
        }
        self.core.settle(now, attempt, found, &more)
    }

    fn carry_out(&mut self, began: Instant, attempt: Attempt, decision: Decision) {
        let took = self.host.now().since(began);
        match decision {
            Decision::Bind { node, assumptions, permitted } => {
                self.metrics.attempt(Outcome::Scheduled, took);
                let pod = attempt.pod;
                if permitted {
                    return self.prepare(pod, node, assumptions);
                }
                let stage = Stage::Permit(assumptions);
                let (key, since) = (pod.key.clone(), self.host.now());
                self.waiting.insert(key, Waiting { pod, node, since, stage });
            }
            Decision::Refused(refused) => {
                let broken = refused.reason != "Unschedulable";
                let outcome = if broken { Outcome::Error } else { Outcome::Unschedulable };
                self.metrics.attempt(outcome, took);
                self.refused(&attempt.pod, refused);
            }
        }
    }

    /// Writes what must be true before the pod is bound, if there is something.
    fn prepare(&mut self, pod: Arc<Pod>, node: String, assumptions: Vec<Assumption>) {
        if assumptions.is_empty() {
            return self.bind(pod, node);
        }
        self.errands.send(bind::write(self.client.clone(), pod, node, assumptions));
    }

    fn bind(&mut self, pod: Arc<Pod>, node: String) {
        let (client, recorder) = (self.client.clone(), self.recorder.clone());
        let extenders = self.extenders.clone();
        self.errands.send(bind::bind(client, extenders, recorder, pod, node));
    }

    fn refused(&mut self, pod: &Arc<Pod>, refused: Refused) {
        event!(
            self.host,
            Info,
            "a pod has no place",
            pod = &pod.key.to_string(),
            why = &refused.message
        );
        let about = Reference::to(&pod.object);
        let message = refused.message.clone();
        self.recorder.tell(about, Severity::Warning, "FailedScheduling", message);
        let nominated = refused.preemption.as_ref().map(|found| found.node.clone());
        let client = self.client.clone();
        if let Some(patch) = status::patch(&self.host, pod, &refused, nominated.as_deref()) {
            self.errands.send(status::write(client.clone(), pod.key.clone(), patch));
        }
        for key in refused.displaced {
            self.errands.send(status::write(client.clone(), key, status::nowhere()));
        }
        if let Some(found) = refused.preemption {
            self.metrics.preemptions.increment();
            self.metrics.victims.observe(found.victims.len() as f64);
            let recorder = self.recorder.clone();
            self.errands.send(preempt::remove(client, recorder, pod.clone(), found));
        }
    }
}

//! Follows every resource that can be deleted, and works on what the graph says.

use client::{Informer, Notice, Queue, Selection, queue::controller_default};
use host::{Children, Host, Stop, event};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{
    decide::{Decision, Look, is_about},
    graph::{Graph, Identity, Task},
    kinds::Kinds,
};
use crate::{
    discovery::{self, Served},
    driver::{Office, answer},
    plan::{Facts, Question},
};

/// How many objects are worked on at once (`--concurrent-gc-syncs`).
const WORKERS: usize = 20;
/// Between looks at what is served.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(30);
/// A resource that cannot be listed keeps the others waiting so long.
const SYNC_TIMEOUT: Duration = Duration::from_secs(30);
/// Owners that are remembered to be absent.
const ABSENT_MAX: usize = 500;
const ROUNDS_MAX: usize = 5;

/// The garbage collector.
#[derive(Debug)]
pub(crate) struct Collector {
    host: Host,
    office: Office,
    state: Mutex<State>,
    queue: Queue<Task>,
}

#[derive(Debug, Default)]
struct State {
    graph: Graph,
    kinds: Kinds,
    absent: BTreeSet<Identity>,
}

impl Collector {
    pub(crate) fn new(office: Office) -> Self {
        let host = office.hand.client.host().clone();
        let queue = Queue::new(&host, controller_default());
        Self { host, office, state: Mutex::default(), queue }
    }

    /// Until it is told to stop.
    pub(crate) async fn run(self, mut stop: Stop) {
        let this = Arc::new(self);
        let host = this.host.clone();
        let mut followed: BTreeMap<(String, String), Followed> = BTreeMap::new();
        let mut workers = Children::default();
        let mut begun = false;
        loop {
            if let Some(served) = this.served().await {
                this.follow(&mut followed, served, &stop);
            }
            if !begun && !followed.is_empty() {
                let all = async {
                    for each in followed.values() {
                        each.informer.synced().await;
                    }
                };
                let limited = host.timeout(SYNC_TIMEOUT, all);
                host::select!(host, {
                    _ = limited => (),
                    () = stop.stopped() => return,
                });
                begun = true;
                for _ in 0..WORKERS {
                    let this = this.clone();
                    let work = async move { this.work().await };
                    workers.adopt(host.spawn("garbage-collector", work));
                }
            }
            host::select!(host, {
                () = host.sleep(DISCOVERY_INTERVAL) => (),
                () = stop.stopped() => break,
            });
        }
        this.queue.drain().await;
    }

    /// All that can be followed and deleted, each in the version that the server prefers.
    async fn served(&self) -> Option<Vec<Served>> {
        let mut facts = Facts::default();
        let questions = Question::discovery();
        answer(&self.office.hand.client, &mut facts, questions.to_vec()).await;
        let mut all = Vec::new();
        for question in &questions {
            match facts.answer(question) {
                Some(Ok(document)) => all.extend(discovery::read(document).0),
                _ => return None,
            }
        }
        let wanted = |served: &Served| {
            served.preferred
                && served.resource.plural != "events"
                && ["delete", "list", "watch"].iter().all(|verb| served.can(verb))
        };
        all.retain(wanted);
        Some(all)
    }

    /// Follows what is new. What is served no more is followed no longer, and forgotten.
    fn follow(
        self: &Arc<Self>,
        followed: &mut BTreeMap<(String, String), Followed>,
        served: Vec<Served>,
        stop: &Stop,
    ) {
        let name = |it: &Served| (it.resource.group.clone(), it.resource.plural.clone());
        let names: BTreeSet<(String, String)> = served.iter().map(name).collect();
        followed.retain(|name, _| names.contains(name));
        for each in served {
            self.state.lock().kinds.learn(&each);
            if followed.contains_key(&name(&each)) {
                continue;
            }
            let shared = self.office.informers.of(&each.resource).cloned();
            let api = self.office.hand.client.resource(each.resource.clone());
            let own = shared.is_none();
            let informer = shared.unwrap_or_else(|| Informer::new(api, Selection::default(), &[]));
            let this = Arc::downgrade(self);
            informer.add_handler(None, move |notice| {
                if let Some(this) = this.upgrade() {
                    this.hear(notice);
                }
            });
            let mut children = Children::default();
            if own {
                let (informer, stop) = (informer.clone(), stop.clone());
                let work = async move { informer.run(stop).await };
                children.adopt(self.host.spawn("garbage-collector/follow", work));
            }
            followed.insert(name(&each), Followed { informer, _children: children });
        }
    }

    fn hear(&self, notice: &Notice) {
        let tasks = {
            let graph = &mut self.state.lock().graph;
            match notice {
                Notice::Added { object, .. } => graph.saw(object),
                Notice::Updated { new, .. } => graph.saw(new),
                Notice::Deleted { object, .. } => graph.gone(client::uid(object)),
            }
        };
        tasks.into_iter().for_each(|task| self.queue.add(task));
    }

    async fn work(&self) {
        while let Some(work) = self.queue.next().await {
            match self.pass(&work).await {
                true => work.succeeded(),
                false => work.failed(),
            }
        }
    }

    /// Looks, decides, writes; false: again, later.
    async fn pass(&self, task: &Task) -> bool {
        let mut facts = Facts::default();
        for _ in 0..ROUNDS_MAX {
            let decision = {
                let State { graph, kinds, absent } = &*self.state.lock();
                Look { graph, kinds, facts: &facts, absent }.at(task)
            };
            self.remember_absent(task, &facts);
            match decision {
                Decision::Do(plan) if !plan.questions.is_empty() => {
                    answer(&self.office.hand.client, &mut facts, plan.questions).await;
                }
                Decision::Do(plan) => return self.office.hand.write_all(plan.writes).await.is_ok(),
                Decision::Others(tasks) => {
                    tasks.into_iter().for_each(|task| self.queue.add(task));
                    return true;
                }
                Decision::Gone => {
                    let (Task::Collect(uid) | Task::Orphan(uid)) = task;
                    let tasks = self.state.lock().graph.gone(uid);
                    tasks.into_iter().for_each(|task| self.queue.add(task));
                    return true;
                }
                Decision::Unknown => {
                    event!(self.host, Debug, "an object's owners are not known");
                    return false;
                }
            }
        }
        false
    }

    /// Owners that the server says do not exist: a uid never comes back.
    fn remember_absent(&self, task: &Task, facts: &Facts) {
        let (Task::Collect(uid) | Task::Orphan(uid)) = task;
        let State { graph, kinds, absent } = &mut *self.state.lock();
        let Some(node) = graph.get(uid) else { return };
        for reference in &node.owners {
            let identity = Identity::named(reference, &node.identity.namespace);
            let Some((resource, namespaced)) = kinds.of(&identity) else { continue };
            let namespace = if *namespaced { &*identity.namespace } else { "" };
            let key = client::Key::new(namespace, &identity.name);
            let answer = facts.answer(&Question::metadata(resource, &key));
            if matches!(answer, Some(Err(error)) if is_about(error, &identity)) {
                if absent.len() >= ABSENT_MAX {
                    absent.pop_first();
                }
                absent.insert(identity);
            }
        }
    }
}

/// A resource that is followed; what runs for it ends with this.
struct Followed {
    informer: Informer,
    _children: Children,
}

//! Applies committed entries to the store, in order, and wakes who waits for them.
//!
//! Upstream: server/etcdserver/server.go, applyAll.

use crate::{
    driver::{Ask, Leadership},
    facts,
    fatal::Fatal,
    keeper::{Job, KeeperHandle, SharedStore},
    metrics::Metrics,
    peers::Peers,
    waiters::Waiters,
};
use etcd_api::{
    errors::EtcdError,
    internal::{
        ConfigChangeContext, InternalRequest, config_change_context::Change,
        internal_request::Request,
    },
};
use etcd_store::{Position, Response, Store, StoreError, members};
use host::{Host, event, watch};
use prost::Message;
use raft::{
    Codec, ConfChange,
    types::{ConfState, Entry, EntryKind, Index, NodeId, SnapshotMeta, Term},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, mpsc, oneshot};

/// Entries applied under one hold of the store's lock.
const ENTRIES_PER_HOLD: usize = 32;

/// What the applier is given.
#[derive(Debug)]
pub(crate) enum Apply {
    /// Committed entries that follow on what was applied.
    Entries(Vec<Entry>),
    /// A received snapshot replaces the state.
    Snapshot(SnapshotMeta),
}

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was applied.
    Applied(Result<Response, EtcdError>),
    /// A configuration change took effect, or was refused when its turn came.
    Members(Result<(), EtcdError>),
    /// Raft did not take it: it is surely not in the log.
    Refused,
}

/// The task.
pub(crate) struct Applier {
    pub(crate) host: Host,
    pub(crate) id: NodeId,
    pub(crate) store: SharedStore,
    pub(crate) work: mpsc::UnboundedReceiver<Apply>,
    pub(crate) asks: mpsc::Sender<Ask>,
    pub(crate) applied: watch::Sender<Index>,
    pub(crate) waiters: Arc<Waiters<Outcome>>,
    pub(crate) keeper: KeeperHandle,
    pub(crate) peers: Arc<Peers>,
    /// Told when compaction or watches have work.
    pub(crate) chores: Arc<Notify>,
    /// Told when the store wants the NOSPACE alarm raised.
    pub(crate) no_space: Arc<Notify>,
    pub(crate) batch_limit: usize,
    pub(crate) metrics: Metrics,
    pub(crate) leadership: watch::Receiver<Leadership>,
    pub(crate) leases: LeaseTimes,
}

/// What a leader's lessor is told when it begins to count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeaseTimes {
    /// What every lease gets on top: an election took about that long.
    pub(crate) extend: Duration,
    /// How often the time left is checkpointed; zero for never.
    pub(crate) checkpoints: Duration,
}

impl Applier {
    /// Runs until the log writer and the driver are gone.
    ///
    /// # Errors
    /// The store failed, or this member was removed.
    pub(crate) async fn run(mut self) -> Result<(), Fatal> {
        while let Some(work) = self.work.recv().await {
            let index = match work {
                Apply::Entries(entries) => self.entries(entries).await?,
                Apply::Snapshot(meta) => self.snapshot(meta).await?,
            };
            self.applied.send_replace(index);
            let _ = self.asks.send(Ask::Applied(index)).await;
        }
        Ok(())
    }

    async fn entries(&mut self, entries: Vec<Entry>) -> Result<Index, Fatal> {
        let mut last = *self.applied.borrow();
        let mut rest = entries.as_slice();
        while let Some(first) = rest.first() {
            if first.kind == EntryKind::ConfChange {
                self.conf_change(first).await?;
                last = first.index;
                rest = &rest[1..];
                continue;
            }
            let normal = rest.iter().take(ENTRIES_PER_HOLD);
            let count = normal.take_while(|entry| entry.kind == EntryKind::Normal).count();
            self.normal(&rest[..count]).map_err(Fatal::Store)?;
            last = rest[count - 1].index;
            rest = &rest[count..];
        }
        if self.store.read().pending().writes >= self.batch_limit {
            self.keeper.commit_soon();
        }
        self.chores.notify_one();
        Ok(last)
    }

    fn normal(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let mut outcomes = Vec::with_capacity(entries.len());
        let now = self.host.now();
        let mut store = self.store.write();
        let mut began = now;
        for entry in entries {
            let position = Position { index: entry.index, term: entry.term };
            if entry.data.is_empty() {
                if store.apply_empty(position)? {
                    facts::applied(&self.host, &store, entry);
                }
                self.take_over(&mut store, entry.term);
                continue;
            }
            let request = match InternalRequest::decode(entry.data.clone()) {
                Ok(request) => request,
                Err(error) => {
                    let why = error.to_string();
                    event!(self.host, Error, "undecodable entry", index = entry.index, why = &why);
                    store.apply_empty(position)?;
                    continue;
                }
            };
            let Some(applied) = store.apply(now, position, &request)? else { continue };
            facts::applied(&self.host, &store, entry);
            if let Ok(response) = &applied.result {
                facts::leases(&self.host, request.request.as_ref(), response);
            }
            if applied.raise_nospace {
                self.no_space.notify_one();
            }
            let done = self.host.now();
            self.metrics.applied.observe(request.request.as_ref(), &applied.result, done - began);
            began = done;
            outcomes.push((applied.request_id, entry.index, applied.revision, applied.result));
            if let Some(Request::Compaction(_)) = request.request {
                self.chores.notify_one();
            }
        }
        drop(store);
        for (id, index, revision, result) in outcomes {
            if self.waiters.has(id) {
                facts::acknowledged(&self.host, index, revision);
            }
            self.waiters.complete(id, Outcome::Applied(result));
        }
        Ok(())
    }

    /// The first entry of our term as leader, an empty one: all that earlier leaders had said of
    /// leases is applied, and may be counted upon. Upstream: applyEntryNormal.
    fn take_over(&self, store: &mut Store, term: Term) {
        let now = *self.leadership.borrow();
        let leads = now.leading && now.term == term;
        if leads && store.lessor().primary_term() != Some(term) {
            store.lessor_mut().promote(term, self.host.now(), self.leases.extend);
            facts::promoted(&self.host, term, self.leases.checkpoints);
        }
    }

    async fn conf_change(&self, entry: &Entry) -> Result<(), Fatal> {
        let change = ConfChange::decode(entry.data.clone())
            .map_err(|error| Fatal::Raft(format!("configuration change: {error}")))?;
        let context = ConfigChangeContext::decode(change.context.clone())
            .map_err(|error| Fatal::Raft(format!("configuration change: {error}")))?;
        let wanted = context.change.clone();
        // Entries that the store has already applied are only replayed for Raft's sake.
        let known = entry.index <= self.store.read().applied().index;
        let verdict = match (&wanted, known) {
            (_, true) | (None, false) => Ok(()),
            (Some(wanted), false) => self.store.read().members().validate(wanted),
        };
        let conf = self.configuration(entry.index, verdict.is_ok().then_some(change)).await;
        self.host.point("applier/conf-change-in-raft");
        let position = Position { index: entry.index, term: entry.term };
        let accepted = wanted.as_ref().filter(|_| verdict.is_ok());
        {
            let mut store = self.store.write();
            let applied = store.apply_conf_change(position, accepted, conf.encode());
            if applied.map_err(Fatal::Store)?.is_some() {
                facts::applied(&self.host, &store, entry);
                facts::member_list(&self.host, &store);
            }
        }
        self.host.point("applier/conf-change-applied");
        if let (Ok(()), Some(wanted)) = (&verdict, &wanted) {
            self.follow(wanted)?;
        }
        self.waiters.complete(context.request_id, Outcome::Members(verdict));
        Ok(())
    }

    async fn configuration(&self, index: Index, change: Option<ConfChange>) -> ConfState {
        let (reply, answer) = oneshot::channel();
        let ask = Ask::ApplyConfChange { index, change, reply };
        if self.asks.send(ask).await.is_ok()
            && let Ok(configuration) = answer.await
        {
            return configuration;
        }
        neighbour_says_why().await
    }

    /// The connections follow the members.
    fn follow(&self, change: &Change) -> Result<(), Fatal> {
        match change {
            Change::Add(member) | Change::Update(member) => {
                self.peers.set(member.id, members::peer_urls(member));
            }
            Change::Remove(id) if *id == self.id => return Err(Fatal::Removed),
            Change::Remove(id) => self.peers.remove(*id),
            Change::Promote(_) => {}
        }
        Ok(())
    }

    async fn snapshot(&self, meta: SnapshotMeta) -> Result<Index, Fatal> {
        event!(self.host, Info, "installing a snapshot", index = meta.index);
        let _entered = self.metrics.snapshots_applied.enter();
        let installed = self.keeper.job(|reply| Job::Install(meta.index, reply)).await;
        match installed {
            Some(installed) => installed.map_err(Fatal::Store)?,
            None => neighbour_says_why().await,
        }
        let (index, known) = {
            let store = self.store.read();
            let members: Vec<_> = store.members().iter().cloned().collect();
            facts::member_list(&self.host, &store);
            facts::state(&self.host, &store);
            (store.applied().index, members)
        };
        for member in &known {
            self.peers.set(member.id, members::peer_urls(member));
        }
        for id in self.peers.ids() {
            if !known.iter().any(|member| member.id == id) {
                self.peers.remove(id);
            }
        }
        self.chores.notify_one();
        Ok(index)
    }
}

/// Waits for the member's end: another part of it has ended, for a reason that is its own to tell.
async fn neighbour_says_why<T>() -> T {
    std::future::pending().await
}

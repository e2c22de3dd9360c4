//! A member put together, and its life from boot to end.

use crate::{
    applier::Applier,
    boot::{self, Booted},
    compactor,
    config::Config,
    dial,
    driver::{ASKS_MAX, Driver, Leadership},
    facts,
    fatal::Fatal,
    keeper::{self, KeeperSettings},
    leases,
    member::Member,
    metrics::Metrics,
    monitor,
    peers::{Identity, Peers},
    persist::LogWriter,
    reads::{self, ReadPorts},
    request_ids::RequestIds,
    serving,
    snapshots::SnapshotSender,
    waiters::Waiters,
};
use etcd_store::members;
use host::{Host, Stop, Task, event};
use parking_lot::RwLock;
use raft::Raft;
use std::{future::Future, sync::Arc};
use tokio::sync::{Notify, mpsc, watch};

/// One member of an etcd cluster.
#[derive(Debug)]
pub struct Etcd {
    host: Host,
    config: Arc<Config>,
}

/// The tasks of a member, each with the reason why the member ends when it does.
#[derive(Default)]
struct Parts(Vec<(&'static str, Task<Result<(), Fatal>>)>);

impl Parts {
    fn start(
        &mut self,
        host: &Host,
        name: &'static str,
        work: impl Future<Output = Result<(), Fatal>> + Send + 'static,
    ) {
        self.0.push((name, host.spawn(name, work)));
    }

    /// Completes when the first part ends, which none does in good health.
    async fn first_end(&mut self) -> Fatal {
        std::future::poll_fn(|cx| {
            for (name, task) in &mut self.0 {
                if let std::task::Poll::Ready(end) = std::pin::Pin::new(task).poll(cx) {
                    return std::task::Poll::Ready(match end {
                        Ok(Err(fatal)) => fatal,
                        Ok(Ok(())) | Err(_) => Fatal::PartEnded(name),
                    });
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

impl Etcd {
    /// A member that is not running yet.
    pub fn new(host: Host, config: Config) -> Self {
        Self { host, config: Arc::new(config) }
    }

    /// Runs until `stop`, or until the member cannot go on.
    ///
    /// # Errors
    /// Why it cannot go on. Everything it acknowledged is durable.
    pub async fn run(self, mut stop: Stop) -> Result<(), Fatal> {
        let booted = boot::boot(&self.host, &self.config).await?;
        let lock = booted.lock.clone();
        let mut parts = Parts::default();
        let member = self.assemble(booted, &mut parts)?;
        monitor::compare_at_start(&member).await?;
        let listening = serving::listen(&member, stop.clone()).await?;
        event!(self.host, Fact, "process/serving");
        event!(self.host, Info, "ready to serve client requests");
        let end = host::select!(self.host, {
            fatal = parts.first_end() => Err(fatal),
            () = stop.stopped() => Ok(()),
        });
        if end.is_ok() {
            step_aside(&member).await;
            listening.drained().await;
            // What was applied is in the log anyway; a last commit only spares the replay.
            member.keeper.job(keeper::Job::Commit).await;
        }
        drop(parts);
        drop(lock);
        end
    }

    fn assemble(&self, booted: Booted, parts: &mut Parts) -> Result<Arc<Member>, Fatal> {
        let (host, config) = (&self.host, &self.config);
        let Booted { owner, store, wal, restored, marked, contacts, .. } = booted;
        let applied_index = store.applied().index;
        let store = Arc::new(RwLock::new(store));
        let (asks, asks_receiver) = mpsc::channel(ASKS_MAX);
        let (log, log_work) = mpsc::unbounded_channel();
        let (apply, apply_work) = mpsc::unbounded_channel();
        let (durable, durable_receiver) = mpsc::unbounded_channel();
        let (read_states, states) = mpsc::unbounded_channel();
        let (leadership, leadership_receiver) = watch::channel(Leadership::default());
        let (applied, applied_receiver) = watch::channel(applied_index);
        let (committed, committed_receiver) = watch::channel(applied_index);
        let waiters = Arc::new(Waiters::default());
        let ids = Arc::new(RequestIds::new(owner.member, host.clock.wall()));
        let (chores, no_space) = (Arc::new(Notify::new()), Arc::new(Notify::new()));

        let settings = KeeperSettings {
            interval: config.backend_batch_interval,
            snapshot_count: config.snapshot_count,
            catchup_entries: config.snapshot_catchup_entries,
        };
        let (keeper, keeper_task) = keeper::keeper(
            host.clone(),
            store.clone(),
            log.clone(),
            asks.clone(),
            settings,
            marked,
        );
        let peers = Arc::new(Peers::new(
            host.clone(),
            Identity { cluster_id: owner.cluster, id: owner.member },
            dial::dialer(host, config)?,
            asks.clone(),
            SnapshotSender::new(host.clone(), keeper.clone(), asks.clone()),
        ));
        for contact in &contacts {
            peers.set(contact.id, members::peer_urls(contact));
        }

        let mut settings = raft::Config::new(owner.member);
        settings.election_ticks = config.election_ticks();
        settings.pre_vote = config.pre_vote;
        settings.max_inflight_messages = config.raft.inflight_messages;
        settings.max_message_bytes = config.raft.message_bytes;
        settings.max_committed_bytes_per_ready = config.raft.commit_bytes;
        settings.max_uncommitted_bytes = config.raft.uncommitted_bytes;
        settings.defects = host.defects.clone();
        let hard_state = restored.hard_state;
        let last = restored.entries.last().map_or(restored.snapshot.index, |entry| entry.index);
        let raft = Raft::new(settings, restored, host.random.next_u64())
            .map_err(|error| Fatal::Raft(error.to_string()))?;
        facts::start(host, owner.member, hard_state, last);
        facts::durable(host, last, hard_state);
        facts::member_list(host, &store.read());
        facts::state(host, &store.read());

        let (reads, read_loop) = reads::reads(
            host.clone(),
            ReadPorts {
                asks: asks.clone(),
                states,
                applied: applied_receiver.clone(),
                leadership: leadership_receiver.clone(),
                ids: ids.clone(),
            },
            config.request_timeout(),
        );
        let driver = Driver {
            host: host.clone(),
            raft,
            asks: asks_receiver,
            durable: durable_receiver,
            log,
            apply: apply.clone(),
            read_states,
            leadership,
            committed,
            peers: peers.clone(),
            waiters: waiters.clone(),
            tick: config.heartbeat,
        };
        let writer = LogWriter {
            host: host.clone(),
            id: owner.member,
            wal,
            work: log_work,
            durable,
            apply,
            peers: peers.clone(),
            state: hard_state,
        };
        let applier = Applier {
            host: host.clone(),
            id: owner.member,
            store: store.clone(),
            work: apply_work,
            asks: asks.clone(),
            applied,
            waiters: waiters.clone(),
            keeper: keeper.clone(),
            peers: peers.clone(),
            chores: chores.clone(),
            no_space: no_space.clone(),
            batch_limit: config.backend_batch_limit,
        };
        let member = Arc::new(Member {
            host: host.clone(),
            config: config.clone(),
            id: owner.member,
            cluster_id: owner.cluster,
            store,
            asks,
            reads,
            leadership: leadership_receiver,
            applied: applied_receiver,
            committed: committed_receiver,
            waiters,
            ids,
            peers,
            keeper,
            metrics: Metrics::new(),
            chores,
            compacted: watch::channel(0).0,
        });

        parts.start(host, "etcd/log", writer.run());
        parts.start(host, "etcd/apply", applier.run());
        parts.start(host, "etcd/keeper", keeper_task.run());
        parts.start(host, "etcd/chores", compactor::run_chores(member.clone()));
        let endless = |work: host::BoxFuture<'static, ()>| async move {
            work.await;
            Ok(())
        };
        parts.start(host, "etcd/raft", Box::pin(driver.run()));
        parts.start(host, "etcd/reads", endless(Box::pin(read_loop.run())));
        parts.start(host, "etcd/leases", endless(Box::pin(leases::run(member.clone()))));
        parts.start(
            host,
            "etcd/auto-compaction",
            endless(Box::pin(compactor::run_automatic(member.clone()))),
        );
        parts.start(
            host,
            "etcd/corruption-check",
            endless(Box::pin(monitor::compare_periodically(member.clone()))),
        );
        parts.start(
            host,
            "etcd/version",
            endless(Box::pin(monitor::agree_on_version(member.clone()))),
        );
        parts.start(
            host,
            "etcd/no-space",
            endless(Box::pin(monitor::raise_no_space(member.clone(), no_space))),
        );
        // Ends when its work is done: not one of the parts that must not.
        host.spawn("etcd/publish", monitor::publish(member.clone())).detach();
        Ok(member)
    }
}

/// A leader that stops hands over first, so that the cluster need not wait for an election.
async fn step_aside(member: &Member) {
    if !member.leads() {
        return;
    }
    let successor = member.raft_status().await.ok().and_then(|status| {
        let mut others: Vec<_> = status
            .peers
            .into_iter()
            .filter(|peer| peer.id != member.id && !peer.is_learner && peer.recent_active)
            .collect();
        others.sort_by_key(|peer| (peer.matched, peer.id));
        others.pop()
    });
    if let Some(successor) = successor {
        // Best effort: without a transfer the others elect by themselves.
        let _ = member.move_leader(successor.id).await;
    }
}

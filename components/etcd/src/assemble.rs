//! A member put together: its parts, and the queues between them.

use crate::{
    applier::{Applier, Apply, LeaseTimes, Outcome},
    boot::{Booted, Owner},
    compactor,
    config::Config,
    corruption, dial,
    driver::{ASKS_MAX, Ask, Driver, Leadership},
    facts,
    fatal::Fatal,
    heartbeats::Heartbeats,
    keeper::{self, Keeper, KeeperHandle, KeeperSettings, SharedStore},
    leases,
    member::Member,
    metrics::Metrics,
    monitor,
    parts::Parts,
    peer_service::texts,
    peers::{Identity, Peers},
    persist::{LogWork, LogWriter},
    reads::{self, ReadPorts},
    request_ids::RequestIds,
    run::Usage,
    snapshots::SnapshotSender,
    waiters::Waiters,
};
use etcd_api::internal::MemberRecord;
use etcd_store::members;
use host::{Host, watch};
use parking_lot::RwLock;
use raft::{
    Raft, ReadState, Restored,
    types::{EntryId, Index, NodeId},
};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A queue's two ends.
type Queue<T> = (mpsc::UnboundedSender<T>, mpsc::UnboundedReceiver<T>);

/// The queues between the parts. Those without a bound are bounded by what feeds them: Raft hands
/// out no more than its limits of uncommitted and unapplied bytes.
struct Lines {
    asks: (mpsc::Sender<Ask>, mpsc::Receiver<Ask>),
    log: Queue<LogWork>,
    apply: Queue<Apply>,
    durable: Queue<u64>,
    read_states: Queue<ReadState>,
    leadership: (watch::Sender<Leadership>, watch::Receiver<Leadership>),
    applied: (watch::Sender<Index>, watch::Receiver<Index>),
    committed: (watch::Sender<Index>, watch::Receiver<Index>),
    waiters: Arc<Waiters<Outcome>>,
}

impl Lines {
    fn new(applied: Index) -> Self {
        Self {
            asks: mpsc::channel(ASKS_MAX),
            log: mpsc::unbounded_channel(),
            apply: mpsc::unbounded_channel(),
            durable: mpsc::unbounded_channel(),
            read_states: mpsc::unbounded_channel(),
            leadership: watch::channel(Leadership::default()),
            applied: watch::channel(applied),
            committed: watch::channel(applied),
            waiters: Arc::default(),
        }
    }
}

/// Builds all parts of a member and starts them; it serves nobody yet.
///
/// # Errors
/// TLS files that do not fit, a log that Raft cannot start from.
pub(crate) fn assemble(
    host: &Host,
    config: &Arc<Config>,
    booted: Booted,
    usage: Usage,
    parts: &mut Parts,
) -> Result<Arc<Member>, Fatal> {
    let Booted { owner, store, wal, restored, marked, contacts, .. } = booted;
    let lines = Lines::new(store.applied().index);
    let store = Arc::new(RwLock::new(store));
    let metrics = Metrics::new(usage);
    let (keeper, keeper_task) = keeper_of(host, config, &store, &lines, marked, &metrics);
    let peers = Arc::new(peers_of(host, config, owner, &lines, &keeper, &contacts, &metrics)?);
    let hard_state = restored.hard_state;
    let raft = core(host, config, owner.member, restored, &store)?;
    let ids = Arc::new(RequestIds::new(owner.member, host.clock.wall()));
    let ports = ReadPorts {
        asks: lines.asks.0.clone(),
        states: lines.read_states.1,
        applied: lines.applied.1.clone(),
        leadership: lines.leadership.1.clone(),
        ids: ids.clone(),
        failed: metrics.reads_failed.clone(),
        slow: metrics.reads_slow.clone(),
    };
    let (reads, read_loop) = reads::reads(host.clone(), ports, config.request_timeout());
    let member = Arc::new(Member {
        host: host.clone(),
        config: config.clone(),
        id: owner.member,
        cluster_id: owner.cluster,
        store: store.clone(),
        asks: lines.asks.0.clone(),
        reads,
        leadership: lines.leadership.1,
        applied: lines.applied.1,
        committed: lines.committed.1,
        waiters: lines.waiters.clone(),
        ids,
        peers: peers.clone(),
        keeper: keeper.clone(),
        metrics: metrics.clone(),
        chores: Arc::default(),
        no_space: Arc::default(),
        compacted: watch::channel(0).0,
    });
    let driver = Driver {
        host: host.clone(),
        raft,
        asks: lines.asks.1,
        durable: lines.durable.1,
        log: lines.log.0,
        apply: lines.apply.0.clone(),
        read_states: lines.read_states.0,
        leadership: lines.leadership.0,
        committed: lines.committed.0,
        peers: peers.clone(),
        waiters: lines.waiters.clone(),
        tick: config.heartbeat,
        ticks_ahead: ticks_ahead(config, &contacts),
        heartbeats: Heartbeats::new(config.heartbeat, metrics.heartbeats_late.clone()),
    };
    let writer = LogWriter {
        host: host.clone(),
        id: owner.member,
        wal,
        work: lines.log.1,
        durable: lines.durable.0,
        apply: lines.apply.0,
        peers: peers.clone(),
        state: hard_state,
        sync_times: metrics.disk.log_sync.clone(),
        bytes: metrics.disk.log_bytes.clone(),
    };
    let applier = Applier {
        host: host.clone(),
        id: owner.member,
        store,
        work: lines.apply.1,
        asks: lines.asks.0,
        applied: lines.applied.0,
        waiters: lines.waiters,
        keeper,
        peers,
        chores: member.chores.clone(),
        no_space: member.no_space.clone(),
        batch_limit: config.backend_batch_limit,
        metrics,
        leadership: member.leadership.clone(),
        leases: LeaseTimes {
            extend: config.election,
            checkpoints: config.lease_checkpoint_interval,
        },
    };
    parts.start(host, "etcd/log", writer.run());
    parts.start(host, "etcd/apply", applier.run());
    parts.start(host, "etcd/keeper", keeper_task.run());
    parts.start(host, "etcd/raft", driver.run());
    parts.start_endless(host, "etcd/reads", read_loop.run());
    start_duties(&member, parts);
    Ok(member)
}

/// What a member sees to by itself.
fn start_duties(member: &Arc<Member>, parts: &mut Parts) {
    let host = &member.host;
    parts.start(host, "etcd/chores", compactor::run_chores(member.clone()));
    parts.start_endless(host, "etcd/leases", leases::run(member.clone()));
    parts.start_endless(host, "etcd/auto-compaction", compactor::run_automatic(member.clone()));
    let comparing = corruption::compare(member.clone());
    parts.start_endless(host, "etcd/corruption-check", comparing);
    parts.start_endless(host, "etcd/version", monitor::agree_on_version(member.clone()));
    let alarm = monitor::raise_no_space(member.clone(), member.no_space.clone());
    parts.start_endless(host, "etcd/no-space", alarm);
    // Ends when its work is done: not one of the parts that must not.
    host.spawn("etcd/publish", monitor::publish(member.clone())).detach();
}

fn keeper_of(
    host: &Host,
    config: &Config,
    store: &SharedStore,
    lines: &Lines,
    marked: Index,
    metrics: &Metrics,
) -> (KeeperHandle, Keeper) {
    let settings = KeeperSettings {
        interval: config.backend_batch_interval,
        snapshot_count: config.snapshot_count,
        catchup_entries: config.snapshot_catchup_entries,
        metrics: metrics.disk.clone(),
    };
    let (log, asks) = (lines.log.0.clone(), lines.asks.0.clone());
    keeper::keeper(host.clone(), store.clone(), log, asks, settings, marked)
}

fn peers_of(
    host: &Host,
    config: &Arc<Config>,
    owner: Owner,
    lines: &Lines,
    keeper: &KeeperHandle,
    contacts: &[MemberRecord],
    metrics: &Metrics,
) -> Result<Peers, Fatal> {
    let asks = &lines.asks.0;
    let urls = texts(&config.initial_advertise_peer_urls);
    let identity = Identity { cluster_id: owner.cluster, id: owner.member, urls };
    let snapshots = SnapshotSender::new(host.clone(), keeper.clone(), asks.clone());
    let dialer = dial::dialer(host, config)?;
    let peers =
        Peers::new(host.clone(), identity, dialer, asks.clone(), snapshots, &metrics.network);
    for contact in contacts {
        peers.set(contact.id, members::peer_urls(contact));
    }
    Ok(peers)
}

/// Alone, nobody else can be the leader that should be heard first (upstream: adjustTicks).
fn ticks_ahead(config: &Config, contacts: &[MemberRecord]) -> u32 {
    if contacts.len() == 1 { config.election_ticks().saturating_sub(1) } else { 0 }
}

fn core(
    host: &Host,
    config: &Config,
    id: NodeId,
    restored: Restored,
    store: &SharedStore,
) -> Result<Raft, Fatal> {
    let mut settings = raft::Config::new(id);
    settings.election_ticks = config.election_ticks();
    settings.pre_vote = config.pre_vote;
    settings.max_inflight_messages = config.raft.inflight_messages;
    settings.max_message_bytes = config.raft.message_bytes;
    settings.max_committed_bytes_per_ready = config.raft.commit_bytes;
    settings.max_uncommitted_bytes = config.raft.uncommitted_bytes;
    settings.defects = host.defects.clone();
    let hard_state = restored.hard_state;
    let last = restored.entries.last().map_or(
        EntryId { term: restored.snapshot.term, index: restored.snapshot.index },
        |entry| EntryId { term: entry.term, index: entry.index },
    );
    let raft = Raft::new(settings, restored, host.random.next_u64())
        .map_err(|error| Fatal::Raft(error.to_string()))?;
    let timing = (id, config.election);
    facts::start(host, timing, hard_state, last.index, store.read().applied().index);
    facts::durable(host, last, hard_state);
    facts::member_list(host, &store.read());
    facts::state(host, &store.read());
    Ok(raft)
}

//! A scenario's words as the settings of members and clients.

use etcd::config::Config;
use scenario::{Settings, Traffic};
use traffic::{
    Auth, Compaction, Contenders, Estate, KvMix, Leases, Maintenance, Objects, TrafficProfile,
    Watchers,
};

/// Changes a member's settings to what the scenario says.
pub(crate) fn apply(settings: &Settings, config: &mut Config) {
    let Settings {
        heartbeat,
        election,
        pre_vote,
        pre_vote_later: _,
        snapshot_count,
        snapshot_catchup_entries,
        wal_segment_bytes,
        backend_batch_interval,
        backend_batch_limit,
        quota_backend_bytes,
        disk_bytes: _,
        compaction_batch_limit,
        compaction_sleep,
        corrupt_check,
        watch_progress_interval,
        watch_buffer,
        lease_checkpoint_interval,
        raft_inflight_max,
        raft_message_bytes_max,
        raft_commit_bytes_max,
    } = settings;
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    set(&mut config.heartbeat, heartbeat.map(|span| span.duration()));
    set(&mut config.election, election.map(|span| span.duration()));
    set(&mut config.pre_vote, *pre_vote);
    set(&mut config.snapshot_count, *snapshot_count);
    set(&mut config.snapshot_catchup_entries, *snapshot_catchup_entries);
    set(&mut config.wal_segment_bytes, *wal_segment_bytes);
    set(&mut config.backend_batch_interval, backend_batch_interval.map(|span| span.duration()));
    set(&mut config.backend_batch_limit, backend_batch_limit.map(size));
    set(&mut config.quota_backend_bytes, *quota_backend_bytes);
    set(&mut config.compaction_batch_limit, compaction_batch_limit.map(size));
    set(&mut config.compaction_sleep, compaction_sleep.map(|span| span.duration()));
    set(&mut config.corrupt_check, corrupt_check.map(|span| span.duration()));
    set(&mut config.watch_progress_interval, watch_progress_interval.map(|span| span.duration()));
    set(&mut config.limits.watch_buffer, watch_buffer.map(size));
    let checkpoint = lease_checkpoint_interval.map(|span| span.duration());
    set(&mut config.lease_checkpoint_interval, checkpoint);
    set(&mut config.raft.inflight_messages, raft_inflight_max.map(size));
    set(&mut config.raft.message_bytes, *raft_message_bytes_max);
    set(&mut config.raft.commit_bytes, *raft_commit_bytes_max);
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// Who uses the cluster, as the clients themselves are told.
pub(crate) fn profile(traffic: &Traffic) -> TrafficProfile {
    let mix = traffic.mix;
    let weight = |weight: u16| u64::from(weight);
    TrafficProfile {
        clients: u32::from(traffic.clients),
        operations: traffic.operations,
        keys: u64::from(traffic.keys),
        value_bytes: u64::from(traffic.value_bytes),
        pause_ms: traffic.pause.as_millis(),
        timeout_ms: 2_000,
        kv: KvMix {
            put: weight(mix.put),
            leased_put: weight(mix.put) / 10,
            delete: weight(mix.delete).div_ceil(2),
            delete_range: weight(mix.delete) / 2,
            get: weight(mix.get),
            list: weight(mix.range).div_ceil(2),
            query: weight(mix.range) / 2,
            serializable: weight(mix.serializable),
            past: weight(mix.range) / 2,
            compare_and_set: weight(mix.txn).div_ceil(2),
            multi_put: weight(mix.txn) / 2,
        },
        watchers: watchers(traffic),
        leases: leases(traffic),
        locks: contenders(traffic, traffic.lockers),
        elections: contenders(traffic, traffic.candidates),
        compaction: Compaction {
            every_ms: if mix.compact > 0 { 20_000 / u64::from(mix.compact) } else { 0 },
            keep: traffic.compact_keep.map_or(Compaction::default().keep, u64::from),
        },
        maintenance: Maintenance { every_ms: traffic.maintenance.as_millis(), move_leader: true },
        auth: Auth { users: u32::from(traffic.auth) },
        objects: Objects {
            users: u32::from(traffic.objects),
            watchers: u32::from(traffic.object_watchers),
        },
        estate: Estate {
            users: u32::from(traffic.estate),
            followers: u32::from(traffic.followers),
            replicas: u32::from(traffic.replicas),
            webhooks: u32::from(traffic.webhook),
        },
    }
}

fn watchers(traffic: &Traffic) -> Watchers {
    let usual = Watchers::default();
    let restart_percent = match traffic.watcher_restarts {
        0 => usual.restart_percent,
        percent => u64::from(percent),
    };
    let pause_ms = traffic.watcher_pause.as_millis();
    Watchers { count: u32::from(traffic.watchers), restart_percent, pause_ms, ..usual }
}

/// Their sessions live no longer than other leases.
fn contenders(traffic: &Traffic, count: u16) -> Contenders {
    let usual = Contenders::default();
    let ttl = traffic.lease_seconds.map_or(usual.ttl, u64::from).min(usual.ttl);
    Contenders { count: u32::from(count), ttl, ..usual }
}

fn leases(traffic: &Traffic) -> Leases {
    let usual = Leases::default();
    let ttl_max = traffic.lease_seconds.map_or(usual.ttl_max, u64::from);
    Leases { keepers: u32::from(traffic.lease_holders), ttl_max, ..usual }
}

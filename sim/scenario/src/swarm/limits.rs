//! Which limits a seed makes tiny.

use crate::Settings;
use faults::{Chance, Span};

/// Half of the limits are made tiny, and under every fourth seed all of them as tiny as can be; a
/// limit that the scenario sets is left as it is.
pub(super) fn draw(set: &Settings, chance: &mut Chance) -> Settings {
    let extreme = chance.one_in(4);
    let ms = Span::millis;
    let drawn = Settings {
        snapshot_count: limit(set.snapshot_count, (chance, extreme), &[5, 20, 100]),
        snapshot_catchup_entries: limit(
            set.snapshot_catchup_entries,
            (chance, extreme),
            &[1, 5, 50],
        ),
        wal_segment_bytes: limit(
            set.wal_segment_bytes,
            (chance, extreme),
            &[4_096, 16_384, 65_536],
        ),
        backend_batch_interval: limit(
            set.backend_batch_interval,
            (chance, extreme),
            &[ms(5), ms(1_000)],
        ),
        backend_batch_limit: limit(set.backend_batch_limit, (chance, extreme), &[1, 10]),
        compaction_batch_limit: limit(set.compaction_batch_limit, (chance, extreme), &[1, 5]),
        compaction_sleep: limit(set.compaction_sleep, (chance, extreme), &[ms(200), ms(1)]),
        watch_progress_interval: limit(set.watch_progress_interval, (chance, extreme), &[ms(300)]),
        watch_buffer: limit(set.watch_buffer, (chance, extreme), &[1, 4]),
        lease_checkpoint_interval: limit(
            set.lease_checkpoint_interval,
            (chance, extreme),
            &[ms(500)],
        ),
        raft_inflight_max: limit(set.raft_inflight_max, (chance, extreme), &[1, 4]),
        raft_message_bytes_max: limit(set.raft_message_bytes_max, (chance, extreme), &[1, 256]),
        raft_commit_bytes_max: limit(set.raft_commit_bytes_max, (chance, extreme), &[1, 256]),
        ..set.clone()
    };
    with_upgrade(with_elections(drawn, chance), chance)
}

/// One of the choices, whose first is the most extreme, or none.
fn limit<T: Copy>(set: Option<T>, draw: (&mut Chance, bool), choices: &[T]) -> Option<T> {
    let (chance, extreme) = draw;
    let drawn = chance.pick(choices).copied();
    let tiny = chance.one_in(2);
    let drawn = if extreme { choices.first().copied() } else { drawn.filter(|_| tiny) };
    set.or(drawn)
}

/// Hasty elections under some seeds: what needs several leaders in a row needs them soon.
fn with_elections(settings: Settings, chance: &mut Chance) -> Settings {
    let heartbeats = [20, 50, 100, 100].map(Span::millis);
    let heartbeat = *chance.pick(&heartbeats).unwrap_or(&heartbeats[3]);
    if settings.heartbeat.is_some() || settings.election.is_some() || heartbeat == heartbeats[3] {
        return settings;
    }
    let election = Span(heartbeat.0 * 10);
    Settings { heartbeat: Some(heartbeat), election: Some(election), ..settings }
}

/// Under some seeds the cluster is upgraded while faults strike.
fn with_upgrade(settings: Settings, chance: &mut Chance) -> Settings {
    let later = chance.one_in(3) && settings.pre_vote.is_none();
    Settings { pre_vote_later: settings.pre_vote_later.or(later.then_some(true)), ..settings }
}

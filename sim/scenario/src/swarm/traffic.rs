//! Which clients a seed sends, and what they are like.

use crate::Traffic;
use faults::{Chance, Span};

/// The longest pause of a client that is drawn.
const PAUSE_MAX: Span = Span::secs(3);

/// How many clients of which kind, how they go about it, and what they ask.
pub(super) fn draw(traffic: &mut Traffic, duration: Span, chance: &mut Chance) {
    let up_to = |most: u16, chance: &mut Chance| {
        if most == 0 || chance.one_in(2) {
            return 0;
        }
        u16::try_from(chance.between(1, u64::from(most))).unwrap_or(1)
    };
    let clients = chance.between(2, u64::from(traffic.clients.max(2)));
    traffic.clients = u16::try_from(clients).unwrap_or(2);
    traffic.keys = *chance.pick(&[1, 3, 10, traffic.keys]).unwrap_or(&1);
    traffic.watchers = up_to(traffic.watchers, chance);
    traffic.lease_holders = up_to(traffic.lease_holders, chance);
    traffic.lockers = up_to(traffic.lockers, chance);
    traffic.candidates = up_to(traffic.candidates, chance);
    traffic.auth = traffic.auth && chance.one_in(3);
    let most = traffic.operations;
    traffic.operations = *chance.pick(&[most / 8, most / 2, most]).unwrap_or(&most);
    draw_habits(traffic, duration, chance);
    let mix = &mut traffic.mix;
    let weights = [&mut mix.range, &mut mix.serializable, &mut mix.txn, &mut mix.compact];
    for weight in weights {
        *weight *= *chance.pick(&[0, 1, 1, 3]).unwrap_or(&1);
    }
    mix.delete *= *chance.pick(&[0, 1, 2, 5]).unwrap_or(&1);
}

/// How clients go about it.
pub(super) fn draw_habits(traffic: &mut Traffic, duration: Span, chance: &mut Chance) {
    pace(traffic, duration, chance);
    habits(traffic, chance);
    let bytes = traffic.value_bytes;
    traffic.value_bytes = *chance.pick(&[0, bytes, bytes, bytes * 30]).unwrap_or(&bytes);
}

/// Mostly the requests are spread over the whole run, so that every fault meets some; else they
/// come in one rush at its beginning, and then there is peace.
fn pace(traffic: &mut Traffic, duration: Span, chance: &mut Chance) {
    let each = u64::from(traffic.clients) * duration.as_millis();
    let gap = each / u64::from(traffic.operations.max(1));
    // A pause is drawn from zero to its longest: twice the gap, less what an answer takes.
    let spread = Span::millis((2 * gap).saturating_sub(10).max(1)).min(PAUSE_MAX);
    let rush = Span::millis(20).min(spread);
    traffic.pause = if chance.one_in(4) { rush } else { spread };
}

/// How watchers, leases, compaction and maintenance go about it; what the scenario sets stays.
fn habits(traffic: &mut Traffic, chance: &mut Chance) {
    let ms = Span::millis;
    let pauses = [ms(0), ms(0), ms(20), ms(200), ms(1_000)];
    traffic.watcher_pause = *chance.pick(&pauses).unwrap_or(&ms(0));
    traffic.watcher_restarts = *chance.pick(&[2, 2, 10, 30]).unwrap_or(&2);
    let keep = chance.pick(&[0, 0, 5, 100]).copied();
    traffic.compact_keep = traffic.compact_keep.or(keep);
    let seconds = chance.pick(&[2, 4, 10, 20]).copied();
    traffic.lease_seconds = traffic.lease_seconds.or(seconds);
    let busy = chance.one_in(2);
    traffic.maintenance = if busy { traffic.maintenance } else { ms(0) };
}

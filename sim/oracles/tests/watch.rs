//! Each watch oracle passes perfect watches and catches the fault that it is there for.

use oracles::{
    ALL, Broken, History, Judge, Observation, Record, World,
    facts::SECOND,
    history::{Watch, WatchResponse},
    sample::{Dice, Sample},
};
use proptest::prelude::*;

fn oracle(name: &str) -> Box<dyn Judge> {
    let entry = ALL.iter().find(|entry| entry.name == name).expect("in the table");
    (entry.new)()
}

/// Shows a whole run to an oracle: healthy from the start, judged a minute after the last event.
fn judge(name: &str, history: &History) -> Result<(), Broken> {
    let mut oracle = oracle(name);
    oracle.observe(&Observation::World { at: 0, event: World::Healed })?;
    oracle.observe(&Observation::World { at: 60 * SECOND, event: World::End })?;
    oracle.observe(&Observation::History(&Record::new(history)))?;
    oracle.finish()
}

const WATCHES: &[&str] = &[
    "watch_ordered",
    "watch_unique",
    "watch_atomic",
    "watch_reliable",
    "watch_resumable",
    "watch_bookmarkable",
    "watch_filter",
    "watch_prev_kv",
    "watch_compaction_reported",
    "watch_advances",
];

type Spoiler = fn(&mut Watch, &mut Dice) -> bool;

const SPOILERS: &[(&str, Spoiler)] = &[
    ("watch_ordered", swap_two_responses),
    ("watch_unique", repeat_a_response),
    ("watch_atomic", split_a_revision),
    ("watch_reliable", |watch, dice| drop_response(watch, dice, 1, 1)),
    ("watch_resumable", |watch, dice| drop_response(watch, dice, 0, 0)),
    ("watch_bookmarkable", early_progress),
    ("watch_filter", foreign_event),
    ("watch_prev_kv", wrong_previous),
    ("watch_compaction_reported", compacted_for_no_reason),
    ("watch_advances", drop_the_rest),
];

fn with_events(watch: &Watch) -> Vec<usize> {
    let responses = watch.responses.iter().enumerate();
    responses.filter(|(_, r)| !r.events.is_empty()).map(|(i, _)| i).collect()
}

fn swap_two_responses(watch: &mut Watch, dice: &mut Dice) -> bool {
    let places = with_events(watch);
    if places.len() < 2 {
        return false;
    }
    let at = dice.roll(places.len() as u64 - 1) as usize;
    watch.responses.swap(places[at], places[at + 1]);
    true
}

fn repeat_a_response(watch: &mut Watch, dice: &mut Dice) -> bool {
    let places = with_events(watch);
    let Some(&place) = places.get(dice.roll(places.len() as u64) as usize) else { return false };
    let again = watch.responses[place].clone();
    watch.responses.insert(place + 1, again);
    true
}

fn split_a_revision(watch: &mut Watch, _: &mut Dice) -> bool {
    let Some(place) = watch.responses.iter().position(|r| r.events.len() > 1) else {
        return false;
    };
    let mut rest = watch.responses[place].clone();
    rest.events = watch.responses[place].events.split_off(1);
    watch.responses.insert(place + 1, rest);
    true
}

/// Drops one response with events, but none of the first `keep` and none of the last `spare`.
fn drop_response(watch: &mut Watch, dice: &mut Dice, keep: usize, spare: usize) -> bool {
    let places = with_events(watch);
    if places.len() < keep + spare + 2 {
        return false;
    }
    let room = if keep == 0 { 1 } else { places.len() - keep - spare };
    watch.responses.remove(places[keep + dice.roll(room as u64) as usize]);
    true
}

fn early_progress(watch: &mut Watch, dice: &mut Dice) -> bool {
    let places = with_events(watch);
    let Some(&place) = places.get(dice.roll(places.len() as u64) as usize) else { return false };
    let response = &watch.responses[place];
    let (at, revision) = (response.at, response.revision);
    let progress = WatchResponse { at, revision, progress: true, ..WatchResponse::default() };
    watch.responses.insert(place, progress);
    true
}

fn foreign_event(watch: &mut Watch, dice: &mut Dice) -> bool {
    let places = with_events(watch);
    let Some(&place) = places.get(dice.roll(places.len() as u64) as usize) else { return false };
    watch.responses[place].events[0].kv.key.push('?');
    true
}

fn wrong_previous(watch: &mut Watch, _: &mut Dice) -> bool {
    let mut events = watch.responses.iter_mut().flat_map(|response| &mut response.events);
    match events.find_map(|event| event.prev_kv.as_mut()) {
        Some(previous) => previous.version += 1,
        None => return false,
    }
    true
}

fn compacted_for_no_reason(watch: &mut Watch, _: &mut Dice) -> bool {
    let revision = watch.responses.last().map_or(1, |last| last.revision) + 100;
    watch.responses.push(WatchResponse {
        canceled: true,
        compact_revision: revision,
        ..WatchResponse::default()
    });
    true
}

fn drop_the_rest(watch: &mut Watch, _: &mut Dice) -> bool {
    let places = with_events(watch);
    let Some(&last) = places.last() else { return false };
    watch.responses.truncate(last);
    true
}

fn sample(seed: u64, rich: bool) -> History {
    Sample { seed, rich, unknown_percent: 0, operations: 150, ..Sample::default() }.make().history
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn perfect_watches_pass(seed: u64) {
        let history = sample(seed, true);
        for name in WATCHES {
            prop_assert_eq!(judge(name, &history), Ok(()));
        }
    }

    // Nobody saw all revisions: of two requests that got no answer, only a later event tells which
    // one had its effect.
    #[test]
    fn perfect_watches_pass_among_unknown_outcomes(seed: u64) {
        let sample = Sample { seed, rich: false, unknown_percent: 10, ..Sample::default() };
        let mut history = sample.make().history;
        history.watches.remove(0);
        for name in WATCHES {
            prop_assert_eq!(judge(name, &history), Ok(()));
        }
    }

    #[test]
    fn spoilt_watches_are_caught(seed: u64, spoiler in 0..SPOILERS.len()) {
        // Without leases every change has an answer, so it is known by when it was made.
        let mut history = sample(seed, false);
        let (name, spoil) = SPOILERS[spoiler];
        let mut dice = Dice(seed);
        // Not the first: it tells the checker what truly happened.
        let watch = 1 + dice.roll(3) as usize;
        prop_assume!(spoil(&mut history.watches[watch], &mut dice));
        prop_assert!(judge(name, &history).is_err(), "{}", name);
    }
}

#[test]
fn every_spoiler_finds_something_to_spoil() {
    for (name, spoil) in SPOILERS {
        let spoilt = (0..40).filter(|&seed| {
            let mut history = sample(seed, false);
            spoil(&mut history.watches[1], &mut Dice(seed))
        });
        assert!(spoilt.count() > 0, "{name}");
    }
}

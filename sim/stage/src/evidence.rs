//! What people read of a run: its trace in words, and the messages worth a line on the timeline.

use machine::{Carried, Time, World};
use record::{BandKind, Message, Timeline, TraceLine};
use std::{collections::BTreeSet, sync::Arc};

/// Messages drawn at most of each sort that is worth it.
const MESSAGES_MAX: usize = 1_000;
/// What is sent this close to a change of leader belongs to it.
const NEAR_ELECTION_NANOS: u64 = 50_000_000;

/// The kernel's trace for people; `names` are those of the machines.
pub fn trace(world: &World, names: &[Arc<str>]) -> Vec<TraceLine> {
    let line = |(entry, words): (machine::Entry, Option<String>)| {
        let name = entry.node.and_then(|node| names.get(usize::try_from(node.0).ok()?));
        let machine = name.map_or_else(|| "world".to_owned(), |name| name.to_string());
        let words = words.unwrap_or_default();
        let text = format!("{:<14} {words}", entry.kind.name).trim_end().to_owned();
        TraceLine { at_nanos: entry.at.0, machine, text }
    };
    world.take_trace().into_iter().map(line).collect()
}

/// Draws the newest messages, those around changes of leader, and those that never arrived. Lanes
/// stand in the order of the machines.
pub fn draw_messages(world: &World, timeline: &mut Timeline) {
    let carried = world.network().journal();
    let elections: Vec<u64> = timeline
        .bands
        .iter()
        .filter(|band| band.kind == BandKind::Leads)
        .map(|it| it.from_nanos)
        .collect();
    let near =
        |it: &Carried| elections.iter().any(|at| at.abs_diff(it.sent.0) < NEAR_ELECTION_NANOS);
    let newest = carried.len().saturating_sub(MESSAGES_MAX)..carried.len();
    let mut worth: BTreeSet<usize> = newest.collect();
    let places = |wanted: &dyn Fn(&Carried) -> bool| {
        let found = carried.iter().enumerate().rev().filter(|(_, it)| wanted(it));
        found.map(|(place, _)| place).take(MESSAGES_MAX).collect::<Vec<_>>()
    };
    worth.extend(places(&|it| it.arrived.is_none()));
    worth.extend(places(&near));
    timeline.messages.extend(worth.into_iter().filter_map(|place| message(carried.get(place)?)));
}

fn message(it: &Carried) -> Option<Message> {
    Some(Message {
        from: usize::try_from(it.from.0).ok()?,
        to: usize::try_from(it.to.0).ok()?,
        sent_nanos: it.sent.0,
        arrived_nanos: it.arrived.map(|Time(at)| at),
        text: format!("{} B", it.bytes),
    })
}

//! What watches showed of each revision, and by that what did not happen there.

use std::collections::BTreeMap;

use crate::{
    history::{Event, History, Revision, Watch, WatchRequest},
    watch::{asked_for, start},
};

/// All stretches of revisions that a watch showed without a gap.
pub(crate) struct Sightings<'a>(Vec<Stretch<'a>>);

struct Stretch<'a> {
    request: &'a WatchRequest,
    from: Revision,
    to: Revision,
    events: BTreeMap<Revision, Vec<&'a Event>>,
}

impl<'a> Sightings<'a> {
    /// Collects them; a watch that showed nothing proves nothing.
    pub(crate) fn gather(history: &'a History) -> Self {
        Self(history.watches.iter().filter_map(Stretch::of).collect())
    }

    /// The keys on which a revision with these events is not what watches showed; None: it is.
    pub(crate) fn contradicted(
        &self,
        revision: Revision,
        events: &[Event],
    ) -> Option<(&'a WatchRequest, Vec<String>)> {
        let covering = self.0.iter().filter(|s| (s.from..=s.to).contains(&revision));
        let mut differing = covering.map(|s| (s.request, s.differing(revision, events)));
        differing.find(|(_, keys)| !keys.is_empty())
    }
}

impl<'a> Stretch<'a> {
    fn of(watch: &'a Watch) -> Option<Self> {
        let mut events = BTreeMap::<Revision, Vec<&Event>>::new();
        for event in watch.responses.iter().flat_map(|response| &response.events) {
            events.entry(event.kv.modified).or_default().push(event);
        }
        let progress = watch.responses.iter().filter(|response| response.progress);
        let told = progress.map(|response| response.revision);
        let to = events.keys().copied().chain(told).max()?;
        Some(Self { request: &watch.request, from: start(watch)?, to, events })
    }

    fn differing(&self, revision: Revision, events: &[Event]) -> Vec<String> {
        let shown = self.events.get(&revision).map_or(&[][..], Vec::as_slice);
        let wanted = || events.iter().filter(|event| asked_for(self.request, event));
        let missing = wanted().filter(|event| !shown.iter().any(|seen| is_sight_of(seen, event)));
        let foreign = shown.iter().filter(|seen| !wanted().any(|event| is_sight_of(seen, event)));
        missing.chain(foreign.copied()).map(|event| event.kv.key.clone()).collect()
    }
}

/// True when the event would be shown so; what was there before may be left out.
fn is_sight_of(seen: &Event, event: &Event) -> bool {
    seen.kind == event.kind
        && seen.kv == event.kv
        && (seen.prev_kv.is_none() || seen.prev_kv == event.prev_kv)
}

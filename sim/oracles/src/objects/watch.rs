//! A watch shows every change after its beginning, once, in order, and says truly how far it is.

use super::{Floor, ObjectPromise, Truth, line, said};
use crate::{
    Broken,
    history::{Object, ObjectChange, ObjectEvent, ObjectWatch, Objects, Sent},
};

/// The events of a watch are those of the log after the revision where it began, none missed, none
/// doubled, none invented; a bookmark comes after all events up to its revision. To a watch of some
/// objects one that comes in sight is added, and one that goes out of sight deleted.
#[derive(Debug, Default)]
pub struct ObjectWatchOrder;

/// No server may believe a client who says that it has seen a revision so far ahead.
const FUTURE: u64 = 1_000_000;

impl ObjectPromise for ObjectWatchOrder {
    const NAME: &'static str = "object_watch";
    const PROMISE: &'static str = "The watch starts at the exact resource version: changes are \
        streamed for everything after it. A bookmark event marks that all changes up to a given \
        resourceVersion have already been sent (API concepts, efficient detection of changes)";

    fn judge(objects: &Objects, truth: &Truth<'_>) -> Result<(), Broken> {
        let floor = Floor::of(objects, truth);
        objects.watches.iter().try_for_each(|watch| follow(watch, &floor, truth))
    }
}

/// What a client knows of the collection while a watch goes on.
struct Follower<'a> {
    watch: &'a ObjectWatch,
    truth: &'a Truth<'a>,
    /// Everything up to here was shown; none while initial objects come.
    at: Option<u64>,
    initial: Vec<&'a Object>,
}

fn follow(watch: &ObjectWatch, floor: &Floor, truth: &Truth<'_>) -> Result<(), Broken> {
    let mut follower = Follower { watch, truth, at: watch.from, initial: Vec::new() };
    if let (Some(from), Some(accepted)) = (watch.from, watch.accepted)
        && from > truth.known_to() + FUTURE
    {
        let text = format!("a watch from {from} is accepted, which nobody has seen");
        return Err(Broken::new(accepted, text).with(head(watch)));
    }
    for event in &watch.events {
        match (&event.sent, follower.at) {
            (Sent::Error { .. }, _) => return Ok(()),
            (Sent::Bookmark { revision, initial_end: true }, None) => {
                let least = if watch.stale { 0 } else { floor.at(watch.called) };
                follower.initial_end(event, *revision, least)?;
            }
            (Sent::Added(object), None) => follower.initial(event, object)?,
            (Sent::Bookmark { .. } | Sent::Modified(_) | Sent::Deleted(_), None) => {
                return Err(follower.broken(event, "comes before the initial objects are through"));
            }
            (Sent::Bookmark { revision, .. }, Some(at)) => {
                follower.bookmark(event, *revision, at)?;
            }
            (Sent::Added(object) | Sent::Modified(object) | Sent::Deleted(object), Some(at)) => {
                follower.change(event, object, at)?;
            }
        }
    }
    Ok(())
}

impl<'a> Follower<'a> {
    /// One of the objects that are there at the beginning.
    fn initial(&mut self, event: &ObjectEvent, object: &'a Object) -> Result<(), Broken> {
        let was = self.truth.at(&object.name, object.revision);
        if was.is_some_and(|was| was != Some(object)) {
            return Err(self.broken(event, "shows an object that never was so"));
        }
        if self.initial.iter().any(|other| other.name == object.name) {
            return Err(self.broken(event, "shows an initial object twice"));
        }
        self.initial.push(object);
        Ok(())
    }

    fn initial_end(
        &mut self,
        event: &ObjectEvent,
        revision: u64,
        least: u64,
    ) -> Result<(), Broken> {
        if revision < least {
            let text = format!("begins with objects of {revision} though {least} was known");
            return Err(self.broken(event, &text));
        }
        self.at = Some(revision);
        let Some(mut all) = self.truth.all_at(revision) else { return Ok(()) };
        all.retain(|object| self.watch.wants(object));
        self.initial.sort();
        if self.initial == all {
            return Ok(());
        }
        let lacks = all.iter().find(|object| !self.initial.contains(object)).copied();
        let more = self.initial.iter().find(|object| !all.contains(object)).copied();
        let text = format!("begins without {} and with {}", said(lacks), said(more));
        Err(self.broken(event, &text))
    }

    fn bookmark(&mut self, event: &ObjectEvent, revision: u64, at: u64) -> Result<(), Broken> {
        if revision < at {
            return Err(self.broken(event, &format!("goes back from {at} to {revision}")));
        }
        if let Some(missed) = self.concerned(at, revision).next() {
            let broken = self.broken(event, &format!("overtakes {}", missed.revision));
            return Err(broken.with(line(missed)));
        }
        self.at = Some(revision);
        Ok(())
    }

    fn change(&mut self, event: &ObjectEvent, object: &Object, at: u64) -> Result<(), Broken> {
        let revision = object.revision;
        if revision <= at {
            return Err(self.broken(event, &format!("shows {revision} after {at}")));
        }
        let mut between = self.concerned(at, revision).peekable();
        if let Some(missed) = between.next_if(|change| change.revision < revision) {
            let broken = self.broken(event, &format!("has missed {}", missed.revision));
            return Err(broken.with(line(missed)));
        }
        self.at = Some(revision);
        if !self.truth.knows(revision - 1, revision) {
            return Ok(());
        }
        let now = self.truth.at(&object.name, revision).flatten();
        let before = self.truth.before(&object.name, revision);
        let Some(before) = before else { return Ok(()) };
        let (before, now) =
            (before.filter(|it| self.watch.wants(it)), now.filter(|it| self.watch.wants(it)));
        let last = before.map(|before| Object { revision, ..before.clone() });
        let good = match &event.sent {
            Sent::Added(_) => before.is_none() && now == Some(object),
            Sent::Modified(_) => before.is_some() && now == Some(object),
            Sent::Deleted(_) => now.is_none() && last.as_ref() == Some(object),
            Sent::Bookmark { .. } | Sent::Error { .. } => true,
        };
        if good && between.next().is_some() {
            return Ok(());
        }
        let text = format!("shows what was not: before {}, then {}", said(before), said(now));
        Err(self.broken(event, &text))
    }

    /// The changes after `from` and up to `to` that the watch is to show.
    fn concerned(&self, from: u64, to: u64) -> impl Iterator<Item = &'a ObjectChange> + use<'a> {
        let (watch, truth) = (self.watch, self.truth);
        truth.between(from, to).iter().copied().filter(move |change| {
            let before = truth.before(&change.name, change.revision).flatten();
            change.object.iter().chain(before).any(|object| watch.wants(object))
                || watch.side.is_empty()
        })
    }

    fn broken(&self, event: &ObjectEvent, what: &str) -> Broken {
        let text = format!("a watch of client {} {what}", self.watch.client);
        Broken::new(event.at, text).with(line(event)).with(head(self.watch))
    }
}

/// The watch without its events.
fn head(watch: &ObjectWatch) -> String {
    line(&ObjectWatch { events: Vec::new(), ..watch.clone() })
}

//! A lock has one holder, an election one leader.

use std::collections::BTreeMap;

use crate::{
    Broken, Kind, Observation, Oracle, World,
    facts::SECOND,
    history::{Event, EventKind, Hold, Revision, Time},
    kv::Resolved,
};

/// Spans in which clients act as holders of one lock do not overlap, beyond the clocks' error; and
/// nobody is given a lock whose own key was gone before the keys that were there first.
#[derive(Debug, Default)]
pub struct MutualExclusion {
    end: Time,
}

/// How long two may both believe: clocks of client and server run apart while a lease runs out.
const GRACE: Time = SECOND;

impl Oracle for MutualExclusion {
    const NAME: &'static str = "mutual_exclusion";
    const KIND: Kind = Kind::History;
    const PROMISE: &'static str = "The returned key exists so long as the lock is held by the \
        caller, who loses it no later than its lease; one caller at a time holds a lock";
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::World { at, event: World::End } => self.end = *at,
            Observation::History(record) => {
                for holds in by_name(&record.history.holds).into_values() {
                    self.judge(holds)?;
                }
                // Where no order explains the keys, others say so.
                if let Ok(resolved) = record.resolved() {
                    let holds = &record.history.holds;
                    holds.iter().try_for_each(|hold| came_first(hold, resolved))?;
                }
            }
            Observation::Fact(_) | Observation::World { .. } => {}
        }
        Ok(())
    }
}

impl MutualExclusion {
    fn judge(&self, mut holds: Vec<&Hold>) -> Result<(), Broken> {
        holds.sort_by_key(|hold| hold.acquired);
        let mut last: Option<&Hold> = None;
        for hold in holds {
            let Some(earlier) = last.replace(hold) else { continue };
            let let_go = earlier.let_go.unwrap_or(self.end.max(hold.acquired));
            if hold.acquired + GRACE < let_go {
                return Err(overlap(earlier, hold));
            }
            // Of two that both ended in time the one that acts longer is the one to watch.
            if let_go > hold.let_go.unwrap_or(Time::MAX) {
                last = Some(earlier);
            }
        }
        Ok(())
    }
}

/// The key of whoever is given a lock outlives every key that was there before it.
///
/// Judged by what surely happened: when no client saw a revision, the log has a guess in its place,
/// such as the end of the owner's lease where somebody else entered a queue.
fn came_first(hold: &Hold, resolved: &Resolved) -> Result<(), Broken> {
    let queue = format!("{}/", hold.name);
    let of_queue = |change: &'_ Event| change.kv.key.starts_with(&queue);
    // Who stands before the owner, in the order of their keys' creation.
    let mut earlier = BTreeMap::<&str, Revision>::new();
    let mut own: Option<&str> = None;
    for change in resolved.certain() {
        for event in change.events.iter().filter(|event| of_queue(event)) {
            let key = event.kv.key.as_str();
            match event.kind {
                EventKind::Put if change.revision == hold.token => own = Some(key),
                EventKind::Put if own.is_none() => {
                    earlier.entry(key).or_insert(change.revision);
                }
                EventKind::Delete if own == Some(key) => {
                    return first_of(hold, &earlier, change.revision);
                }
                EventKind::Delete => drop(earlier.remove(key)),
                EventKind::Put => {}
            }
        }
    }
    Ok(())
}

fn first_of(hold: &Hold, earlier: &BTreeMap<&str, Revision>, gone: Revision) -> Result<(), Broken> {
    let Some((key, created)) = earlier.first_key_value() else { return Ok(()) };
    let text = format!(
        "client {} was given {}, though its key was gone at {gone} and {key}, there since \
         {created}, was not",
        hold.client, hold.name
    );
    Err(Broken::new(hold.acquired, text).with(serde_json::to_string(hold).unwrap_or_default()))
}

pub(crate) fn by_name(holds: &[Hold]) -> BTreeMap<&str, Vec<&Hold>> {
    let mut names = BTreeMap::<_, Vec<_>>::new();
    for hold in holds {
        names.entry(hold.name.as_str()).or_default().push(hold);
    }
    names
}

fn overlap(earlier: &Hold, later: &Hold) -> Broken {
    let text = format!("clients {} and {} both held {} ", earlier.client, later.client, later.name);
    [earlier, later]
        .into_iter()
        .fold(Broken::new(later.acquired, text.trim_end()), |broken, hold| {
            broken.with(serde_json::to_string(hold).unwrap_or_default())
        })
}

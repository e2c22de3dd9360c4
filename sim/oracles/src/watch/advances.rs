//! An open watch shows every event in the end.

use crate::{
    Broken, Kind, Observation, Oracle, World,
    facts::SECOND,
    history::{History, Outcome, Revision, Time, Watch, WatchResponse},
    kv::{self, Author, Change},
    watch::{broken, delivered, line, log, start, wanted},
};

/// Every change shows on every open watch for it within [`DELIVERY_MAX`] of a healthy world.
#[derive(Debug, Default)]
pub struct WatchAdvances {
    healed: Option<Time>,
    end: Time,
}

/// How long an event may take to its watches once no fault is left.
pub(crate) const DELIVERY_MAX: Time = 30 * SECOND;

impl Oracle for WatchAdvances {
    const NAME: &'static str = "watch_advances";
    const KIND: Kind = Kind::Eventually;
    const PROMISE: &'static str = "etcd ensures that a watch eventually shows every event of its \
        range while it is open";
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::World { at, event: World::Healed } => self.healed = Some(*at),
            Observation::World { at, event: World::End } => self.end = *at,
            Observation::History(record) => return self.judge(record),
            Observation::Fact(_) | Observation::World { .. } => {}
        }
        Ok(())
    }
}

impl WatchAdvances {
    fn judge(&self, record: &crate::Record<'_>) -> Result<(), Broken> {
        let Some(healed) = self.healed else { return Ok(()) };
        let (Some(log), Some(due)) = (log(record), self.end.checked_sub(DELIVERY_MAX)) else {
            return Ok(());
        };
        if healed > due {
            return Ok(());
        }
        let known = |change: &&Change| {
            change_time(record.history, change).is_some_and(|changed| changed <= due)
        };
        let Some(last) = log.log.iter().rev().find(known) else { return Ok(()) };
        let open = |watch: &Watch| {
            !watch.cut
                && watch.ended.is_none()
                && watch.called <= due
                && !watch.responses.iter().any(|response| response.canceled)
        };
        for watch in record.history.watches.iter().filter(|watch| open(watch)) {
            let from = delivered(watch)
                .next_back()
                .map(|(_, event)| event.kv.modified + 1)
                .or_else(|| start(watch));
            let Some(from) = from else { continue };
            let missing = wanted(log, &watch.request, from).next();
            if let Some(event) = missing.filter(|event| event.kv.modified <= last.revision) {
                if missed_nothing(record.history, open, last.revision) {
                    return Ok(());
                }
                let text = format!("a watch stands still before {}", event.kv.modified);
                return Err(broken(watch, self.end, text).with(line(event)));
            }
        }
        Ok(())
    }
}

/// True when all makes sense also if these watches had shown everything up to `revision`: then an
/// event that seems to be missing was a guess, made for a change without an answer.
fn missed_nothing(history: &History, open: impl Fn(&Watch) -> bool, revision: Revision) -> bool {
    let mut complete = history.clone();
    for watch in complete.watches.iter_mut().filter(|watch| open(watch)) {
        let progress = true;
        watch.responses.push(WatchResponse { progress, revision, ..WatchResponse::default() });
    }
    kv::explains_watches(&complete)
}

/// By when the change had surely happened.
fn change_time(history: &History, change: &Change) -> Option<Time> {
    match change.author {
        Author::Operation(index) => match history.operations[index].outcome {
            Outcome::Answered { returned, .. } => Some(returned),
            Outcome::Refused { .. } | Outcome::Unknown { .. } => None,
        },
        Author::LeaseEnd(_) | Author::Recipe(_) => None,
    }
}

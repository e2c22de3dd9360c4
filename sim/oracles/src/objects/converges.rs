//! When faults heal, API servers answer and watches go on.

use super::{Truth, broken, line};
use crate::{
    Broken, Kind, Observation, Oracle, World,
    facts::SECOND,
    history::{ObjectOutcome, ObjectWatch, Objects, Sent, Time},
};

/// [`HEALING_MAX`] after everything healed every request is answered, and an open watch shows every
/// change within [`DELIVERY_MAX`].
#[derive(Debug, Default)]
pub struct ObjectConverges {
    healed: Option<Time>,
    end: Time,
}

/// How long etcd and the API servers may take together to come back: elections, back-off of
/// clients, connections that are found dead by their silence.
const HEALING_MAX: Time = 25 * SECOND;
/// How long a change may take to those who watch.
const DELIVERY_MAX: Time = 5 * SECOND;

impl Oracle for ObjectConverges {
    const NAME: &'static str = "object_converges";
    const KIND: Kind = Kind::Eventually;
    const PROMISE: &'static str = "The API server scales horizontally: as long as one instance and \
        a majority of etcd are healthy, it serves, and watches deliver";
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::World { at, event: World::Healed } => self.healed = Some(*at),
            Observation::World { at, event: World::End } => self.end = *at,
            Observation::History(record) => return self.judge(&record.history.objects),
            Observation::Fact(_) | Observation::World { .. } => {}
        }
        Ok(())
    }
}

impl ObjectConverges {
    fn judge(&self, objects: &Objects) -> Result<(), Broken> {
        let Some(from) = self.healed.map(|healed| healed + HEALING_MAX) else { return Ok(()) };
        let until = self.end.saturating_sub(DELIVERY_MAX);
        for call in objects.calls.iter().filter(|call| (from..until).contains(&call.called)) {
            if let ObjectOutcome::Unknown { text, .. } = &call.outcome {
                let text = format!("a healed cluster left a request without an answer: {text}");
                return Err(broken(call, text));
            }
        }
        if until < from {
            return Ok(());
        }
        let truth = Truth::of(&objects.log);
        let open = objects.watches.iter().filter(|watch| is_open(watch, until));
        open.into_iter().try_for_each(|watch| self.shows_all(watch, &truth, until))
    }

    fn shows_all(&self, watch: &ObjectWatch, truth: &Truth<'_>, until: Time) -> Result<(), Broken> {
        let shown = watch.events.iter().rev().find_map(|event| match &event.sent {
            Sent::Added(object) | Sent::Modified(object) | Sent::Deleted(object) => {
                Some(object.revision)
            }
            Sent::Bookmark { revision, .. } => Some(*revision),
            Sent::Error { .. } => None,
        });
        let shown = shown.or(watch.from).unwrap_or(0);
        let due = truth.changes().take_while(|change| change.at <= until).last();
        match due.filter(|change| change.revision > shown) {
            None => Ok(()),
            Some(change) => {
                let text = format!("a watch stands at {shown} before {}", change.revision);
                let head = ObjectWatch { events: Vec::new(), ..watch.clone() };
                Err(Broken::new(self.end, text).with(line(change)).with(line(&head)))
            }
        }
    }
}

/// It was agreed to by then, and goes on when the run ends.
fn is_open(watch: &ObjectWatch, until: Time) -> bool {
    let agreed = watch.accepted.is_some_and(|at| at <= until);
    let error = |event: &crate::history::ObjectEvent| matches!(event.sent, Sent::Error { .. });
    agreed && watch.ended.is_none() && !watch.events.iter().any(error)
}

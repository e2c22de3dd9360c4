//! What becomes of an event: a new one, one more of an old one, or nothing.
//!
//! Upstream: client-go/tools/record/events_cache.go, with its defaults.

use super::{
    event::{Happening, Occurrences, Source, again, whole},
    recent::Recent,
};
use crate::{Bucket, Rate};
use host::{Instant, Timestamp};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

/// Things that are remembered, of each sort.
const REMEMBERED: usize = 4096;
/// An object gets so many events of a source at once, and one in five minutes later.
const SPAM: Rate = Rate { qps: 1.0 / 300.0, burst: 25 };
/// From so many different messages on, within so long a time, they become one event.
const SIMILAR_MAX: usize = 10;
const SIMILAR_WITHIN: Duration = Duration::from_secs(600);
const COMBINED: &str = "(combined from similar events): ";

/// What is to be done about an event.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// Nothing: there are too many.
    Drop,
    /// Create it.
    Create(Value),
    /// Change the one that there is; create the whole if it is gone.
    Again {
        /// Its name.
        name: String,
        /// What changes (a strategic merge patch).
        patch: Value,
        /// All of it.
        whole: Value,
    },
}

/// Different messages about one thing.
#[derive(Debug)]
struct Similar {
    messages: BTreeSet<String>,
    last: Instant,
}

/// Remembers what was told, and decides.
#[derive(Debug)]
pub struct Correlator {
    source: Source,
    spam: Recent<Bucket>,
    similar: Recent<Similar>,
    told: Recent<Option<Occurrences>>,
}

/// Parts of a key, with a separator that names cannot hold.
fn joined(parts: &[&str]) -> String {
    parts.join("\u{0}")
}

impl Correlator {
    /// Remembers nothing yet.
    pub fn new(source: Source) -> Self {
        Self {
            source,
            spam: Recent::new(REMEMBERED),
            similar: Recent::new(REMEMBERED),
            told: Recent::new(REMEMBERED),
        }
    }

    /// Who tells.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Takes an event in.
    pub fn take(&mut self, now: Instant, wall: Timestamp, happening: &Happening) -> Verdict {
        let about = &happening.about;
        let object =
            joined(&[&about.kind, &about.namespace, &about.name, &about.uid, &about.api_version]);
        let (message, key) = self.combine(now, &object, happening);
        let (of, repeated) = self.count(wall, happening, &key);
        let spared = self.spam.entry(&object, || Bucket::new(SPAM)).try_take(now);
        let whole = || whole(&self.source, happening, &message, &of);
        match (spared, repeated) {
            (false, _) => Verdict::Drop,
            (true, false) => Verdict::Create(whole()),
            (true, true) => Verdict::Again {
                name: of.name.clone(),
                patch: again(&message, &of),
                whole: whole(),
            },
        }
    }

    /// The event's message and what it counts as: itself, or one of many that differ only in their
    /// messages.
    fn combine(&mut self, now: Instant, object: &str, happening: &Happening) -> (String, String) {
        let Happening { about, severity, reason, message } = happening;
        let group = joined(&[object, &about.field_path, severity.text(), reason]);
        let similar =
            self.similar.entry(&group, || Similar { messages: BTreeSet::new(), last: now });
        if now.since(similar.last) > SIMILAR_WITHIN {
            similar.messages.clear();
        }
        similar.last = now;
        similar.messages.insert(message.clone());
        if similar.messages.len() < SIMILAR_MAX {
            return (message.clone(), joined(&[&group, message]));
        }
        similar.messages.pop_first();
        (format!("{COMBINED}{message}"), group)
    }

    /// Counts it; true: it was told before.
    fn count(&mut self, wall: Timestamp, happening: &Happening, key: &str) -> (Occurrences, bool) {
        let told = self.told.entry(key, || None);
        let repeated = told.is_some();
        let of = told.get_or_insert_with(|| Occurrences {
            name: format!("{}.{:x}", happening.about.name, wall.0),
            first: wall,
            last: wall,
            count: 0,
        });
        of.last = wall;
        of.count += 1;
        (of.clone(), repeated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Reference, Severity};

    const SECOND: u64 = 1_000_000_000;

    fn happening(name: &str, message: &str) -> Happening {
        Happening {
            about: Reference { kind: "Pod".into(), name: name.into(), ..Reference::default() },
            severity: Severity::Normal,
            reason: "R".into(),
            message: message.into(),
        }
    }

    /// `drop`, `new message count` or `again message count`.
    fn told(correlator: &mut Correlator, second: u64, happening: &Happening) -> String {
        let at = second * SECOND;
        let text =
            |event: &Value| format!("{} {}", event["message"].as_str().unwrap(), event["count"]);
        match correlator.take(Instant(at), Timestamp(at), happening) {
            Verdict::Drop => "drop".into(),
            Verdict::Create(event) => format!("new {}", text(&event)),
            Verdict::Again { patch, whole, name } => {
                assert_eq!(
                    (&whole["count"], &whole["metadata"]["name"]),
                    (&patch["count"], &name.into())
                );
                format!("again {}", text(&patch))
            }
        }
    }

    #[test]
    fn the_same_event_is_counted_and_not_told_anew() {
        let mut correlator = Correlator::new(Source::default());
        for (second, name, expected) in
            [(1, "a", "new m 1"), (2, "a", "again m 2"), (3, "b", "new m 1"), (4, "a", "again m 3")]
        {
            assert_eq!(told(&mut correlator, second, &happening(name, "m")), expected);
        }
    }

    #[test]
    fn many_messages_about_one_thing_become_one_event() {
        let mut correlator = Correlator::new(Source::default());
        for number in 0..9 {
            let message = number.to_string();
            let expected = format!("new {message} 1");
            assert_eq!(told(&mut correlator, number, &happening("a", &message)), expected);
        }
        for (number, expected) in [(10, "new"), (11, "again")] {
            let message = number.to_string();
            let expected = format!("{expected} {COMBINED}{message} {}", number - 9);
            assert_eq!(told(&mut correlator, number, &happening("a", &message)), expected);
        }
        // After ten quiet minutes each stands for itself.
        assert_eq!(told(&mut correlator, 700, &happening("a", "x")), "new x 1");
    }

    #[test]
    fn an_object_that_floods_is_cut_off_alone() {
        let mut correlator = Correlator::new(Source::default());
        let flood =
            |correlator: &mut Correlator, second| told(correlator, second, &happening("a", "m"));
        let dropped = (0..40).filter(|_| flood(&mut correlator, 1000) == "drop").count();
        assert_eq!(dropped, 15);
        assert_eq!(told(&mut correlator, 1000, &happening("b", "m")), "new m 1");
        assert_eq!(flood(&mut correlator, 1299), "drop");
        // One token has grown; what was dropped counts.
        assert_eq!(flood(&mut correlator, 1300), "again m 42");
    }
}

//! What a step may wait for: a closed list, so that it does not grow into a language.

use std::{fmt, str::FromStr};

/// Something that is true of the cluster at a moment. Judged from what is true in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Some member leads a quorum.
    LeaderElected,
    /// No member leads.
    LeaderLost,
    /// Every member's process runs and has caught up.
    MembersUp,
    /// The newest revision is at least this.
    Revision(u64),
    /// Clients have had at least this many answers.
    Operations(u64),
    /// A leader has sent a snapshot.
    SnapshotSent,
    /// A compaction has been carried out.
    Compacted,
    /// A learner has caught up far enough to be promoted.
    LearnerReady,
    /// A lease has run out.
    LeaseExpired,
    /// Every strike so far is over.
    Healed,
}

/// Those without a number, as scenarios write them.
const PLAIN: [(&str, Condition); 8] = [
    ("leader is elected", Condition::LeaderElected),
    ("leader is lost", Condition::LeaderLost),
    ("members are up", Condition::MembersUp),
    ("snapshot is sent", Condition::SnapshotSent),
    ("compaction is done", Condition::Compacted),
    ("learner is ready", Condition::LearnerReady),
    ("lease has expired", Condition::LeaseExpired),
    ("faults are healed", Condition::Healed),
];

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Revision(least) => write!(f, "revision reaches {least}"),
            Condition::Operations(least) => write!(f, "operations reach {least}"),
            Condition::LeaderElected
            | Condition::LeaderLost
            | Condition::MembersUp
            | Condition::SnapshotSent
            | Condition::Compacted
            | Condition::LearnerReady
            | Condition::LeaseExpired
            | Condition::Healed => {
                let found = PLAIN.iter().find(|(_, condition)| condition == self);
                f.write_str(found.map_or("", |(text, _)| text))
            }
        }
    }
}

/// A text that is not in the list.
#[derive(Debug, thiserror::Error)]
#[error("unknown condition '{text}'; there are: {list}")]
pub struct NotACondition {
    text: String,
    list: String,
}

impl FromStr for Condition {
    type Err = NotACondition;

    fn from_str(text: &str) -> Result<Self, NotACondition> {
        let number = |prefix| text.strip_prefix(prefix).and_then(|rest: &str| rest.parse().ok());
        let plain = || PLAIN.iter().find(|(name, _)| *name == text).map(|(_, found)| *found);
        number("revision reaches ")
            .map(Condition::Revision)
            .or_else(|| number("operations reach ").map(Condition::Operations))
            .or_else(plain)
            .ok_or_else(|| NotACondition { text: text.to_owned(), list: Self::list().join(", ") })
    }
}

impl Condition {
    /// All of them, as scenarios write them.
    pub fn list() -> Vec<&'static str> {
        let plain = PLAIN.iter().map(|(text, _)| *text);
        plain.chain(["revision reaches N", "operations reach N"]).collect()
    }
}

faults::as_text!(Condition);

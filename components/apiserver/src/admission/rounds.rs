//! Whether mutating plugins are asked once more, because others changed the object after them.
//!
//! Upstream: apiserver/pkg/admission/reinvocation.go and plugin/webhook/mutating/reinvocationcontext.go.

use serde_json::Value;
use std::collections::BTreeSet;

/// The first and the only further round of one write.
#[derive(Clone, Debug, Default)]
pub(super) struct Rounds {
    again: bool,
    wanted: bool,
    /// Those that were asked and want to hear of later changes.
    asked: BTreeSet<String>,
    /// Those of them that a change came after.
    due: BTreeSet<String>,
    /// The object after the last webhook.
    last: Value,
}

impl Rounds {
    /// Begins the second round, if somebody changed something; false: there is none.
    pub(super) fn next(&mut self) -> bool {
        let next = self.wanted && !self.again;
        self.again = true;
        next
    }

    pub(super) fn number(&self) -> u8 {
        u8::from(self.again)
    }

    /// Webhooks begin. In the second round they hear of what other plugins changed meanwhile.
    pub(super) fn begin(&mut self, object: &Value) {
        if self.again && self.last != *object {
            self.due.append(&mut self.asked);
        }
    }

    pub(super) fn end(&mut self, object: &Value) {
        if !self.again {
            self.last = object.clone();
        }
    }

    /// Whether one is asked in this round: in the second only who was asked before a change.
    pub(super) fn is_due(&self, identity: &str) -> bool {
        !self.again || self.due.contains(identity)
    }

    /// The object was changed: all that were asked before are to hear of it.
    pub(super) fn changed(&mut self) {
        self.wanted = true;
        self.due.append(&mut self.asked);
    }

    pub(super) fn asked(&mut self, identity: String) {
        self.asked.insert(identity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_was_asked_before_a_change_is_asked_again() {
        let mut rounds = Rounds::default();
        rounds.begin(&json!(1));
        rounds.asked("a".into());
        rounds.changed();
        rounds.asked("b".into());
        rounds.end(&json!(2));
        assert!(rounds.next());
        rounds.begin(&json!(2));
        assert_eq!(["a", "b", "c"].map(|one| rounds.is_due(one)), [true, false, false]);
        assert!(!rounds.next());
    }

    #[test]
    fn nothing_changed_is_no_second_round() {
        let mut rounds = Rounds::default();
        rounds.asked("a".into());
        assert!(!rounds.next());
    }
}

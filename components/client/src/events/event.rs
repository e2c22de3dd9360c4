//! One event, as it happens and as the core group's `v1` writes it.

use crate::object;
use api::time::Moment;
use host::Timestamp;
use serde_json::{Map, Value, json};

/// An object that events are about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reference {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Empty for what is in none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The version that was looked at.
    pub resource_version: String,
    /// A part of it: `spec.containers{server}`.
    pub field_path: String,
}

impl Reference {
    /// A reference to an object that says its kind.
    pub fn to(about: &Value) -> Self {
        let text =
            |member: &str| about.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            api_version: text("apiVersion"),
            kind: text("kind"),
            namespace: object::namespace(about).to_owned(),
            name: object::name(about).to_owned(),
            uid: object::uid(about).to_owned(),
            resource_version: object::resource_version(about).to_owned(),
            field_path: String::new(),
        }
    }

    /// Where its events are kept: those of what is in no namespace, in the default one.
    pub(super) fn event_namespace(&self) -> &str {
        if self.namespace.is_empty() { "default" } else { &self.namespace }
    }

    fn value(&self) -> Value {
        let members = [
            ("kind", &self.kind),
            ("namespace", &self.namespace),
            ("name", &self.name),
            ("uid", &self.uid),
            ("apiVersion", &self.api_version),
            ("resourceVersion", &self.resource_version),
            ("fieldPath", &self.field_path),
        ];
        let said = members.into_iter().filter(|(_, text)| !text.is_empty());
        let said: Map<_, _> =
            said.map(|(name, text)| (name.to_owned(), text.as_str().into())).collect();
        Value::Object(said)
    }
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// As it should be.
    Normal,
    /// Somebody may want to do something.
    Warning,
}

impl Severity {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// Who tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Source {
    /// `kubelet`.
    pub component: String,
    /// The node, for what runs on each.
    pub host: String,
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Happening {
    /// To what.
    pub about: Reference,
    /// How bad it is.
    pub severity: Severity,
    /// One word for machines: `FailedScheduling`.
    pub reason: String,
    /// For people.
    pub message: String,
}

fn second(wall: Timestamp) -> String {
    let seconds = i64::try_from(wall.seconds()).unwrap_or(i64::MAX);
    Moment { seconds, nanos: 0 }.to_second()
}

/// What is written of an event that happened once or several times.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Occurrences {
    pub(super) name: String,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) count: u64,
}

/// The whole event.
pub(super) fn whole(
    source: &Source,
    happening: &Happening,
    message: &str,
    of: &Occurrences,
) -> Value {
    let about = &happening.about;
    let mut from = json!({"component": source.component});
    if !source.host.is_empty() {
        from["host"] = source.host.as_str().into();
    }
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": of.name, "namespace": about.event_namespace()},
        "involvedObject": about.value(),
        "type": happening.severity.text(), "reason": happening.reason, "message": message,
        "source": from,
        "firstTimestamp": second(of.first), "lastTimestamp": second(of.last), "count": of.count,
        "reportingComponent": source.component, "reportingInstance": source.host,
    })
}

/// What changes in it when it happens again.
pub(super) fn again(message: &str, of: &Occurrences) -> Value {
    json!({"message": message, "lastTimestamp": second(of.last), "count": of.count})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_who_what_and_when() {
        let node =
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a", "uid": "u"}});
        let happening = Happening {
            about: Reference::to(&node),
            severity: Severity::Warning,
            reason: "Rebooted".into(),
            message: "m".into(),
        };
        let source = Source { component: "kubelet".into(), host: "a".into() };
        let (first, last) = (Timestamp(0), Timestamp(61_900_000_000));
        let of = Occurrences { name: "a.1".into(), first, last, count: 2 };
        let event = whole(&source, &happening, "m", &of);
        assert_eq!(event["metadata"], json!({"name": "a.1", "namespace": "default"}));
        let about = json!({"kind": "Node", "name": "a", "uid": "u", "apiVersion": "v1"});
        assert_eq!(event["involvedObject"], about);
        assert_eq!(event["lastTimestamp"], "1970-01-01T00:01:01Z");
        assert_eq!((&event["count"], &event["type"]), (&json!(2), &json!("Warning")));
    }
}

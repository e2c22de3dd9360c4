//! Which of a definition's names are its own, and which another of its group was first to have.
//!
//! Upstream: apiextensions-apiserver's pkg/controller/status/naming_controller.go.

use super::{Condition, condition_is, conditions::find, text, texts};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is to be told of a definition's names.
#[derive(Clone, PartialEq, Debug)]
pub struct Accepted {
    /// `status.acceptedNames`.
    pub names: Value,
    /// `NamesAccepted`, and `Established` as far as names decide it.
    pub conditions: Vec<Condition>,
}

/// Decides on a definition's names; `others` are the definitions of all groups, itself among them.
/// None: they are decided on.
pub fn names<'a>(definition: &Value, others: impl Iterator<Item = &'a Value>) -> Option<Accepted> {
    let wanted = &definition["spec"]["names"];
    let present = &definition["status"]["acceptedNames"];
    if wanted == present {
        return None;
    }
    let mut claims = Claims::of(definition, others);
    let accepted = claims.accept(wanted, present);
    let named = match claims.conflict.take() {
        Some((reason, message)) => {
            Condition { name: "NamesAccepted", holds: false, reason, message }
        }
        None => Condition {
            name: "NamesAccepted",
            holds: true,
            reason: "NoConflicts",
            message: "no conflicts found".into(),
        },
    };
    let mut conditions = vec![named];
    conditions.extend(established(definition, conditions[0].holds));
    let said = find(definition, "NamesAccepted");
    let same = said.is_some_and(|said| {
        (said["status"] == "True") == conditions[0].holds
            && said["reason"] == conditions[0].reason
            && said["message"] == conditions[0].message
    });
    (accepted != *present || !same).then_some(Accepted { names: accepted, conditions })
}

/// It is not established until its names are served.
fn established(definition: &Value, accepted: bool) -> Option<Condition> {
    if condition_is(definition, "Established") {
        return None;
    }
    let (reason, message) = match accepted {
        true => ("Installing", "the initial names have been accepted"),
        false if find(definition, "Established").is_some() => return None,
        false => ("NotAccepted", "not all names are accepted"),
    };
    Some(Condition { name: "Established", holds: false, reason, message: message.into() })
}

/// Names that a group has given away.
struct Claims {
    resources: BTreeSet<String>,
    kinds: BTreeSet<String>,
    /// The last conflict, as upstream tells it.
    conflict: Option<(&'static str, String)>,
}

impl Claims {
    fn of<'a>(definition: &Value, others: impl Iterator<Item = &'a Value>) -> Self {
        let group = &definition["spec"]["group"];
        let (mut resources, mut kinds) = (BTreeSet::new(), BTreeSet::new());
        for other in others.filter(|other| other["spec"]["group"] == *group) {
            let names = &other["status"]["acceptedNames"];
            resources.extend([text(names, "plural"), text(names, "singular")].map(str::to_owned));
            resources.extend(texts(names, "shortNames"));
            kinds.extend([text(names, "kind"), text(names, "listKind")].map(str::to_owned));
        }
        Self { resources, kinds, conflict: None }
    }

    fn accept(&mut self, wanted: &Value, present: &Value) -> Value {
        let mut accepted = present.clone();
        if !accepted.is_object() {
            accepted = json!({});
        }
        let scalars = [
            ("plural", "PluralConflict"),
            ("singular", "SingularConflict"),
            ("shortNames", "ShortNamesConflict"),
            ("kind", "KindConflict"),
            ("listKind", "ListKindConflict"),
        ];
        for (name, reason) in scalars {
            let taken = match name {
                "shortNames" => self.short_names(wanted, present),
                "kind" | "listKind" => taken(wanted, present, name, &self.kinds),
                _ => taken(wanted, present, name, &self.resources),
            };
            match taken {
                Some(why) => self.conflict = Some((reason, why)),
                None => copy(wanted, &mut accepted, name),
            }
        }
        copy(wanted, &mut accepted, "categories");
        accepted
    }

    fn short_names(&self, wanted: &Value, present: &Value) -> Option<String> {
        let own = texts(present, "shortNames");
        let own = |name: &String| {
            own.contains(name)
                || [text(present, "plural"), text(present, "singular")].contains(&name.as_str())
        };
        let wanted = texts(wanted, "shortNames").into_iter();
        let taken: Vec<String> = wanted
            .filter(|name| !own(name) && self.resources.contains(name))
            .map(|name| in_use(&name))
            .collect();
        match taken.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            many => Some(format!("[{}]", many.join(", "))),
        }
    }
}

fn taken(wanted: &Value, present: &Value, name: &str, used: &BTreeSet<String>) -> Option<String> {
    let wanted = text(wanted, name);
    (wanted != text(present, name) && used.contains(wanted)).then(|| in_use(wanted))
}

fn in_use(name: &str) -> String {
    format!("{name:?} is already in use")
}

fn copy(from: &Value, to: &mut Value, name: &str) {
    match from.get(name) {
        Some(value) => to[name] = value.clone(),
        None => {
            if let Some(members) = to.as_object_mut() {
                members.remove(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(names: Value, accepted: Value) -> Value {
        json!({
            "spec": {"group": "a.example", "names": names},
            "status": {"acceptedNames": accepted},
        })
    }

    #[test]
    fn names_go_to_who_was_first() {
        let names_of = |kind: &str, plural: &str, short: &str| {
            json!({"kind": kind, "listKind": format!("{kind}List"), "plural": plural,
                   "singular": kind.to_lowercase(), "shortNames": [short]})
        };
        let first = names_of("Foo", "foos", "f");
        let other = definition(first.clone(), first);
        let cases = [
            (names_of("Bar", "bars", "b"), true, "NoConflicts", "no conflicts found"),
            (names_of("Bar", "foos", "b"), false, "PluralConflict", "\"foos\" is already in use"),
            (names_of("Bar", "bars", "f"), false, "ShortNamesConflict", "\"f\" is already in use"),
            (
                json!({"kind": "Foo", "listKind": "Foos", "plural": "bars", "singular": "bar"}),
                false,
                "KindConflict",
                "\"Foo\" is already in use",
            ),
        ];
        for (wanted, holds, reason, message) in cases {
            let new = definition(wanted.clone(), json!({"kind": "", "plural": ""}));
            let told = names(&new, [&other, &new].into_iter()).unwrap();
            let accepted = &told.conditions[0];
            let said = (accepted.holds, accepted.reason, accepted.message.as_str());
            assert_eq!(said, (holds, reason, message));
            assert_eq!(told.names == wanted, holds);
        }
        assert_eq!(names(&other, [&other].into_iter()), None);
    }
}

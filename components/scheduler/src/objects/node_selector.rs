//! Which nodes a pod or a volume may be on, and which a pod prefers.
//!
//! Upstream: component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go.

use super::{items, labels, labels::Labels, number, text, texts};
use serde_json::Value;
use std::sync::Arc;

/// How a node's value relates to those that are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    Greater,
    Less,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

impl Requirement {
    fn read(value: &Value) -> Option<Self> {
        let operator = match text(value, "operator") {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            "Gt" => Operator::Greater,
            "Lt" => Operator::Less,
            _ => return None,
        };
        let (key, values) = (text(value, "key").to_owned(), texts(value, "values"));
        Some(Self { key, operator, values })
    }

    fn matches(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|one| one == value);
        let compared = || Some((value?.parse::<i64>().ok()?, self.values.first()?.parse().ok()?));
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Greater => compared().is_some_and(|(own, bound): (i64, i64)| own > bound),
            Operator::Less => compared().is_some_and(|(own, bound): (i64, i64)| own < bound),
        }
    }
}

/// One of several ways in which a node may fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    labels: Vec<Requirement>,
    fields: Vec<Requirement>,
    /// What it says cannot be understood: no node fits.
    malformed: bool,
}

impl Term {
    /// Reads `v1.NodeSelectorTerm`.
    pub fn read(value: &Value) -> Self {
        let all = |member: &str| -> Vec<Option<Requirement>> {
            items(value, member).map(Requirement::read).collect()
        };
        let (labels, fields) = (all("matchExpressions"), all("matchFields"));
        let malformed = labels.iter().chain(&fields).any(Option::is_none);
        let good = |all: Vec<Option<Requirement>>| all.into_iter().flatten().collect();
        Self { labels: good(labels), fields: good(fields), malformed }
    }

    /// Whether a node fits. A term that asks for nothing fits no node.
    pub fn matches(&self, name: &str, labels: &Labels) -> bool {
        let value = |key: &str| labels.get(key).map(String::as_str);
        let field = |key: &str| (key == "metadata.name").then_some(name);
        !(self.malformed || self.labels.is_empty() && self.fields.is_empty())
            && self.labels.iter().all(|one| one.matches(value(&one.key)))
            && self.fields.iter().all(|one| one.matches(field(&one.key)))
    }

    /// The nodes that its fields name, if they do.
    fn names(&self) -> Option<Vec<&str>> {
        let by_name = |one: &&Requirement| {
            one.key == "metadata.name" && one.operator == Operator::In && one.values.len() == 1
        };
        let named = self.fields.iter().find(by_name)?;
        Some(named.values.iter().map(String::as_str).collect())
    }
}

/// What nodes must be like. Two of the same text ask for the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Required {
    selector: Labels,
    /// None: any node; else one of these must fit.
    terms: Option<Vec<Term>>,
    text: Arc<str>,
}

impl Required {
    /// Reads a pod's node selector and node affinity; none where it has neither.
    pub fn of_pod(spec: &Value) -> Option<Self> {
        let affinity =
            &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        Self::read(&spec["nodeSelector"], affinity)
    }

    /// Reads a selector by labels, and a `v1.NodeSelector`.
    pub fn read(selector: &Value, affinity: &Value) -> Option<Self> {
        let labels = labels::read(selector);
        if labels.is_empty() && affinity.is_null() {
            return None;
        }
        let all = || items(affinity, "nodeSelectorTerms").map(Term::read).collect();
        let terms = (!affinity.is_null()).then(all);
        let text = format!("{selector}{affinity}").into();
        Some(Self { selector: labels, terms, text })
    }

    /// Whether a node may be chosen.
    pub fn matches(&self, name: &str, labels: &Labels) -> bool {
        self.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self
                .terms
                .as_ref()
                .is_none_or(|terms| terms.iter().any(|term| term.matches(name, labels)))
    }

    /// The only nodes that can fit, where every term names some.
    pub fn names(&self) -> Option<Vec<&str>> {
        let terms = self.terms.as_ref().filter(|terms| !terms.is_empty())?;
        let names: Option<Vec<_>> = terms.iter().map(Term::names).collect();
        Some(names?.concat())
    }

    /// What it says.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }
}

/// What nodes had better be like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Preferred {
    /// How much it counts.
    pub weight: i64,
    /// What is preferred.
    pub term: Term,
}

/// Reads a list of `v1.PreferredSchedulingTerm`.
pub fn preferred(list: &Value) -> Vec<Preferred> {
    let one = |value: &Value| Preferred {
        weight: number(value, "weight").unwrap_or(0).into(),
        term: Term::read(&value["preference"]),
    };
    let all: Vec<_> = list.as_array().into_iter().flatten().map(one).collect();
    all.into_iter().filter(|one| one.weight != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(spec: &Value) -> bool {
        let labels = labels::read(&json!({"zone": "a", "size": "5"}));
        Required::of_pod(spec).is_none_or(|required| required.matches("n1", &labels))
    }

    fn expression(key: &str, operator: &str, values: &[&str]) -> Value {
        json!({"key": key, "operator": operator, "values": values})
    }

    #[test]
    fn terms_are_alternatives_of_requirements_that_all_hold() {
        let zone = |value| json!({"matchExpressions": [expression("zone", "In", &[value])]});
        for (terms, expected) in [
            (json!([zone("a")]), true),
            (json!([zone("b")]), false),
            (json!([zone("b"), zone("a")]), true),
            (json!([]), false),
            (json!([{}]), false),
            (json!([{"matchExpressions": [expression("size", "Gt", &["4"])]}]), true),
            (json!([{"matchExpressions": [expression("size", "Lt", &["5"])]}]), false),
            (json!([{"matchExpressions": [expression("x", "NotIn", &["y"])]}]), true),
            (json!([{"matchFields": [expression("metadata.name", "In", &["n1"])]}]), true),
            (json!([{"matchFields": [expression("metadata.name", "NotIn", &["n1"])]}]), false),
            (json!([{"matchExpressions": [expression("zone", "Like", &["a"])]}]), false),
        ] {
            let spec = json!({"affinity": {"nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}});
            assert_eq!(fits(&spec), expected, "{spec}");
        }
        assert!(fits(&json!({"nodeSelector": {"zone": "a"}})));
        assert!(!fits(&json!({"nodeSelector": {"zone": "b"}})));
    }
}

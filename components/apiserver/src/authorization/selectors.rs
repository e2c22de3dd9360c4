//! Which of a collection's objects a request is about, as authorizers are told it.
//!
//! Upstream: apiserver/pkg/endpoints/filters/authorization.go,
//! pkg/registry/authorization/util/helpers.go, plugin/pkg/authorizer/webhook.

use crate::query::Query;
use api::selector::{FieldSelector, LabelSelector, Operator};
use serde_json::{Value, json};

/// What must hold of a field or a label.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Requirement {
    key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`.
    operator: &'static str,
    values: Vec<String>,
}

/// Requirements that all hold. What cannot be read demands nothing: a request that says less is
/// judged as one about more.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Selectors {
    fields: Vec<Requirement>,
    labels: Vec<Requirement>,
}

impl Selectors {
    /// Those of a request for a collection.
    pub(crate) fn of(query: &Query) -> Self {
        let text = |name: &str| query.get(name).unwrap_or_default();
        Self { fields: fields(text("fieldSelector")), labels: labels(text("labelSelector")) }
    }

    /// Those of a review's resource.
    pub(crate) fn of_review(resource: &Value) -> Self {
        let part = |name: &str, parse: fn(&str) -> Vec<Requirement>| {
            let selector = &resource[name];
            match selector["rawSelector"].as_str().unwrap_or_default() {
                "" => requirements(&selector["requirements"]),
                text => parse(text),
            }
        };
        Self { fields: part("fieldSelector", fields), labels: part("labelSelector", labels) }
    }

    /// Whether a field must have this value.
    pub(crate) fn requires(&self, field: &str, value: &str) -> bool {
        let is = |one: &Requirement| one.key == field && one.operator == "In";
        self.fields.iter().any(|one| is(one) && one.values == [value])
    }

    /// Adds them to a review's resource.
    pub(super) fn write(&self, resource: &mut Value) {
        for (name, list) in [("fieldSelector", &self.fields), ("labelSelector", &self.labels)] {
            if !list.is_empty() {
                let list: Vec<_> = list.iter().map(Requirement::json).collect();
                resource[name] = json!({"requirements": list});
            }
        }
    }
}

impl Requirement {
    fn json(&self) -> Value {
        let mut json = json!({"key": self.key, "operator": self.operator});
        if !self.values.is_empty() {
            json["values"] = json!(self.values);
        }
        json
    }
}

fn fields(text: &str) -> Vec<Requirement> {
    let terms = FieldSelector::parse(text).map(|it| it.terms).unwrap_or_default();
    let one = |term: api::selector::FieldTerm| Requirement {
        key: term.field,
        operator: if term.equal { "In" } else { "NotIn" },
        values: vec![term.value],
    };
    terms.into_iter().map(one).collect()
}

fn labels(text: &str) -> Vec<Requirement> {
    let Ok(selector) = LabelSelector::parse(text) else { return Vec::new() };
    let one = |requirement: &api::selector::Requirement| {
        let operator = match requirement.operator() {
            Operator::Equals | Operator::DoubleEquals | Operator::In => "In",
            Operator::NotEquals | Operator::NotIn => "NotIn",
            Operator::Exists => "Exists",
            Operator::DoesNotExist => "DoesNotExist",
            // Reviews have no words for them.
            Operator::GreaterThan | Operator::LessThan => return None,
        };
        let values = requirement.values().map(str::to_owned).collect();
        Some(Requirement { key: requirement.key().to_owned(), operator, values })
    };
    selector.requirements().iter().filter_map(one).collect()
}

fn requirements(list: &Value) -> Vec<Requirement> {
    let one = |item: &Value| {
        let known = ["In", "NotIn", "Exists", "DoesNotExist"];
        let operator = known.into_iter().find(|one| item["operator"] == *one)?;
        let values = item["values"].as_array().into_iter().flatten();
        Some(Requirement {
            key: item["key"].as_str()?.to_owned(),
            operator,
            values: values.filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    };
    list.as_array().into_iter().flatten().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_become_requirements() {
        let query = "fieldSelector=spec.nodeName%3Dn,a!%3Db&labelSelector=x%20in%20(y,z),!w,v%3E1";
        let selectors = Selectors::of(&Query::parse(query));
        assert!(selectors.requires("spec.nodeName", "n") && !selectors.requires("a", "b"));
        let mut resource = json!({});
        selectors.write(&mut resource);
        assert_eq!(
            resource,
            json!({
                "fieldSelector": {"requirements": [
                    {"key": "a", "operator": "NotIn", "values": ["b"]},
                    {"key": "spec.nodeName", "operator": "In", "values": ["n"]},
                ]},
                "labelSelector": {"requirements": [
                    {"key": "w", "operator": "DoesNotExist"},
                    {"key": "x", "operator": "In", "values": ["y", "z"]},
                ]},
            })
        );
        assert_eq!(Selectors::of_review(&resource), selectors);
        let raw = json!({"fieldSelector": {"rawSelector": "spec.nodeName=n"}});
        assert!(Selectors::of_review(&raw).requires("spec.nodeName", "n"));
        assert_eq!(Selectors::of(&Query::parse("fieldSelector=a")), Selectors::default());
    }
}

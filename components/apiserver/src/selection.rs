//! Which objects of a collection a client asks for: by labels and by fields.
//!
//! Upstream: apimachinery/pkg/labels and pkg/fields; each kind's SelectableFields.

use crate::{cache::Entry, failure::Failure, labels::Labels};
use serde_json::Value;

/// What objects must be like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    labels: Labels,
    fields: Vec<FieldTerm>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct FieldTerm {
    /// A JSON pointer.
    pointer: String,
    equal: bool,
    value: String,
}

/// Fields that objects of a resource can be selected by, beside their name and namespace.
const FIELDS: [(&str, &str, &[&str]); 9] = [
    (
        "",
        "pods",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    (
        "",
        "events",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
    ),
    ("", "nodes", &["spec.unschedulable"]),
    ("", "namespaces", &["status.phase"]),
    ("", "secrets", &["type"]),
    ("", "services", &["spec.clusterIP", "spec.type"]),
    ("", "replicationcontrollers", &["status.replicas"]),
    ("apps", "replicasets", &["status.replicas"]),
    ("batch", "jobs", &["status.successful"]),
];

impl Selection {
    /// Reads both selectors of a request.
    ///
    /// # Errors
    /// A selector cannot be read, or names a field that the resource cannot be selected by.
    pub(crate) fn parse(
        group: &str,
        plural: &str,
        labels: Option<&str>,
        fields: Option<&str>,
    ) -> Result<Self, Failure> {
        let labels = Labels::parse(labels.unwrap_or_default())
            .map_err(|why| Failure::bad_request(format!("unable to parse requirement: {why}")))?;
        let terms = fields.unwrap_or_default().split(',').map(str::trim);
        let fields = terms
            .filter(|term| !term.is_empty())
            .map(|term| FieldTerm::parse(group, plural, term))
            .collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// Whether it takes all objects.
    pub(crate) fn is_all(&self) -> bool {
        self.labels.is_all() && self.fields.is_empty()
    }

    pub(crate) fn takes(&self, entry: &Entry) -> bool {
        self.labels.takes(&entry.labels) && self.fields.iter().all(|term| term.holds(entry.value()))
    }
}

impl FieldTerm {
    fn parse(group: &str, plural: &str, term: &str) -> Result<Self, Failure> {
        let parts = term
            .split_once("!=")
            .map(|(field, value)| (field, false, value))
            .or_else(|| term.split_once("==").map(|(field, value)| (field, true, value)))
            .or_else(|| term.split_once('=').map(|(field, value)| (field, true, value)));
        let Some((field, equal, value)) = parts else {
            return Err(Failure::bad_request(format!(
                "invalid selector: {term:?}; can't understand {term:?}"
            )));
        };
        let known = FIELDS.iter().find(|(g, p, _)| *g == group && *p == plural);
        let known = known.is_some_and(|(_, _, fields)| fields.contains(&field));
        if !known && !matches!(field, "metadata.name" | "metadata.namespace") {
            return Err(Failure::bad_request(format!("field label not supported: {field}")));
        }
        let pointer = format!("/{}", field.replace('.', "/"));
        Ok(Self { pointer, equal, value: value.to_owned() })
    }

    fn holds(&self, object: &Value) -> bool {
        let is = match object.pointer(&self.pointer) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        // A flag that is not set is false.
        let unset = is.is_empty() && self.value == "false";
        (is == self.value || unset) == self.equal
    }
}

//! Which objects of a collection a client asks for: by labels and by fields.
//!
//! Upstream: apimachinery/pkg/labels and pkg/fields; each kind's SelectableFields.

use crate::{cache::Entry, failure::Failure};
use api::selector::{FieldSelector, LabelSelector};
use serde_json::Value;

/// What objects must be like.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Default for Selection {
    /// All objects.
    fn default() -> Self {
        Self { labels: LabelSelector::everything(), fields: FieldSelector::default() }
    }
}

/// Fields that objects of a resource can be selected by, beside their name and namespace.
const FIELDS: [(&str, &str, &[&str]); 10] = [
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
    ("certificates.k8s.io", "certificatesigningrequests", &["spec.signerName"]),
];

/// `plain`: objects have no fields of their own to be selected by.
fn unsupported(field: &str, plain: bool) -> String {
    match plain {
        true => format!(
            "{field:?} is not a known field selector: only \"metadata.name\", \
             \"metadata.namespace\""
        ),
        false => format!("field label not supported: {field}"),
    }
}

impl Selection {
    /// Reads both selectors of a request; `more` are fields that a definition names, where there is
    /// one.
    ///
    /// # Errors
    /// A selector cannot be read, or names a field that the resource cannot be selected by.
    pub(crate) fn parse(
        group: &str,
        plural: &str,
        labels: Option<&str>,
        fields: Option<&str>,
        more: Option<&[String]>,
    ) -> Result<Self, Failure> {
        let labels = LabelSelector::parse(labels.unwrap_or_default())
            .map_err(|error| Failure::bad_request(error.to_string()))?;
        let mut fields = FieldSelector::parse(fields.unwrap_or_default())
            .map_err(|error| Failure::bad_request(error.to_string()))?;
        if group == "events.k8s.io" {
            fields.terms.iter_mut().for_each(|term| term.field = stored_name(&term.field));
        }
        let group = if plural == "events" { "" } else { group };
        let known = FIELDS.iter().find(|(g, p, _)| *g == group && *p == plural);
        let known = known.map_or(&[][..], |(_, _, fields)| fields);
        for term in &fields.terms {
            let field = term.field.as_str();
            let defined = more.is_some_and(|more| more.iter().any(|one| one == field));
            if !known.contains(&field)
                && !defined
                && !matches!(field, "metadata.name" | "metadata.namespace")
            {
                let plain = more.is_none() && known.is_empty();
                return Err(Failure::bad_request(unsupported(field, plain)));
            }
        }
        Ok(Self { labels, fields })
    }

    /// Whether it takes all objects.
    pub(crate) fn is_all(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }

    pub(crate) fn takes(&self, entry: &Entry) -> bool {
        self.labels.matches(&entry.labels)
            && (self.fields.is_everything()
                || self
                    .fields
                    .terms
                    .iter()
                    .all(|term| (text(entry.value(), &term.field) == term.value) == term.equal))
    }
}

/// A field of `events.k8s.io`, by the name in the core group, in which events are stored.
fn stored_name(field: &str) -> String {
    match field.split_once('.') {
        Some(("regarding", rest)) => format!("involvedObject.{rest}"),
        None if field == "reportingController" => "reportingComponent".into(),
        _ => field.to_owned(),
    }
}

/// What a field says, as text; a flag that is not set is false.
fn text(object: &Value, field: &str) -> String {
    match object.pointer(&format!("/{}", field.replace('.', "/"))) {
        None | Some(Value::Null) if FLAGS.contains(&field) => "false".into(),
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Fields that are true or false.
const FLAGS: [&str; 2] = ["spec.unschedulable", "spec.hostNetwork"];

//! Objects in the form that a client asked for: whole, as rows of a table, or their metadata alone.
//!
//! Upstream: apiserver/pkg/endpoints/handlers/response.go.

use super::{
    Asked, Server, answer,
    negotiation::{self, Form, Include},
};
use crate::{failure::Failure, registry::Listed};
use api::{printing, resources::Resource, time::Moment};
use bytes::Bytes;
use host::{Host, Timestamp};
use serde_json::{Map, Value, json};

/// Where tables and metadata alone are defined.
const META: &str = "meta.k8s.io/v1";

impl Asked {
    /// The form that the client likes best.
    ///
    /// # Errors
    /// There is none, or what it wants in its rows is unknown.
    pub(super) fn form(&self) -> Result<Form, Failure> {
        let form = negotiation::form(self.accept())?;
        let Form::Table(_) = form else { return Ok(form) };
        let include = match self.query.get("includeObject").unwrap_or_default() {
            "" | "Metadata" => Include::Metadata,
            "None" => Include::None,
            "Object" => Include::Object,
            other => {
                let why = format!("unrecognized includeObject value: {other:?}");
                return Err(Failure::bad_request(why));
            }
        };
        Ok(Form::Table(include))
    }
}

/// How objects of a resource are presented to a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presenter<'a> {
    resource: &'a Resource,
    form: Form,
    /// Ages are counted to it.
    now: Moment,
}

impl Server {
    pub(super) fn presenter<'a>(&self, resource: &'a Resource, form: Form) -> Presenter<'a> {
        Presenter::new(&self.host, resource, form)
    }
}

impl<'a> Presenter<'a> {
    pub(super) fn new(host: &Host, resource: &'a Resource, form: Form) -> Self {
        Self { resource, form, now: moment(host.clock.wall()) }
    }

    /// One object. Of a watch's tables only the first tells its columns.
    pub(super) fn one(&self, object: Bytes, with_columns: bool) -> Bytes {
        match self.form {
            Form::Whole | Form::Binary | Form::Yaml => object,
            Form::Metadata => partial(&mut parsed(&object)).to_string().into(),
            Form::Table(include) => {
                let object = parsed(&object);
                let mut metadata = Map::new();
                if let Some(revision) = object["metadata"].get("resourceVersion") {
                    metadata.insert("resourceVersion".into(), revision.clone());
                }
                let columns = if with_columns { self.columns() } else { Value::Null };
                let rows = vec![self.row(object, include)];
                table(metadata.into(), columns, rows).to_string().into()
            }
        }
    }

    /// A collection.
    pub(super) fn list(&self, listed: &Listed) -> Bytes {
        match self.form {
            Form::Whole | Form::Binary | Form::Yaml => answer::list(self.resource, listed),
            _ => {
                let objects = listed.entries.iter().map(|entry| parsed(entry.served()));
                self.values(answer::list_metadata(listed), objects)
            }
        }
    }

    /// A collection of objects that are kept nowhere.
    pub(super) fn values(
        &self,
        metadata: Value,
        objects: impl IntoIterator<Item = Value>,
    ) -> Bytes {
        let objects = objects.into_iter();
        let list = |kind: String, version: String, items: Vec<Value>| json!({"kind": kind, "apiVersion": version, "metadata": metadata, "items": items});
        let kind = &self.resource.kind;
        let document = match self.form {
            Form::Whole | Form::Binary | Form::Yaml => {
                list(format!("{}List", kind.kind), kind.api_version(), objects.collect())
            }
            Form::Metadata => {
                let items = objects.map(|mut object| partial(&mut object)).collect();
                list("PartialObjectMetadataList".into(), META.into(), items)
            }
            Form::Table(include) => {
                let rows = objects.map(|object| self.row(object, include)).collect();
                table(metadata.clone(), self.columns(), rows)
            }
        };
        document.to_string().into()
    }

    fn columns(&self) -> Value {
        let columns = self.resource.columns.iter();
        let one = |it: &api::resources::Column| {
            json!({
                "name": it.name, "type": it.kind, "format": it.format,
                "description": "", "priority": it.priority,
            })
        };
        columns.map(one).collect()
    }

    fn row(&self, mut object: Value, include: Include) -> Value {
        let printed = match &self.resource.custom {
            Some(custom) => custom.row(&object, self.now),
            None => printing::row(&self.resource.kind, &object, self.now),
        };
        let conditions = printed.conditions();
        let mut row = json!({
            "cells": printed.cells,
            "object": match include {
                Include::None => Value::Null,
                Include::Metadata => partial(&mut object),
                Include::Object => object,
            },
        });
        if !conditions.is_empty() {
            row["conditions"] = conditions.into();
        }
        row
    }
}

/// What cannot be parsed has no fields.
fn parsed(object: &[u8]) -> Value {
    serde_json::from_slice(object).unwrap_or_default()
}

/// `PartialObjectMetadata`; takes the object's metadata.
fn partial(object: &mut Value) -> Value {
    let metadata = object.get_mut("metadata").map_or_else(|| json!({}), Value::take);
    json!({"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": metadata})
}

fn table(metadata: Value, columns: Value, rows: Vec<Value>) -> Value {
    json!({
        "kind": "Table", "apiVersion": META, "metadata": metadata,
        "columnDefinitions": columns, "rows": rows,
    })
}

fn moment(wall: Timestamp) -> Moment {
    let seconds = i64::try_from(wall.seconds()).unwrap_or(i64::MAX);
    let nanos = u32::try_from(wall.0 % 1_000_000_000).unwrap_or_default();
    Moment { seconds, nanos }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a",
        "resourceVersion":"7","creationTimestamp":"2026-01-01T11:59:00Z"},"data":{"k":"v"}}"#;

    fn shown(form: Form, with_columns: bool) -> Value {
        let resources = api::resources::built_in();
        let resource = resources.iter().find(|one| one.plural == "configmaps").unwrap();
        let now = Moment::parse("2026-01-01T12:00:00Z").unwrap();
        let presenter = Presenter { resource, form, now };
        parsed(&presenter.one(Bytes::from_static(OBJECT.as_bytes()), with_columns))
    }

    #[test]
    fn a_table_has_a_row_with_what_is_asked_for() {
        let metadata = &parsed(OBJECT.as_bytes())["metadata"];
        let partial = json!({
            "kind": "PartialObjectMetadata", "apiVersion": META, "metadata": metadata,
        });
        let cases = [
            (Include::None, Value::Null),
            (Include::Metadata, partial.clone()),
            (Include::Object, parsed(OBJECT.as_bytes())),
        ];
        for (include, object) in cases {
            let table = shown(Form::Table(include), true);
            assert_eq!(table["metadata"], json!({"resourceVersion": "7"}));
            assert_eq!(table["columnDefinitions"].as_array().map(Vec::len), Some(3));
            assert_eq!(table["rows"], json!([{"cells": ["a", 1, "60s"], "object": object}]));
        }
        assert_eq!(shown(Form::Metadata, true), partial);
        assert_eq!(shown(Form::Table(Include::None), false)["columnDefinitions"], Value::Null);
        assert_eq!(shown(Form::Whole, true), parsed(OBJECT.as_bytes()));
    }
}

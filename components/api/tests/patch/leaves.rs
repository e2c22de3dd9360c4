//! An object as a flat map of its leaves: the model that server-side apply is held against.

use api::{
    patch::fields::{Element, Path, Scalar},
    schema::{ListKind, Owned, Schemas, Shape},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// The leaves of an object. What is empty, and not atomic, has none.
pub(crate) fn leaves(schemas: &Schemas, shape: &Shape, object: &Value) -> BTreeMap<Path, Value> {
    let mut found = BTreeMap::new();
    collect(schemas, shape, object, &mut Vec::new(), &mut found);
    found
}

fn collect(
    schemas: &Schemas,
    shape: &Shape,
    value: &Value,
    path: &mut Vec<Element>,
    found: &mut BTreeMap<Path, Value>,
) {
    match (shape, value) {
        (Shape::Object(_, Owned::Atomic) | Shape::Map(_, Owned::Atomic), _)
        | (Shape::List(_, ListKind::Atomic), _) => {
            found.insert(Path(path.clone()), value.clone());
        }
        (Shape::Object(..) | Shape::Map(..) | Shape::Json, Value::Object(fields)) => {
            for (name, value) in fields {
                path.push(Element::field(name));
                collect(schemas, field(schemas, shape, name), value, path, found);
                path.pop();
            }
        }
        (Shape::List(item, kind), Value::Array(items)) => {
            for value in items {
                path.push(element(schemas, item, kind, value));
                collect(schemas, item, value, path, found);
                path.pop();
            }
        }
        _ => {
            found.insert(Path(path.clone()), value.clone());
        }
    }
}

fn field<'a>(schemas: &'a Schemas, shape: &'a Shape, name: &str) -> &'a Shape {
    match shape {
        Shape::Object(kind, _) => &schemas.at(*kind).field(name).expect("a field").shape,
        Shape::Map(value, _) => value,
        other => other,
    }
}

fn element(schemas: &Schemas, item: &Shape, kind: &ListKind, value: &Value) -> Element {
    let (ListKind::Map(keys), Shape::Object(id, _)) = (kind, item) else {
        return Element::Value(Scalar(value.clone()));
    };
    let of = |key: &String| {
        let default = || schemas.at(*id).field(key)?.default.clone();
        let value = value.get(key).cloned().or_else(default).expect("a key");
        (key.clone(), Scalar(value))
    };
    Element::Key(keys.iter().map(of).collect())
}

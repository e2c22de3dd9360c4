//! A structural schema as [`Type`]s, by which applies divide an object's fields among managers.
//!
//! Upstream: apiextensions-apiserver's pkg/controller/openapi/builder (what a resource has beside its
//! schema) and kube-openapi's pkg/schemaconv.

use super::{Structural, embedded::METADATA, prune::IDENTITY};
use crate::schema::{Field, GroupVersionKind, ListKind, Owned, Schemas, Shape, Type, TypeId};
use std::collections::BTreeMap;

/// Types of several versions of a kind, which share those of metadata.
#[derive(Debug)]
pub struct Types {
    types: Vec<Type>,
    metadata: Option<TypeId>,
}

impl Types {
    /// Begins with metadata's types, taken from the built-in ones.
    pub fn new(built_in: &Schemas) -> Self {
        let mut types = Self { types: Vec::new(), metadata: None };
        types.metadata = types.copy(built_in, METADATA);
        types
    }

    /// Adds a version of a kind.
    pub fn add(&mut self, kind: GroupVersionKind, schema: &Structural) {
        let name = format!("{}.{}.{}", kind.group, kind.version, kind.kind);
        let id = self.object(name, schema, true);
        self.types[id.0 as usize].kinds.push(kind);
    }

    /// All that were added.
    pub fn finish(self) -> Schemas {
        Schemas::new(self.types)
    }

    /// Copies a type and those that it names.
    fn copy(&mut self, from: &Schemas, name: &str) -> Option<TypeId> {
        let mut places: BTreeMap<TypeId, TypeId> = BTreeMap::new();
        let first = from.named(name)?;
        let mut todo = vec![first];
        while let Some(id) = todo.pop() {
            if places.contains_key(&id) {
                continue;
            }
            places.insert(id, self.place(from.at(id).clone()));
            for field in &from.at(id).fields {
                todo.extend(object_in(&field.shape));
            }
        }
        for place in places.values() {
            for field in &mut self.types[place.0 as usize].fields {
                renumber(&mut field.shape, &places);
            }
        }
        places.get(&first).copied()
    }

    fn place(&mut self, one: Type) -> TypeId {
        let id = TypeId(u32::try_from(self.types.len()).unwrap_or(u32::MAX));
        self.types.push(one);
        id
    }

    fn object(&mut self, name: String, schema: &Structural, resource: bool) -> TypeId {
        let mut fields = Vec::new();
        for (field, property) in &schema.properties {
            if !(resource && IDENTITY.contains(&field.as_str())) {
                let shape = self.shape(&format!("{name}.{field}"), property);
                fields.push(Field::new(field, shape));
            }
        }
        if resource {
            fields.push(Field::new("apiVersion", Shape::Text));
            fields.push(Field::new("kind", Shape::Text));
            let metadata =
                self.metadata.map_or(Shape::Json, |id| Shape::Object(id, Owned::Granular));
            fields.push(Field::new("metadata", metadata));
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        let others = schema.preserve.then_some(Shape::Json);
        self.place(Type { name, fields, kinds: Vec::new(), owned: owned(schema), others })
    }

    fn shape(&mut self, name: &str, schema: &Structural) -> Shape {
        if schema.int_or_string {
            return Shape::IntOrString;
        }
        match schema.kind.as_str() {
            "string" => Shape::Text,
            "boolean" => Shape::Bool,
            "integer" => Shape::Int64,
            "number" => Shape::Double,
            "array" => {
                let item = schema.items.as_deref();
                let item = item.map_or(Shape::Json, |item| self.shape(&format!("{name}[]"), item));
                Shape::List(Box::new(item), schema.list.clone().unwrap_or(ListKind::Atomic))
            }
            "object" if schema.embedded || !schema.properties.is_empty() => {
                let id = self.object(name.to_owned(), schema, schema.embedded);
                Shape::Object(id, owned(schema))
            }
            "object" => {
                let value = schema.additional_schema();
                let value =
                    value.map_or(Shape::Json, |value| self.shape(&format!("{name}{{}}"), value));
                Shape::Map(Box::new(value), owned(schema))
            }
            _ => Shape::Json,
        }
    }
}

fn owned(schema: &Structural) -> Owned {
    if schema.atomic { Owned::Atomic } else { Owned::Granular }
}

/// The type of objects in a shape.
fn object_in(shape: &Shape) -> Option<TypeId> {
    match shape {
        Shape::Object(id, _) => Some(*id),
        Shape::List(inner, _) | Shape::Map(inner, _) => object_in(inner),
        _ => None,
    }
}

fn renumber(shape: &mut Shape, places: &BTreeMap<TypeId, TypeId>) {
    match shape {
        Shape::Object(id, _) => {
            if let Some(place) = places.get(id) {
                *id = *place;
            }
        }
        Shape::List(inner, _) | Shape::Map(inner, _) => renumber(inner, places),
        _ => {}
    }
}

//! What an object gets that its client left out.
//!
//! Upstream: the `SetDefaults_…` functions of `pkg/apis/*/v1/defaults.go` and what OpenAPI calls
//! defaults. As there, a rule belongs to a type and holds wherever the type occurs; outer types come
//! before those inside them. Rules of one value stand in `tables/defaults.txt`, the others in a file
//! a group. What needs a clock, a registry or other objects is none of this.

mod apps;
mod autoscaling;
mod batch;
mod core_v1;
mod pod_resources;
mod small_groups;

use crate::schema::{Field, Schemas, Shape, Type, TypeId, Zero, is_zero};
use serde_json::{Map, Value};

type Object = Map<String, Value>;
/// A rule that looks at more than one field.
type Special = fn(&mut Object);

/// The special rules of a group, by the ends of types' names.
type Specials = &'static [(&'static str, Special)];

const GROUPS: [Specials; 5] = [
    apps::SPECIALS,
    autoscaling::SPECIALS,
    batch::SPECIALS,
    core_v1::SPECIALS,
    small_groups::SPECIALS,
];

/// All rules, by type.
#[derive(Debug)]
pub struct Defaults {
    rules: Vec<Rules>,
}

#[derive(Clone, Debug, Default)]
struct Rules {
    /// Places of fields in the type, with what they get.
    values: Vec<(usize, Value)>,
    special: Option<Special>,
    /// Places of fields that are lists of resources.
    resources: Vec<usize>,
    /// Whether the type, or anything inside it, has a rule.
    concerned: bool,
}

impl Defaults {
    /// Upstream's rules for the built-in types.
    pub fn built_in(schemas: &Schemas) -> Self {
        let mut rules = vec![Rules::default(); schemas.types().len()];
        for (kind, rule) in schemas.types().iter().zip(&mut rules) {
            let stated = kind.fields.iter().enumerate();
            let stated = stated.filter_map(|(at, field)| Some((at, field.default.clone()?)));
            rule.values.extend(stated.filter(|(at, value)| {
                // An empty default of a field that loses empty values says nothing.
                !is_zero(value) || kind.fields[*at].zero == Zero::Kept
            }));
        }
        for line in include_str!("../tables/defaults.txt").lines() {
            let Some((place, value)) = line.split_once(" = ") else { continue };
            let (kind, field) = place.rsplit_once('.').expect("a test reads the same table");
            let id = find(schemas, kind);
            let fields = &schemas.at(id).fields;
            let at = fields.iter().position(|it| it.name == field).expect("a test reads it too");
            let value = serde_json::from_str(value).expect("a test reads it too");
            rules[id.0 as usize].values.push((at, value));
        }
        for (kind, special) in GROUPS.iter().copied().flatten() {
            rules[find(schemas, kind).0 as usize].special = Some(*special);
        }
        for (kind, rule) in schemas.types().iter().zip(&mut rules) {
            rule.resources = resource_lists(kind);
        }
        mark(schemas, &mut rules);
        Self { rules }
    }

    /// Fills an object of a type. Doing it twice changes nothing.
    pub fn apply(&self, schemas: &Schemas, id: TypeId, object: &mut Object) {
        let (rules, kind) = (&self.rules[id.0 as usize], schemas.at(id));
        for (at, value) in &rules.values {
            let field = &kind.fields[*at];
            if lacks(object, field) {
                object.insert(field.name.clone(), value.clone());
            }
        }
        if let Some(special) = rules.special {
            special(object);
        }
        for at in &rules.resources {
            let list = inner(object, &kind.fields[*at].name);
            list.into_iter().flat_map(Object::values_mut).for_each(pod_resources::round_up);
        }
        let inner = kind.fields.iter().filter(|field| self.concerns(&field.shape));
        for field in inner {
            self.field(schemas, field, object);
        }
    }

    fn field(&self, schemas: &Schemas, field: &Field, object: &mut Object) {
        if let Some(value) = object.get_mut(&field.name) {
            self.inside(schemas, &field.shape, value);
            return;
        }
        // A struct is there even where the client left it out.
        let Shape::Object(id, _) = field.shape else { return };
        if field.zero == Zero::Written {
            let mut inner = Object::new();
            self.apply(schemas, id, &mut inner);
            if !inner.is_empty() {
                object.insert(field.name.clone(), Value::Object(inner));
            }
        }
    }

    fn inside(&self, schemas: &Schemas, shape: &Shape, value: &mut Value) {
        match (shape, value) {
            (Shape::Object(id, _), Value::Object(object)) => self.apply(schemas, *id, object),
            (Shape::Map(shape, _), Value::Object(map)) => {
                map.values_mut().for_each(|value| self.inside(schemas, shape, value));
            }
            (Shape::List(shape, _), Value::Array(list)) => {
                list.iter_mut().for_each(|value| self.inside(schemas, shape, value));
            }
            _ => {}
        }
    }

    fn concerns(&self, shape: &Shape) -> bool {
        target(shape).is_some_and(|id| self.rules[id.0 as usize].concerned)
    }
}

/// Where `core/v1` calls a map of amounts a list of resources. What devices offer is none.
fn resource_lists(kind: &Type) -> Vec<usize> {
    let listed = |field: &Field| match &field.shape {
        Shape::Map(value, _) => **value == Shape::Quantity,
        _ => false,
    };
    if kind.name.starts_with("io.k8s.api.resource.") {
        return Vec::new();
    }
    let fields = kind.fields.iter().enumerate();
    fields.filter(|(_, field)| listed(field)).map(|(at, _)| at).collect()
}

/// The type inside a shape.
fn target(shape: &Shape) -> Option<TypeId> {
    match shape {
        Shape::Object(id, _) => Some(*id),
        Shape::Map(inner, _) | Shape::List(inner, _) => target(inner),
        _ => None,
    }
}

/// Types refer to each other in circles, hence until nothing changes any more.
fn mark(schemas: &Schemas, rules: &mut [Rules]) {
    for rule in rules.iter_mut() {
        rule.concerned =
            !rule.values.is_empty() || rule.special.is_some() || !rule.resources.is_empty();
    }
    loop {
        let mut changed = false;
        for (at, kind) in schemas.types().iter().enumerate() {
            let mut inner = kind.fields.iter().filter_map(|field| target(&field.shape));
            if !rules[at].concerned && inner.any(|id| rules[id.0 as usize].concerned) {
                (rules[at].concerned, changed) = (true, true);
            }
        }
        if !changed {
            return;
        }
    }
}

/// A type by the end of its name, `core.v1.Pod`.
fn find(schemas: &Schemas, end: &str) -> TypeId {
    let end = format!(".{end}");
    let place = schemas.types().iter().position(|kind| kind.name.ends_with(&end));
    let name = place.map(|place| schemas.types()[place].name.as_str());
    let id = name.and_then(|name| schemas.named(name));
    id.unwrap_or_else(|| panic!("no type {end}: a test reads the same tables"))
}

/// Whether a field has nothing in it that its type could tell from nothing.
fn lacks(object: &Object, field: &Field) -> bool {
    object.get(&field.name).is_none_or(|value| field.zero != Zero::Kept && is_zero(value))
}

/// A field's text, empty where there is none.
fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Sets a field that is not there.
fn fill(object: &mut Object, name: &str, value: impl Into<Value>) {
    if object.get(name).is_none_or(Value::is_null) {
        object.insert(name.to_owned(), value.into());
    }
}

/// The object in a field, where there is one.
fn inner<'a>(object: &'a mut Object, name: &str) -> Option<&'a mut Object> {
    object.get_mut(name)?.as_object_mut()
}

/// The object in a field, made where there is none.
fn made<'a>(object: &'a mut Object, name: &str) -> Option<&'a mut Object> {
    fill(object, name, Object::new());
    inner(object, name)
}

/// The objects in a list.
fn each<'a>(object: &'a mut Object, name: &str) -> impl Iterator<Item = &'a mut Object> {
    let list = object.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten();
    list.filter_map(Value::as_object_mut)
}

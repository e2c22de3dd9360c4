//! An object that is right, changed at one place.

use api::{
    defaults::Defaults,
    schema::{GroupVersionKind, Schemas},
    validation::validate,
};
use serde_json::{Map, Value};

/// A change of a right object, and all that is wrong then. A text that ends with `…` is the
/// beginning of what is said.
pub(crate) type Case = (&'static str, Value, &'static [&'static str]);

/// A kind's objects.
pub(crate) struct Objects {
    kind: GroupVersionKind,
    schemas: Schemas,
    defaults: Defaults,
    right: Value,
}

impl Objects {
    /// Objects like this one, which has nothing wrong with it.
    pub(crate) fn like(right: Value) -> Self {
        let version = right["apiVersion"].as_str().expect("a version");
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = GroupVersionKind {
            group: group.into(),
            version: version.into(),
            kind: right["kind"].as_str().expect("a kind").into(),
        };
        let schemas = Schemas::built_in();
        let defaults = Defaults::built_in(&schemas);
        let objects = Self { kind, schemas, defaults, right };
        assert_eq!(objects.errors("", &objects.right, None), [""; 0], "{}", objects.right);
        objects
    }

    /// The object with the defaults of its kind.
    fn filled(&self, object: &Value) -> Value {
        let id = self.schemas.of(&self.kind).expect("a known kind");
        let mut object = object.as_object().expect("an object").clone();
        self.defaults.apply(&self.schemas, id, &mut object);
        object.into()
    }

    fn errors(&self, part: &str, new: &Value, old: Option<&Value>) -> Vec<String> {
        let old = old.map(|old| self.filled(old));
        let errors = validate(&self.kind, part, &self.filled(new), old.as_ref());
        errors.iter().map(ToString::to_string).collect()
    }

    /// New objects with one change each.
    pub(crate) fn born(&self, cases: &[Case]) {
        let wrong = cases.iter().filter_map(|(place, value, expected)| {
            let errors = self.errors("", &with(&self.right, place, value), None);
            difference(&errors, expected, &format!("{place} = {value}"))
        });
        let wrong: Vec<_> = wrong.collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Changes of the object, through a subresource or not.
    pub(crate) fn changed(&self, part: &str, cases: &[Case]) {
        assert_eq!(self.errors(part, &self.right, Some(&self.right)), [""; 0]);
        let wrong = cases.iter().filter_map(|(place, value, expected)| {
            let errors = self.errors(part, &with(&self.right, place, value), Some(&self.right));
            difference(&errors, expected, &format!("{part} {place} = {value}"))
        });
        let wrong: Vec<_> = wrong.collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// What was said, where it is not what was expected.
fn difference(errors: &[String], expected: &[&str], case: &str) -> Option<String> {
    let same = |(error, expected): (&String, &&str)| match expected.strip_suffix('…') {
        Some(beginning) => error.starts_with(beginning),
        None => error == expected,
    };
    let right = errors.len() == expected.len() && errors.iter().zip(expected).all(same);
    (!right).then(|| format!("{case}:\n  said     {errors:#?}\n  expected {expected:#?}"))
}

/// A copy with another value at `/spec/containers/0/name`; null takes the member away.
fn with(object: &Value, place: &str, value: &Value) -> Value {
    let mut object = object.clone();
    let (parent, name) = place.rsplit_once('/').expect("a pointer");
    let parent = made(&mut object, parent);
    match (parent, value) {
        (Value::Object(members), Value::Null) => _ = members.remove(&name.replace("~1", "/")),
        (Value::Object(members), value) => {
            members.insert(name.replace("~1", "/"), value.clone());
        }
        (Value::Array(list), value) => match name.parse::<usize>() {
            Ok(at) if at < list.len() => list[at] = value.clone(),
            _ => list.push(value.clone()),
        },
        (other, _) => panic!("{place}: {other} has no members"),
    }
    object
}

/// The object at a place, made where there is none.
fn made<'a>(object: &'a mut Value, place: &str) -> &'a mut Value {
    place.split('/').skip(1).fold(object, |object, name| match object {
        Value::Array(list) => &mut list[name.parse::<usize>().expect("an index")],
        Value::Object(members) => {
            members.entry(name.replace("~1", "/")).or_insert_with(|| Map::new().into())
        }
        other => panic!("{place}: {other} has no members"),
    })
}

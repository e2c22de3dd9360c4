//! The other half of strategic merge patch, as kubectl computes it: what leads from one object to
//! another.

use api::schema::{PatchStrategy, Schemas, Shape};
use serde_json::{Map, Value, json};

/// A patch that makes `new` of `old`, both of that shape.
pub(crate) fn difference(schemas: &Schemas, shape: &Shape, old: &Value, new: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return new.clone() };
    let mut patch = Map::new();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, new) in new.iter().filter(|(name, new)| old.get(*name) != Some(new)) {
        let (shape, strategy) = field(schemas, shape, name);
        match (old.get(name), new) {
            (Some(old @ Value::Object(_)), Value::Object(_)) if !strategy.replace => {
                patch.insert(name.clone(), difference(schemas, shape, old, new));
            }
            (Some(Value::Array(old)), Value::Array(new)) if strategy.merge => {
                lists(schemas, shape, &strategy, name, (old, new), &mut patch);
            }
            _ => {
                patch.insert(name.clone(), new.clone());
            }
        }
    }
    Value::Object(patch)
}

fn field<'a>(schemas: &'a Schemas, shape: &'a Shape, name: &str) -> (&'a Shape, PatchStrategy) {
    match shape {
        Shape::Object(kind, _) => {
            let field = schemas.at(*kind).field(name).expect("a field of the type");
            (&field.shape, field.patch.clone())
        }
        Shape::Map(value, _) => (value, PatchStrategy::default()),
        other => (other, PatchStrategy::default()),
    }
}

fn lists(
    schemas: &Schemas,
    shape: &Shape,
    strategy: &PatchStrategy,
    name: &str,
    (old, new): (&[Value], &[Value]),
    patch: &mut Map<String, Value>,
) {
    let Shape::List(item, _) = shape else { unreachable!("{name} is a list") };
    let Some(key) = &strategy.merge_key else {
        let added: Vec<_> = new.iter().filter(|it| !old.contains(it)).collect();
        let gone: Vec<_> = old.iter().filter(|it| !new.contains(it)).collect();
        patch.insert(name.to_owned(), json!(added));
        patch.insert(format!("$deleteFromPrimitiveList/{name}"), json!(gone));
        patch.insert(format!("$setElementOrder/{name}"), json!(new));
        return;
    };
    let find =
        |list: &[Value], wanted: &Value| list.iter().find(|item| item[key] == wanted[key]).cloned();
    let mut items = Vec::new();
    for item_new in new {
        let Some(item_old) = find(old, item_new) else {
            items.push(item_new.clone());
            continue;
        };
        let mut change = difference(schemas, item, &item_old, item_new);
        if change != json!({}) {
            change[key] = item_new[key].clone();
            items.push(change);
        }
    }
    for gone in old.iter().filter(|item| find(new, item).is_none()) {
        items.push(json!({"$patch": "delete", key: gone[key]}));
    }
    let order: Vec<_> = new.iter().map(|item| json!({key: item[key]})).collect();
    patch.insert(name.to_owned(), Value::Array(items));
    patch.insert(format!("$setElementOrder/{name}"), Value::Array(order));
}

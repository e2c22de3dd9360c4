//! Every way to patch, on objects of every built-in kind, made by their types.

use crate::{leaves::leaves, managers::NOW, strategic_difference::difference};
use api::{
    patch::{
        apply::{FieldManager, OneVersion, Resource},
        merge_patch, strategic,
    },
    schema::{GroupVersionKind, ListKind, Owned, Schemas, Shape, TypeId},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(Schemas::built_in);

/// Makes values by chance, the same from the same seed.
struct Maker {
    state: u64,
}

impl Maker {
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.state >> 33).expect("31 bits") % end
    }

    fn object(&mut self, id: TypeId, depth: usize) -> Value {
        let mut out = Map::new();
        for field in &SCHEMAS.at(id).fields {
            // Broad at the top, so that there is much to differ in.
            let chance = [0, 20, 30, 30, 30, 40, 80, 90][depth.min(7)];
            if self.below(100) < chance {
                let value = self.value(&field.shape, depth.saturating_sub(1));
                out.extend(value.map(|value| (field.name.clone(), value)));
            }
        }
        Value::Object(out)
    }

    /// A value of a shape; nothing where it would be empty.
    fn value(&mut self, shape: &Shape, depth: usize) -> Option<Value> {
        let value = match shape {
            Shape::Object(id, _) => self.object(*id, depth),
            Shape::Map(value, _) => {
                let some = (0..=self.below(3)).map(|_| ["k", "l", "m"][self.below(3)]);
                let names: Vec<_> = some.collect();
                let members = names.into_iter().filter_map(|name| {
                    Some((name.to_owned(), self.value(value, depth.saturating_sub(1))?))
                });
                Value::Object(members.collect())
            }
            Shape::List(item, kind) => Value::Array(self.list(item, kind, depth)),
            Shape::Bool => json!(self.below(2) == 0),
            Shape::Int32 | Shape::Int64 | Shape::Double | Shape::IntOrString => {
                json!(self.below(3))
            }
            _ => json!(["x", "y"][self.below(2)]),
        };
        let empty = value == json!({}) || value == json!([]);
        (!empty).then_some(value)
    }

    /// Items whose keys, and all else that tells items apart, are different.
    fn list(&mut self, item: &Shape, kind: &ListKind, depth: usize) -> Vec<Value> {
        let start = self.below(3);
        let count = self.below(3);
        let mut items = Vec::new();
        for place in start..start + count {
            let value = match item {
                Shape::Object(id, _) => {
                    let mut object = self.object(*id, depth.saturating_sub(1));
                    let keys = match kind {
                        ListKind::Map(keys) => keys.clone(),
                        _ => Vec::new(),
                    };
                    for field in &SCHEMAS.at(*id).fields {
                        if keys.contains(&field.name) || MERGE_KEYS.contains(&field.name) {
                            object[&field.name] = match field.shape {
                                Shape::Int32 | Shape::Int64 | Shape::IntOrString => json!(place),
                                Shape::Text => json!(format!("n{place}")),
                                _ => continue,
                            };
                        }
                    }
                    Some(object)
                }
                Shape::Text => Some(json!(format!("t{place}"))),
                Shape::Int32 | Shape::Int64 => Some(json!(place)),
                other => self.value(other, depth.saturating_sub(1)),
            };
            items.extend(value);
        }
        items
    }
}

/// The fields by which strategic merge patch tells items apart.
static MERGE_KEYS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let fields = SCHEMAS.types().iter().flat_map(|it| &it.fields);
    fields.filter_map(|field| field.patch.merge_key.clone()).collect()
});

fn kinds() -> Vec<(GroupVersionKind, TypeId)> {
    let one = |kind: &GroupVersionKind| (kind.clone(), SCHEMAS.of(kind).expect("it is listed"));
    let kinds = SCHEMAS.types().iter().flat_map(|it| it.kinds.iter().map(one));
    let meta = SCHEMAS.named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    let has_meta = |(_, id): &(_, TypeId)| match SCHEMAS.at(*id).field("metadata") {
        Some(field) => matches!(field.shape, Shape::Object(id, _) if Some(id) == meta),
        None => false,
    };
    kinds.filter(has_meta).collect()
}

fn object(kind: &GroupVersionKind, id: TypeId, seed: u64) -> Value {
    let mut object = Maker { state: seed }.object(id, 7);
    object["apiVersion"] = json!(kind.api_version());
    object["kind"] = json!(kind.kind);
    object["metadata"] = json!({"name": "x", "labels": {"seed": format!("{}", seed % 3)}});
    object
}

fn flat(object: &Value, id: TypeId) -> BTreeMap<String, Value> {
    let mut object = object.clone();
    object["metadata"].as_object_mut().map(|it| it.remove("managedFields"));
    let leaves = leaves(&SCHEMAS, &Shape::Object(id, Owned::Granular), &object);
    leaves.into_iter().map(|(path, value)| (path.to_string(), value)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn patches_lead_from_one_object_to_another(place: usize, old: u64, new: u64) {
        let kinds = kinds();
        let (kind, id) = &kinds[place % kinds.len()];
        let (old, new) = (object(kind, *id, old), object(kind, *id, new));
        let patch = difference(&SCHEMAS, &Shape::Object(*id, Owned::Granular), &old, &new);
        let patched = strategic::apply(&SCHEMAS, *id, old.clone(), patch.clone());
        prop_assert_eq!(patched, Ok(new.clone()), "{}: {}", kind, patch);
        let merged = merge_patch::apply(old, new, true);
        prop_assert!(merged.is_ok());
    }

    #[test]
    fn what_is_applied_is_there_and_goes_when_it_is_not(place: usize, one: u64, two: u64) {
        let kinds = kinds();
        let (kind, id) = &kinds[place % kinds.len()];
        let filters = BTreeMap::new();
        let manager = FieldManager::new(Resource {
            schemas: &SCHEMAS,
            kind,
            subresource: "",
            versions: &OneVersion,
            filters: &filters,
        });
        let (one, two) = (object(kind, *id, one), object(kind, *id, two));
        let apply = |live: &Value, patch| manager.apply(live, patch, "a", false, NOW);
        let first = apply(&json!({}), &one).map_err(|why| TestCaseError::fail(why.to_string()))?;
        prop_assert_eq!(flat(&first, *id), flat(&one, *id));
        prop_assert_eq!(apply(&first, &one), Ok(first.clone()));
        let second = apply(&first, &two).map_err(|why| TestCaseError::fail(why.to_string()))?;
        prop_assert_eq!(flat(&second, *id), flat(&two, *id));
        // Who updates it to something else owns the rest.
        let updated = manager.update(&second, one.clone(), "u", NOW);
        prop_assert_eq!(flat(&updated, *id), flat(&one, *id));
    }
}

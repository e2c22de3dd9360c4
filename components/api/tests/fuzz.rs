//! What nobody would send, sent to every reader of every kind: it is read or refused, and that is all.

mod arbitrary;

use api::{
    decode::{decode, decode_any, type_meta, yaml},
    patch::{
        apply::{FieldManager, OneVersion, Resource},
        json_patch::JsonPatch,
        merge_patch, strategic,
    },
    protobuf::{Codec, Envelope},
    schema::{GroupVersionKind, Schemas, TypeId},
    selector::{FieldSelector, LabelSelector},
};
use arbitrary::Draw;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::LazyLock};

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(Schemas::built_in);
static CODEC: LazyLock<Codec> = LazyLock::new(|| Codec::new(&SCHEMAS));

/// Bytes that mean something somewhere.
const TELLING: &[u8] = b"{}[]\",:\\u0-.eE\x00\x7f\x80\xff\x0a\x12tn&*!|";

/// Chance that proptest can shrink: a number.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).map_or(0, |bits| bits % end.max(1))
    }

    /// Some bytes become others, go, or come twice.
    fn spoil_bytes(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            if bytes.is_empty() {
                return;
            }
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, TELLING[self.below(TELLING.len())]),
                2 => bytes.truncate(at),
                _ => bytes[at] = TELLING[self.below(TELLING.len())],
            }
        }
    }

    /// A value that seldom fits.
    fn odd(&mut self) -> Value {
        let all = [
            json!(null),
            json!([]),
            json!({}),
            json!(""),
            json!(-1),
            json!(1e300),
            json!([null, {}, [1]]),
            json!({"$patch": "delete"}),
            json!({"$patch": "replace"}),
            json!({"$patch": 7}),
            json!({"$retainKeys": ["a", 1]}),
            json!([{"$patch": "replace"}, {"name": null}]),
        ];
        all[self.below(all.len())].clone()
    }

    /// Some values in it become others, and directives of strategic patches appear.
    fn spoil(&mut self, value: &mut Value) {
        if self.below(12) == 0 {
            *value = self.odd();
            return;
        }
        match value {
            Value::Object(members) => {
                members.values_mut().for_each(|member| self.spoil(member));
                let Some(name) = members.keys().nth(self.below(8)).cloned() else { return };
                let odd = self.odd();
                match self.below(8) {
                    0 => drop(members.insert(format!("$setElementOrder/{name}"), odd)),
                    1 => drop(members.insert(format!("$deleteFromPrimitiveList/{name}"), odd)),
                    2 => drop(members.insert("$retainKeys".into(), json!([name]))),
                    _ => {}
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.spoil(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// A place in an object, or beside it.
    fn pointer(&mut self, object: &Value) -> String {
        let mut path = String::new();
        let mut place = object;
        while self.below(5) > 0 {
            let (name, next) = match place {
                Value::Object(members) => match members.iter().nth(self.below(members.len())) {
                    Some((name, next)) => (name.clone(), next),
                    None => break,
                },
                Value::Array(items) => {
                    let names = ["-", "-1", "0", "99999999999999999999", "01"];
                    let name = names[self.below(names.len())];
                    (name.to_owned(), items.first().unwrap_or(&Value::Null))
                }
                _ => ("~1~0~2".to_owned(), &Value::Null),
            };
            path += "/";
            path += &name;
            place = next;
        }
        path
    }

    fn operations(&mut self, object: &Value) -> Value {
        let names = ["add", "remove", "replace", "test", "move", "copy", "none"];
        let one = |chance: &mut Self| {
            json!({
                "op": names[chance.below(names.len())],
                "path": chance.pointer(object),
                "from": chance.pointer(object),
                "value": chance.odd(),
            })
        };
        (0..self.below(8)).map(|_| one(self)).collect()
    }
}

/// Every type that is a kind's, with one of the kinds.
fn kinds() -> impl Iterator<Item = (&'static GroupVersionKind, TypeId)> {
    let types = SCHEMAS.types().iter().filter_map(|one| one.kinds.first());
    types.map(|kind| (kind, SCHEMAS.of(kind).expect("it is listed")))
}

fn object(kind: &GroupVersionKind, id: TypeId, seed: u64) -> Value {
    let mut object = Value::Object(Draw::new(&SCHEMAS, seed).object(id, 0));
    object["apiVersion"] = kind.api_version().into();
    object["kind"] = kind.kind.as_str().into();
    object
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn spoiled_objects_of_every_kind(seed: u64) {
        let mut chance = Chance(seed);
        for (kind, id) in kinds() {
            let whole = object(kind, id, seed);
            let mut text = whole.to_string().into_bytes();
            chance.spoil_bytes(&mut text);
            let _ = (decode(&SCHEMAS, id, &text), decode_any(&text), type_meta(&text), yaml(&text));
            let mut fields = whole.as_object().expect("an object").clone();
            fields.retain(|name, _| name != "kind" && name != "apiVersion");
            let raw = CODEC.encode(&SCHEMAS, id, &fields);
            let envelope = Envelope { api_version: kind.api_version(), kind: kind.kind.clone(), raw: &raw };
            let mut bytes = envelope.encode();
            chance.spoil_bytes(&mut bytes);
            if let Ok(envelope) = Envelope::decode(&bytes) {
                let _ = CODEC.decode(&SCHEMAS, id, envelope.raw);
            }
        }
    }

    #[test]
    fn spoiled_patches_of_every_kind(seed: u64) {
        let mut chance = Chance(seed);
        let filters = BTreeMap::new();
        for (kind, id) in kinds() {
            let (present, mut patch) = (object(kind, id, seed), object(kind, id, !seed));
            chance.spoil(&mut patch);
            let _ = strategic::apply(&SCHEMAS, id, present.clone(), patch.clone());
            let _ = merge_patch::apply(present.clone(), patch.clone(), chance.below(2) == 0);
            let operations = chance.operations(&present);
            if let Ok(operations) = JsonPatch::decode(&operations, true) {
                let _ = operations.apply(present.clone());
            }
            let manager = FieldManager::new(Resource {
                schemas: &SCHEMAS,
                kind,
                subresource: "",
                versions: &OneVersion,
                filters: &filters,
            });
            let _ = manager.apply(&present, &patch, "a", false, "2026-01-01T00:00:00Z");
        }
    }
}

proptest! {
    #[test]
    fn any_selector_is_read_or_refused(text in "\\PC{0,60}|[a-z!=<>,() \\\\]{0,60}") {
        let _ = (LabelSelector::parse(&text), FieldSelector::parse(&text));
    }
}

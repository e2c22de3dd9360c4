//! YAML into the JSON that it says, within limits: aliases may repeat things, but not without end.
//!
//! Upstream: `sigs.k8s.io/yaml` over go-yaml, whose texts these are. Of several documents the first
//! counts; keys that are no text become text; `<<` takes over what a map lacks.

use super::DecodeError;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_yaml_ng::Deserializer;
use std::{cell::Cell, fmt};

/// Values that a document may come to beyond one for each of its bytes (the size up to which go-yaml
/// lets nearly everything be an alias: `alias_ratio_range_low`).
const VALUES_MAX: usize = 400_000;
/// The text that all strings of a document may come to.
const TEXT_BYTES_MAX: usize = 16 << 20;

const BOMB: &str = "document contains excessive aliasing";

/// What a document says.
#[derive(Clone, PartialEq, Debug)]
pub struct Converted {
    /// The value; of a key that is there twice the last one.
    pub value: Value,
    /// What a strict decoder complains of: the first key that is there twice.
    pub complaint: Option<String>,
}

/// Reads a document.
///
/// # Errors
/// It is no YAML, or comes to more than anybody means.
pub fn yaml(bytes: &[u8]) -> Result<Converted, DecodeError> {
    let budget = Budget::of(bytes);
    let value = read(bytes, Reader { budget: &budget, strict: false })?;
    let complaint = budget.repeated.get().then(|| complaint(bytes)).flatten();
    Ok(Converted { value, complaint })
}

fn read(bytes: &[u8], reader: Reader<'_>) -> Result<Value, DecodeError> {
    let Some(first) = Deserializer::from_slice(bytes).next() else { return Ok(Value::Null) };
    let read = reader.deserialize(first);
    read.map_err(|error| DecodeError::Syntax(told(&error)))
}

/// `yaml: line 2: did not find expected key`: the place stands before what is wrong.
fn told(error: &serde_yaml_ng::Error) -> String {
    let text = error.to_string();
    // Paths come first, places last.
    let end = text.find(" at line ").unwrap_or(text.len());
    let what = text[..end].rsplit(": ").next().unwrap_or_default();
    match error.location().filter(|_| what != BOMB) {
        Some(at) => format!("yaml: line {}: {what}", at.line()),
        None => format!("yaml: {what}"),
    }
}

/// The first key that is there twice, as a strict reader tells it.
fn complaint(bytes: &[u8]) -> Option<String> {
    let budget = Budget::of(bytes);
    let error = read(bytes, Reader { budget: &budget, strict: true }).err()?.to_string();
    Some(format!("yaml: unmarshal errors:\n  {}", error.strip_prefix("yaml: ")?))
}

/// What may still be read.
struct Budget {
    values: Cell<usize>,
    text: Cell<usize>,
    /// A key was there twice.
    repeated: Cell<bool>,
}

impl Budget {
    fn of(bytes: &[u8]) -> Self {
        Self {
            values: Cell::new(VALUES_MAX + bytes.len()),
            text: Cell::new(TEXT_BYTES_MAX),
            repeated: Cell::new(false),
        }
    }

    /// Takes a value and its text away.
    fn spend<E: serde::de::Error>(&self, text: usize) -> Result<(), E> {
        let values = self.values.get().checked_sub(1);
        let text = self.text.get().checked_sub(text);
        let (Some(values), Some(text)) = (values, text) else { return Err(E::custom(BOMB)) };
        self.values.set(values);
        self.text.set(text);
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    budget: &'a Budget,
    /// A key that is there twice is an error.
    strict: bool,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        self.budget.spend(0).map(|()| value.into())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.budget.spend(0).map(|()| value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.budget.spend(0).map(|()| value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        self.budget.spend(0)?;
        let unsupported = || E::custom(format!("unsupported value {value}"));
        Number::from_f64(value).map(Value::Number).ok_or_else(unsupported)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.budget.spend(value.len()).map(|()| value.into())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.budget.spend(0).map(|()| Value::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }

    /// Tags of others' making say nothing here.
    fn visit_enum<A: serde::de::EnumAccess<'de>>(self, from: A) -> Result<Value, A::Error> {
        use serde::de::VariantAccess;
        let (_tag, inner) = from.variant::<serde::de::IgnoredAny>()?;
        inner.newtype_variant_seed(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        self.budget.spend(0)?;
        let mut list = Vec::new();
        while let Some(item) = from.next_element_seed(self)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        self.budget.spend(0)?;
        let (mut map, mut merged) = (Map::new(), Vec::new());
        while let Some(key) = from.next_key_seed(Key { reader: self, before: &map })? {
            let value = from.next_value_seed(self)?;
            match (key.as_str(), value) {
                ("<<", Value::Object(others)) => merged.push(others),
                ("<<", Value::Array(all)) => merged.extend(all.into_iter().filter_map(object)),
                (_, value) => drop(map.insert(key, value)),
            }
        }
        for (key, value) in merged.into_iter().flatten() {
            map.entry(key).or_insert(value);
        }
        Ok(map.into())
    }
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// A map's next key.
struct Key<'a> {
    reader: Reader<'a>,
    before: &'a Map<String, Value>,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        from.deserialize_any(self)
    }
}

impl Key<'_> {
    fn take<E: serde::de::Error>(self, key: &str) -> Result<String, E> {
        self.reader.budget.spend(key.len())?;
        if self.before.contains_key(key) {
            if self.reader.strict {
                return Err(E::custom(format!("key {key:?} already set in map")));
            }
            self.reader.budget.repeated.set(true);
        }
        Ok(key.to_owned())
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<String, E> {
        self.take(key)
    }

    fn visit_bool<E: serde::de::Error>(self, key: bool) -> Result<String, E> {
        self.take(&key.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, key: i64) -> Result<String, E> {
        self.take(&key.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, key: u64) -> Result<String, E> {
        self.take(&key.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, key: f64) -> Result<String, E> {
        self.take(&key.to_string())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<String, E> {
        self.take("null")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_is_said_is_read() {
        let cases = [
            (
                "a: 1\nb: [x, 'y', null, true, 1.5]",
                json!({"a": 1, "b": ["x", "y", null, true, 1.5]}),
            ),
            ("1: a\ntrue: b", json!({"1": "a", "true": "b"})),
            ("a: &x {b: 1}\nc: *x", json!({"a": {"b": 1}, "c": {"b": 1}})),
            (
                "a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}",
                json!({"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}),
            ),
            ("a: 1\n---\nb: 2\n", json!({"a": 1})),
            (r#"{"a": [1, {"b": "\u00e9"}]}"#, json!({"a": [1, {"b": "é"}]})),
            ("", Value::Null),
            ("a: !mine {b: 1}", json!({"a": {"b": 1}})),
        ];
        for (text, expected) in cases {
            let found = yaml(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(found, Converted { value: expected, complaint: None }, "{text}");
        }
    }

    #[test]
    fn keys_that_are_there_twice() {
        let found = yaml(b"a: 1\nb:\n  c: 1\n  c: 2\n").expect("the last one counts");
        assert_eq!(found.value, json!({"a": 1, "b": {"c": 2}}));
        let expected = "yaml: unmarshal errors:\n  line 4: key \"c\" already set in map";
        assert_eq!(found.complaint.as_deref(), Some(expected));
    }

    #[test]
    fn what_is_refused() {
        let cases: [(&[u8], &str); 5] = [
            (b"a: [1", "yaml: line 2: did not find expected ',' or ']'"),
            (b"a: b: c", "yaml: line 1: mapping values are not allowed in this context"),
            (b"a: *x", "yaml: line 1: unknown anchor"),
            (b"a: .nan", "yaml: line 1: unsupported value NaN"),
            (b"a: \"\xff\"", "yaml: invalid leading UTF-8 octet"),
        ];
        for (text, expected) in cases {
            let found = yaml(text).expect_err(expected).to_string();
            assert_eq!(found, expected, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn bombs_are_disarmed() {
        let mut laughs = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
        for level in 1..10 {
            let inner = vec![format!("*a{}", level - 1); 9].join(", ");
            laughs += &format!("a{level}: &a{level} [{inner}]\n");
        }
        let wide = format!("a: &a [{}]\nb: [{}]", "1,".repeat(20_000), "*a,".repeat(20_000));
        let long = format!("a: &a {}\nb: [{}]", "x".repeat(1 << 20), "*a,".repeat(1_000));
        for bomb in [laughs, wide, long] {
            let found = yaml(bomb.as_bytes()).expect_err("a bomb").to_string();
            assert!(found.contains(BOMB) || found.contains("repetition limit"), "{found}");
        }
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(yaml(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in r#"[\[\]{}",:&*a-c0-9?|>!%@'#. \n-]{0,80}"#) {
            let _ = yaml(text.as_bytes());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = yaml(&bytes);
        }

        #[test]
        fn json_is_yaml(text in "[a-z0-9 ]{0,10}", number: i32, flag: bool) {
            let value = json!({"a": [text, number], "b": {"c": flag, "d": null}});
            let found = yaml(value.to_string().as_bytes()).map(|it| it.value);
            prop_assert_eq!(found, Ok(value));
        }
    }
}

//! Objects of any type, drawn from a number: as a client could have sent them, in canonical form.

use api::schema::{Field, Schemas, Shape, TypeId, Zero};
use serde_json::{Map, Value, json};

/// How deep objects go before fields are left out.
const DEPTH_MAX: usize = 12;

/// Draws one value after the other.
#[derive(Debug)]
pub(crate) struct Draw<'a> {
    schemas: &'a Schemas,
    state: u64,
}

impl<'a> Draw<'a> {
    pub(crate) fn new(schemas: &'a Schemas, seed: u64) -> Self {
        Self { schemas, state: seed }
    }

    /// Splitmix: all that is asked for is variety.
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) & 0xffff_ffff).map_or(0, |bits| bits % end)
    }

    fn one<T: Clone>(&mut self, choice: &[T]) -> T {
        choice[self.below(choice.len())].clone()
    }

    /// An object of a type.
    pub(crate) fn object(&mut self, id: TypeId, depth: usize) -> Map<String, Value> {
        let (schemas, mut object) = (self.schemas, Map::new());
        for field in &schemas.at(id).fields {
            let envelope = ["apiVersion", "kind"].contains(&field.name.as_str());
            let envelope = envelope && !schemas.at(id).kinds.is_empty();
            // The deeper, the fewer.
            if envelope || depth > DEPTH_MAX || self.below(3 + depth) > 1 {
                continue;
            }
            if let Some(value) = self.field(field, depth) {
                object.insert(field.name.clone(), value);
            }
        }
        object
    }

    /// Nothing for an empty value of a field that does not keep it.
    fn field(&mut self, field: &Field, depth: usize) -> Option<Value> {
        let value = match (&field.shape, field.values.is_empty()) {
            (Shape::Text, false) => Value::String(self.one(&field.values)),
            (shape, _) => self.value(shape, depth + 1),
        };
        let empty = ["", "0", "0s"].map(Value::from).contains(&value)
            || [json!(0), json!(0.0), json!(false), json!([])].contains(&value)
            || (value == json!({}) && !matches!(field.shape, Shape::Object(..) | Shape::Raw));
        let kept = field.zero == Zero::Kept || !empty;
        kept.then_some(value).filter(|value| !value.is_null())
    }

    fn value(&mut self, shape: &Shape, depth: usize) -> Value {
        let length = if depth > DEPTH_MAX { 0 } else { self.below(3) };
        match shape {
            Shape::Object(id, _) => self.object(*id, depth).into(),
            Shape::List(item, _) => (0..length).map(|_| self.item(item, depth)).collect(),
            Shape::Map(value, _) => {
                let keys = ["a", "b.c/d", "0"];
                let pairs = (0..length).map(|at| (keys[at].to_owned(), self.item(value, depth)));
                Value::Object(pairs.collect())
            }
            Shape::Text => self.one(&["", "a", "web-0", "ü😀", "a\"b\\c\n"]).into(),
            Shape::Bool => (self.below(2) == 1).into(),
            Shape::Int32 => self.one(&[0, 1, -1, 80, i32::MAX, i32::MIN]).into(),
            Shape::Int64 => self.one(&[0, 1, -1, 300, i64::MAX, i64::MIN]).into(),
            Shape::Double => self.one(&[0.0, 0.5, -2.25, 1e300]).into(),
            Shape::IntOrString => self.one(&[json!(0), json!(80), json!(-1), json!("25%")]),
            Shape::Quantity => self.one(&["0", "1", "100m", "1536Mi", "12e6", "-5"]).into(),
            Shape::Bytes => self.one(&["", "AA==", "aGVsbG8="]).into(),
            Shape::Time => self.one(&["2024-02-29T12:30:45Z", "1969-12-31T23:59:59Z"]).into(),
            Shape::MicroTime => self.one(&["2024-02-29T12:30:45.000001Z"]).into(),
            Shape::Duration => self.one(&["5m0s", "1h0m0s"]).into(),
            Shape::Raw => self.one(&[json!({"apiVersion": "v1", "kind": "A"}), json!({"x": [1]})]),
            Shape::Json => self.one(&[json!({"type": "string"})]),
            Shape::Fields => self.one(&[json!({"f:a": {}}), json!({"f:b": {".": {}}})]),
        }
    }

    /// An item of a list is never nothing.
    fn item(&mut self, shape: &Shape, depth: usize) -> Value {
        self.value(shape, depth + 1)
    }
}

//! The walk over JSON and a type at once.

use super::{Complaints, DecodeError, Decoded, Step, complete::zero, scan::Scanner, untyped};
use crate::{
    quantity::Quantity,
    schema::{Field, Schemas, Shape, Type, TypeId, Zero, is_zero},
    time::Moment,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;

type Outcome<T> = Result<T, DecodeError>;

pub(super) fn decode(schemas: &Schemas, id: TypeId, bytes: &[u8]) -> Outcome<Decoded> {
    let mut walk = Walk {
        schemas,
        scanner: Scanner::new(bytes),
        steps: Vec::new(),
        structs: Vec::new(),
        said: Complaints::default(),
        wrong: None,
    };
    let value = walk.object(id, Map::new())?;
    walk.scanner.finish()?;
    match walk.wrong {
        Some(wrong) => Err(DecodeError::Mismatch(wrong)),
        None => Ok(Decoded { value: value.into(), complaints: walk.said.list }),
    }
}

struct Walk<'a> {
    schemas: &'a Schemas,
    scanner: Scanner<'a>,
    steps: Vec<Step<'a>>,
    /// The types that the walk is in, the innermost last; each with the field that led on.
    structs: Vec<(&'a Type, &'a str)>,
    said: Complaints,
    /// The first value that did not fit. As in Go, the walk goes on: the text may be worse still.
    wrong: Option<String>,
}

impl<'a> Walk<'a> {
    /// What a field, an item or a map's value holds; nothing where it is null or does not fit.
    fn value(&mut self, shape: &'a Shape, before: Option<Value>) -> Outcome<Option<Value>> {
        let found = self.scanner.kind()?;
        if found == "null" {
            self.scanner.literal("null")?;
            return Ok(None);
        }
        match (shape, found) {
            (Shape::Object(id, _), "object") => {
                Ok(Some(Value::Object(self.object(*id, map(before))?)))
            }
            (Shape::Map(value, _), "object") => Ok(Some(self.map(value, map(before))?)),
            (Shape::List(item, _), "array") => Ok(Some(self.list(item)?)),
            (Shape::Text, "string") => Ok(Some(Value::String(self.scanner.string()?.into_owned()))),
            (Shape::Bool, "bool") => Ok(Some(Value::Bool(self.scanner.truth()?))),
            (Shape::Int32 | Shape::Int64 | Shape::Double, "number") => self.number(shape),
            (Shape::IntOrString, "string") => {
                Ok(Some(Value::String(self.scanner.string()?.into_owned())))
            }
            (Shape::IntOrString, "number") => self.number(&Shape::Int32),
            (Shape::Quantity, _) => self.quantity(),
            (Shape::Raw | Shape::Json | Shape::Fields, _) => {
                Ok(Some(untyped::inner(self.scanner.skip()?)?))
            }
            (Shape::Bytes | Shape::Time | Shape::MicroTime | Shape::Duration, "string") => {
                self.text(shape)
            }
            _ => {
                self.scanner.skip()?;
                self.misfit(found, shape);
                Ok(None)
            }
        }
    }

    /// An object of a type. A field that comes twice is told, and a struct that does is filled
    /// further, as Go does.
    fn object(&mut self, id: TypeId, mut map: Map<String, Value>) -> Outcome<Map<String, Value>> {
        let kind = self.schemas.at(id);
        if self.scanner.peek()? != b'{' {
            let found = self.scanner.kind()?;
            self.scanner.skip()?;
            self.misfit_of(found, go_name(kind));
            return Ok(map);
        }
        self.scanner.enter(b'{')?;
        self.structs.push((kind, ""));
        let (mut seen, mut first) = (0_u128, true);
        while let Some(key) = self.scanner.key(first)? {
            first = false;
            let Ok(at) = kind.fields.binary_search_by(|field| field.name.as_str().cmp(&key)) else {
                self.said.add("unknown", &self.steps, &key);
                self.scanner.skip()?;
                continue;
            };
            let (field, bit) = (&kind.fields[at], 1_u128 << (at % 128));
            let mut before = None;
            if seen & bit != 0 {
                self.said.add("duplicate", &self.steps, &key);
                before = map.remove(&field.name);
            }
            seen |= bit;
            self.field(field, before, &mut map)?;
        }
        self.structs.pop();
        Ok(map)
    }

    fn field(
        &mut self,
        field: &'a Field,
        before: Option<Value>,
        map: &mut Map<String, Value>,
    ) -> Outcome<()> {
        if let Some(innermost) = self.structs.last_mut() {
            innermost.1 = &field.name;
        }
        self.steps.push(Step::Name(Cow::Borrowed(&field.name)));
        let value = self.value(&field.shape, before)?;
        self.steps.pop();
        let Some(value) = value else { return Ok(()) };
        if field.zero == Zero::Kept || !is_zero(&value) || matches!(field.shape, Shape::Object(..))
        {
            map.insert(field.name.clone(), value);
        }
        Ok(())
    }

    fn map(&mut self, shape: &'a Shape, mut map: Map<String, Value>) -> Outcome<Value> {
        self.scanner.enter(b'{')?;
        let mut first = true;
        while let Some(key) = self.scanner.key(first)? {
            first = false;
            if map.contains_key(&*key) {
                self.said.add("duplicate", &self.steps, &key);
            }
            self.steps.push(Step::Name(Cow::clone(&key)));
            let value = self.value(shape, None)?.unwrap_or_else(|| zero(shape));
            self.steps.pop();
            map.insert(key.into_owned(), value);
        }
        Ok(Value::Object(map))
    }

    fn list(&mut self, shape: &'a Shape) -> Outcome<Value> {
        self.scanner.enter(b'[')?;
        let mut list = Vec::new();
        while self.scanner.item(list.is_empty())? {
            self.steps.push(Step::Index(list.len()));
            list.push(self.value(shape, None)?.unwrap_or_else(|| zero(shape)));
            self.steps.pop();
        }
        Ok(Value::Array(list))
    }

    fn number(&mut self, shape: &'a Shape) -> Outcome<Option<Value>> {
        let text = self.scanner.number()?;
        let value = match shape {
            Shape::Int32 => text.parse::<i32>().ok().map(Value::from),
            Shape::Int64 => text.parse::<i64>().ok().map(Value::from),
            _ => text.parse().ok().and_then(Number::from_f64).map(Value::Number),
        };
        if value.is_none() {
            self.misfit(&format!("number {text}"), shape);
        }
        Ok(value)
    }

    fn quantity(&mut self) -> Outcome<Option<Value>> {
        let text = match self.scanner.kind()? {
            "string" => self.scanner.string()?,
            _ => String::from_utf8_lossy(self.scanner.skip()?),
        };
        match Quantity::parse(text.trim()) {
            Ok(quantity) => Ok(Some(Value::String(quantity.to_string()))),
            Err(error) => {
                self.refuse(error.to_string());
                Ok(None)
            }
        }
    }

    /// Text that has a form.
    fn text(&mut self, shape: &Shape) -> Outcome<Option<Value>> {
        let text = self.scanner.string()?;
        let canonical = match shape {
            Shape::Time => Moment::parse(&text).map(Moment::to_second),
            Shape::MicroTime => Moment::parse_micro(&text).map(Moment::to_micro),
            Shape::Bytes => bytes(&text),
            _ => Ok(text.into_owned()),
        };
        Ok(match canonical {
            Ok(text) => Some(Value::String(text)),
            Err(error) => {
                self.refuse(error);
                None
            }
        })
    }

    fn misfit(&mut self, found: &str, shape: &Shape) {
        let kind = go_type(self.schemas, shape);
        self.misfit_of(found, kind);
    }

    fn misfit_of(&mut self, found: &str, kind: String) {
        let names: Vec<&str> = self.structs.iter().map(|(_, name)| *name).collect();
        let place = match self.structs.last() {
            Some((kind, _)) => {
                format!("Go struct field {}.{}", short(&kind.name), names.join("."))
            }
            None => "Go value".to_owned(),
        };
        self.refuse(format!("json: cannot unmarshal {found} into {place} of type {kind}"));
    }

    fn refuse(&mut self, text: String) {
        self.wrong.get_or_insert(text);
    }
}

fn map(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn bytes(text: &str) -> Result<String, String> {
    // Go passes over line ends in base64.
    let plain: String = text.chars().filter(|it| !matches!(it, '\r' | '\n')).collect();
    match BASE64_STANDARD.decode(&plain) {
        Ok(_) => Ok(plain),
        Err(error) => {
            let place = match error {
                base64::DecodeError::InvalidByte(at, _)
                | base64::DecodeError::InvalidLastSymbol(at, _) => at,
                base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => {
                    plain.len()
                }
            };
            Err(format!("illegal base64 data at input byte {place}"))
        }
    }
}

/// The last part of a type's name.
fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// `v1.PodSpec`.
fn go_name(kind: &Type) -> String {
    let mut parts = kind.name.rsplit('.');
    let (name, package) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{package}.{name}")
}

/// A shape as Go's types are called; upstream has names of its own for some of them.
fn go_type(schemas: &Schemas, shape: &Shape) -> String {
    match shape {
        Shape::Object(id, _) => go_name(schemas.at(*id)),
        Shape::Map(value, _) => format!("map[string]{}", go_type(schemas, value)),
        Shape::List(item, _) => format!("[]{}", go_type(schemas, item)),
        Shape::Bytes => "[]uint8".into(),
        Shape::Bool => "bool".into(),
        Shape::Int32 | Shape::IntOrString => "int32".into(),
        Shape::Int64 => "int64".into(),
        Shape::Double => "float64".into(),
        Shape::Quantity => "resource.Quantity".into(),
        Shape::Text | Shape::Time | Shape::MicroTime | Shape::Duration => "string".into(),
        Shape::Raw => "runtime.RawExtension".into(),
        Shape::Json => "v1.JSON".into(),
        Shape::Fields => "v1.FieldsV1".into(),
    }
}

//! Messages into objects, in the form that reading JSON gives.

use super::{
    Codec, Form, Message, ProtobufError, Slot,
    leaves::{cut, embedded, int_or_string, moment, quantity},
    wire::{BYTES, Raw, Reader},
    write::schema_props,
};
use crate::schema::{Field, Schemas, Shape, TypeId, Zero, is_zero};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;
type Outcome<T> = Result<T, ProtobufError>;

/// Messages inside each other; a level of a schema takes two.
const DEPTH_MAX: usize = 200;

impl Codec {
    /// The object of a type that a message holds. Fields that the type does not have are dropped.
    ///
    /// # Errors
    /// Bytes that are no message of the type.
    pub fn decode(&self, schemas: &Schemas, id: TypeId, bytes: &[u8]) -> Outcome<Object> {
        let schema_props = schema_props(schemas);
        let walk = Walk { codec: self, schemas, schema_props };
        let mut object = Object::new();
        walk.object(id, bytes, &mut object, 0)?;
        Ok(object)
    }
}

struct Walk<'a> {
    codec: &'a Codec,
    schemas: &'a Schemas,
    schema_props: Option<TypeId>,
}

impl Walk<'_> {
    fn object(&self, id: TypeId, bytes: &[u8], object: &mut Object, depth: usize) -> Outcome<()> {
        let fields = &self.schemas.at(id).fields;
        self.message(self.codec.message(id), fields, bytes, object, depth)
    }

    fn message(
        &self,
        message: &Message,
        fields: &[Field],
        bytes: &[u8],
        object: &mut Object,
        depth: usize,
    ) -> Outcome<()> {
        if depth > DEPTH_MAX {
            return Err(ProtobufError::Depth);
        }
        let mut reader = Reader::new(bytes);
        while let Some((number, raw)) = reader.field()? {
            match message.slot(number) {
                Some(Slot::Field(place, form)) => {
                    self.field(&fields[*place], *form, raw, object, depth)?;
                }
                Some(Slot::Embedded(inner)) => {
                    let bytes = expect(raw, "an embedded struct")?;
                    self.message(inner, fields, bytes, object, depth + 1)?;
                }
                None => {}
            }
        }
        Ok(())
    }

    fn field(
        &self,
        field: &Field,
        form: Form,
        raw: Raw<'_>,
        object: &mut Object,
        depth: usize,
    ) -> Outcome<()> {
        let name = field.name.as_str();
        match (&field.shape, form) {
            (Shape::List(item, _), Form::Plain) => {
                let list = object.entry(name).or_insert_with(|| json!([]));
                if let Some(list) = list.as_array_mut() {
                    self.items(item, name, raw, list, depth)?;
                }
            }
            (Shape::Map(value, _), form) => {
                let (key, value) = self.entry(value, form, expect(raw, name)?, depth)?;
                let map = object.entry(name).or_insert_with(|| json!({}));
                if let Some(map) = map.as_object_mut() {
                    map.insert(key, value);
                }
            }
            (Shape::Object(id, _), _) => {
                // A message that comes twice is filled further.
                let known = object.entry(name).or_insert_with(|| json!({}));
                if let Some(known) = known.as_object_mut() {
                    self.object(*id, expect(raw, name)?, known, depth + 1)?;
                }
            }
            (_, Form::SchemaOrList | Form::SchemaOrBool | Form::SchemaOrTexts) => {
                let value = self.schema_or(form, expect(raw, name)?, depth)?;
                put(object, field, value);
            }
            (shape, Form::Plain) => {
                let value = self.value(shape, name, raw, depth)?;
                put(object, field, value.unwrap_or_default());
            }
        }
        Ok(())
    }

    /// One item, or several numbers in one field.
    fn items(
        &self,
        shape: &Shape,
        name: &str,
        raw: Raw<'_>,
        items: &mut Vec<Value>,
        depth: usize,
    ) -> Outcome<()> {
        if let (Shape::Int32 | Shape::Int64 | Shape::Bool, Raw::Bytes(bytes)) = (shape, raw) {
            let mut reader = Reader::new(bytes);
            while reader.left() > 0 {
                let number = reader.varint()?;
                items.extend(self.value(shape, name, Raw::Number(number), depth)?);
            }
            return Ok(());
        }
        items.push(self.value(shape, name, raw, depth)?.unwrap_or_default());
        Ok(())
    }

    /// A map's key and value.
    fn entry(
        &self,
        shape: &Shape,
        form: Form,
        bytes: &[u8],
        depth: usize,
    ) -> Outcome<(String, Value)> {
        let (mut key, mut found) = (String::new(), Raw::Bytes(&[]));
        let mut reader = Reader::new(bytes);
        while let Some((number, raw)) = reader.field()? {
            match number {
                1 => key = String::from_utf8_lossy(expect(raw, "a map's key")?).into_owned(),
                2 => found = raw,
                _ => {}
            }
        }
        let value = match (shape, form) {
            (_, Form::SchemaOrTexts) => self.schema_or(form, expect(found, &key)?, depth)?,
            (Shape::List(item, _), _) => self.wrapped(item, &key, found, depth)?,
            // The empty value of a number is left out.
            (Shape::Int32 | Shape::Int64 | Shape::Bool | Shape::Double, _)
                if matches!(found, Raw::Bytes(_)) =>
            {
                self.value(shape, &key, Raw::Number(0), depth)?.unwrap_or_default()
            }
            (shape, _) => self.value(shape, &key, found, depth)?.unwrap_or_default(),
        };
        Ok((key, value))
    }

    /// A list that has a message of its own.
    fn wrapped(&self, item: &Shape, name: &str, raw: Raw<'_>, depth: usize) -> Outcome<Value> {
        let (mut items, mut reader) = (Vec::new(), Reader::new(expect(raw, name)?));
        while let Some((number, raw)) = reader.field()? {
            if number == 1 {
                self.items(item, name, raw, &mut items, depth)?;
            }
        }
        Ok(items.into())
    }

    fn schema_or(&self, form: Form, bytes: &[u8], depth: usize) -> Outcome<Value> {
        let (one, many) = if form == Form::SchemaOrBool { (2, 0) } else { (1, 2) };
        let (mut schema, mut list, mut allows) = (None, Vec::new(), false);
        let mut reader = Reader::new(bytes);
        while let Some((number, raw)) = reader.field()? {
            match number {
                number if number == one => schema = Some(self.schema(raw, depth)?),
                number if number == many && form == Form::SchemaOrTexts => {
                    list.push(String::from_utf8_lossy(expect(raw, "property")?).into());
                }
                number if number == many => list.push(self.schema(raw, depth)?),
                1 => allows = matches!(raw, Raw::Number(1..)),
                _ => {}
            }
        }
        Ok(match (schema, form) {
            (_, Form::SchemaOrList | Form::SchemaOrTexts) if !list.is_empty() => list.into(),
            (Some(schema), _) => schema,
            (None, Form::SchemaOrBool) => allows.into(),
            (None, _) => Value::Null,
        })
    }

    fn schema(&self, raw: Raw<'_>, depth: usize) -> Outcome<Value> {
        let mut object = Object::new();
        if let Some(id) = self.schema_props {
            self.object(id, expect(raw, "a schema")?, &mut object, depth + 1)?;
        }
        Ok(object.into())
    }

    /// Nothing for a message that holds nothing.
    fn value(
        &self,
        shape: &Shape,
        name: &str,
        raw: Raw<'_>,
        depth: usize,
    ) -> Outcome<Option<Value>> {
        Ok(Some(match (shape, raw) {
            (Shape::Object(id, _), Raw::Bytes(bytes)) => {
                let mut object = Object::new();
                self.object(*id, bytes, &mut object, depth + 1)?;
                object.into()
            }
            (Shape::Text, Raw::Bytes(bytes)) => String::from_utf8_lossy(bytes).into(),
            (Shape::Bytes, Raw::Bytes(bytes)) => BASE64_STANDARD.encode(bytes).into(),
            (Shape::Bool, Raw::Number(number)) => (number != 0).into(),
            // As in Go, what is too long is cut.
            (Shape::Int32, Raw::Number(number)) => cut(number).into(),
            (Shape::Int64, Raw::Number(number)) => number.cast_signed().into(),
            (Shape::Double, Raw::Eight(bytes)) => f64::from_le_bytes(bytes).into(),
            (Shape::Double, Raw::Number(0)) => 0.0.into(),
            (Shape::IntOrString, Raw::Bytes(bytes)) => int_or_string(bytes)?,
            (Shape::Quantity, Raw::Bytes(bytes)) => quantity(bytes)?,
            (Shape::Time, Raw::Bytes(bytes)) => {
                return Ok(moment(bytes)?.map(|it| it.to_second().into()));
            }
            (Shape::MicroTime, Raw::Bytes(bytes)) => {
                return Ok(moment(bytes)?.map(|it| it.to_micro().into()));
            }
            (Shape::Raw | Shape::Json | Shape::Fields, Raw::Bytes(bytes)) => {
                return embedded(bytes);
            }
            (Shape::Duration | Shape::Map(..) | Shape::List(..), _) => return Ok(None),
            (_, raw) => {
                return Err(ProtobufError::WireType { wire: raw.wire(), field: name.to_owned() });
            }
        }))
    }
}

fn expect<'a>(raw: Raw<'a>, field: &str) -> Outcome<&'a [u8]> {
    match raw {
        Raw::Bytes(bytes) => Ok(bytes),
        raw => {
            debug_assert!(raw.wire() != BYTES, "bytes are bytes");
            Err(ProtobufError::WireType { wire: raw.wire(), field: field.to_owned() })
        }
    }
}

/// Sets a field, unless its value is one that reading JSON leaves out.
fn put(object: &mut Object, field: &Field, value: Value) {
    let inner = value.is_array() || value.is_object();
    let empty = !inner && is_zero(&value);
    let stays = !value.is_null() && (!empty || field.zero == Zero::Kept);
    match stays {
        true => drop(object.insert(field.name.clone(), value)),
        false => drop(object.remove(&field.name)),
    }
}

//! Objects into messages.
//!
//! What an object does not have is not written, be it of a type that upstream always writes: to read
//! an absent value is to read an empty one.

use super::{
    Codec, Form, Message, Slot,
    wire::{FIXED64, VARINT, put_bytes, put_message, put_signed, put_tag, put_varint},
};
use crate::{
    schema::{Field, Schemas, Shape, TypeId},
    time::Moment,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

impl Codec {
    /// The message of an object of a type. Values that are not of their fields' shapes are left out.
    pub fn encode(&self, schemas: &Schemas, id: TypeId, object: &Object) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        let writer = Writer { codec: self, schemas, schema_props: schema_props(schemas) };
        writer.object(&mut out, id, object);
        out
    }
}

/// The type of schemas in custom resource definitions.
pub(super) fn schema_props(schemas: &Schemas) -> Option<TypeId> {
    schemas.named("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")
}

struct Writer<'a> {
    codec: &'a Codec,
    schemas: &'a Schemas,
    schema_props: Option<TypeId>,
}

impl Writer<'_> {
    fn object(&self, out: &mut Vec<u8>, id: TypeId, object: &Object) {
        let fields = &self.schemas.at(id).fields;
        self.message(out, self.codec.message(id), fields, object);
    }

    fn message(&self, out: &mut Vec<u8>, message: &Message, fields: &[Field], object: &Object) {
        for (number, slot) in &message.slots {
            match slot {
                Slot::Field(place, form) => {
                    let field = &fields[*place];
                    if let Some(value) = object.get(&field.name) {
                        self.field(out, *number, *form, &field.shape, value);
                    }
                }
                Slot::Embedded(inner) => {
                    put_message(out, *number, |out| self.message(out, inner, fields, object));
                }
            }
        }
    }

    fn field(&self, out: &mut Vec<u8>, number: u32, form: Form, shape: &Shape, value: &Value) {
        match (form, shape, value) {
            (Form::SchemaOrList, _, value) => put_message(out, number, |out| match value {
                Value::Array(list) => list.iter().for_each(|item| self.schema(out, 2, item)),
                value => self.schema(out, 1, value),
            }),
            (Form::SchemaOrBool, _, value) => put_message(out, number, |out| {
                put_signed(out, 1, i64::from(*value != Value::Bool(false)));
                self.schema(out, 2, value);
            }),
            (Form::Plain, Shape::List(item, _), Value::Array(list)) => {
                list.iter().for_each(|value| self.value(out, number, item, value));
            }
            (form, Shape::Map(inner, _), Value::Object(map)) => {
                for (key, value) in map {
                    put_message(out, number, |out| {
                        put_bytes(out, 1, key.as_bytes());
                        match form {
                            Form::SchemaOrTexts => self.schema_or_texts(out, value),
                            _ => self.map_value(out, inner, value),
                        }
                    });
                }
            }
            (_, shape, value) => self.value(out, number, shape, value),
        }
    }

    /// A map's value; a list is wrapped in a message of its own.
    fn map_value(&self, out: &mut Vec<u8>, shape: &Shape, value: &Value) {
        match shape {
            Shape::List(..) => put_message(out, 2, |out| {
                self.field(out, 1, Form::Plain, shape, value);
            }),
            shape => self.value(out, 2, shape, value),
        }
    }

    fn schema_or_texts(&self, out: &mut Vec<u8>, value: &Value) {
        put_message(out, 2, |out| match value {
            Value::Array(list) => {
                list.iter().for_each(|item| self.value(out, 2, &Shape::Text, item));
            }
            value => self.schema(out, 1, value),
        });
    }

    fn schema(&self, out: &mut Vec<u8>, number: u32, value: &Value) {
        if let (Some(id), Value::Object(object)) = (self.schema_props, value) {
            put_message(out, number, |out| self.object(out, id, object));
        }
    }

    fn value(&self, out: &mut Vec<u8>, number: u32, shape: &Shape, value: &Value) {
        match (shape, value) {
            (Shape::Object(id, _), Value::Object(object)) => {
                put_message(out, number, |out| self.object(out, *id, object));
            }
            (Shape::Text, Value::String(text)) => put_bytes(out, number, text.as_bytes()),
            (Shape::Bytes, Value::String(text)) => {
                put_bytes(out, number, &BASE64_STANDARD.decode(text).unwrap_or_default());
            }
            (Shape::Bool, Value::Bool(truth)) => {
                put_tag(out, number, VARINT);
                put_varint(out, u64::from(*truth));
            }
            (Shape::Int32 | Shape::Int64, Value::Number(it)) => {
                put_signed(out, number, it.as_i64().unwrap_or_default());
            }
            (Shape::Double, Value::Number(it)) => {
                put_tag(out, number, FIXED64);
                out.extend_from_slice(&it.as_f64().unwrap_or_default().to_le_bytes());
            }
            (Shape::IntOrString, value) => {
                put_message(out, number, |out| int_or_string(out, value))
            }
            (Shape::Quantity, Value::String(text)) => {
                put_message(out, number, |out| put_bytes(out, 1, text.as_bytes()));
            }
            (Shape::Time | Shape::MicroTime, Value::String(text)) => {
                put_message(out, number, |out| moment(out, text));
            }
            (Shape::Raw | Shape::Json | Shape::Fields, value) if !value.is_null() => {
                put_message(out, number, |out| put_bytes(out, 1, value.to_string().as_bytes()));
            }
            // No built-in type has a duration; nor is anything written that is of another shape.
            _ => {}
        }
    }
}

fn int_or_string(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(text) => {
            put_signed(out, 1, 1);
            put_signed(out, 2, 0);
            put_bytes(out, 3, text.as_bytes());
        }
        value => {
            put_signed(out, 1, 0);
            put_signed(out, 2, value.as_i64().unwrap_or_default());
            put_bytes(out, 3, b"");
        }
    }
}

fn moment(out: &mut Vec<u8>, text: &str) {
    if let Ok(moment) = Moment::parse(text) {
        put_signed(out, 1, moment.seconds);
        put_signed(out, 2, i64::from(moment.nanos));
    }
}

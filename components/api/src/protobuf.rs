//! Objects as Kubernetes' protobuf, and back, by the numbers of the types' table.
//!
//! Upstream: `apimachinery/pkg/runtime/serializer/protobuf` and the `generated.proto` of each group.
//! A document is four bytes of magic and a `runtime.Unknown` that names the kind and holds the
//! message ([`Envelope`]); a message of a type is [`Codec`]'s. What is read has the form that
//! [`crate::decode`] gives: a client cannot tell the two apart.

mod envelope;
mod leaves;
mod read;
pub(crate) mod wire;
mod write;

pub use envelope::{Envelope, MAGIC, list, watch_event};

use crate::schema::{Schemas, Shape, Type, TypeId};
use thiserror::Error;

/// Why bytes are no message, in the words of upstream's generated code.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ProtobufError {
    /// They end too early.
    #[error("unexpected EOF")]
    End,
    /// A number is longer than any.
    #[error("proto: integer overflow")]
    Overflow,
    /// A field's form is none that there is.
    #[error("proto: illegal tag {0} (wire type {1})")]
    Tag(u64, u64),
    /// A field's form is not that of its type.
    #[error("proto: wrong wireType = {wire} for field {field}")]
    WireType {
        /// As found.
        wire: u64,
        /// JSON's name.
        field: String,
    },
    /// Messages in messages in messages.
    #[error("proto: exceeded max depth")]
    Depth,
    /// It does not begin as Kubernetes' documents do.
    #[error(
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
    )]
    Magic,
    /// What should be JSON in it is none.
    #[error("{0}")]
    Json(String),
}

/// How the messages of all types are laid out.
#[derive(Debug)]
pub struct Codec {
    messages: Vec<Message>,
}

/// A message's fields, in order of their numbers.
#[derive(Debug, Default)]
struct Message {
    slots: Vec<(u32, Slot)>,
}

#[derive(Debug)]
enum Slot {
    /// The place of a field in its type.
    Field(usize, Form),
    /// A struct that Go embeds: its fields are the type's own.
    Embedded(Message),
}

/// A field's form, where its shape does not tell it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Plain,
    /// `JSONSchemaPropsOrArray`.
    SchemaOrList,
    /// `JSONSchemaPropsOrBool`.
    SchemaOrBool,
    /// `JSONSchemaPropsOrStringArray`, in a map.
    SchemaOrTexts,
}

impl Codec {
    /// Lays out the messages of all types.
    pub fn new(schemas: &Schemas) -> Self {
        Self { messages: schemas.types().iter().map(layout).collect() }
    }

    fn message(&self, id: TypeId) -> &Message {
        &self.messages[id.0 as usize]
    }
}

fn layout(kind: &Type) -> Message {
    let mut message = Message::default();
    for (place, field) in kind.fields.iter().enumerate() {
        let Some(number) = field.number else { continue };
        let mut target = &mut message;
        for outer in &field.within {
            target = target.embedded(*outer);
        }
        target.slots.push((number, Slot::Field(place, form(kind, &field.name, &field.shape))));
    }
    message.sort();
    message
}

/// A schema's own fields that hold schemas are any JSON to their table.
fn form(kind: &Type, name: &str, shape: &Shape) -> Form {
    let json = match shape {
        Shape::Map(value, _) => **value == Shape::Json,
        shape => *shape == Shape::Json,
    };
    match name {
        _ if !json || !kind.name.ends_with(".JSONSchemaProps") => Form::Plain,
        "items" => Form::SchemaOrList,
        "additionalProperties" | "additionalItems" => Form::SchemaOrBool,
        "dependencies" => Form::SchemaOrTexts,
        _ => Form::Plain,
    }
}

impl Message {
    fn embedded(&mut self, number: u32) -> &mut Message {
        let known = self.slots.iter().position(|(own, _)| *own == number);
        let at = known.unwrap_or_else(|| {
            self.slots.push((number, Slot::Embedded(Message::default())));
            self.slots.len() - 1
        });
        match &mut self.slots[at].1 {
            Slot::Embedded(inner) => inner,
            Slot::Field(..) => panic!("number {number} is a field's and a struct's"),
        }
    }

    fn sort(&mut self) {
        self.slots.sort_by_key(|(number, _)| *number);
        for (_, slot) in &mut self.slots {
            if let Slot::Embedded(inner) = slot {
                inner.sort();
            }
        }
    }

    fn slot(&self, number: u64) -> Option<&Slot> {
        let at = self.slots.binary_search_by_key(&number, |(own, _)| u64::from(*own)).ok()?;
        Some(&self.slots[at].1)
    }
}

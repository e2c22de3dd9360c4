//! JSON from a client into an object of a type: what is unknown goes, what is wrong is told in
//! upstream's words, what has several forms gets the canonical one.
//!
//! Upstream: `sigs.k8s.io/json` and the `UnmarshalJSON` methods of apimachinery's types. What comes
//! out is what upstream's structs hold: empty values of fields that lose them are gone, a null is
//! nothing. [`complete`] adds what those structs write unasked.

mod complete;
mod scan;
mod typed;
mod untyped;
mod yaml;

pub use complete::complete;
pub use untyped::type_meta;
pub use yaml::{Converted, yaml};

use crate::schema::{Schemas, TypeId};
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeSet, fmt::Write};
use thiserror::Error;

/// Lists and objects inside each other. Upstream goes to 10,000, which a thread's stack here does
/// not; objects that mean something are some dozens deep.
pub const DEPTH_MAX: usize = 500;
/// Upstream keeps that many complaints of a strict decoder.
const COMPLAINTS_MAX: usize = 100;

/// An object, and what a strict decoder would complain of.
#[derive(Clone, PartialEq, Debug)]
pub struct Decoded {
    /// The object.
    pub value: Value,
    /// `unknown field "spec.foo"`, `duplicate field "spec.replicas"`, in the order of the text.
    pub complaints: Vec<String>,
}

/// Why bytes are no object of a type; the texts are Go's.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum DecodeError {
    /// It is no JSON.
    #[error("{0}")]
    Syntax(String),
    /// A value is of another type than its field.
    #[error("{0}")]
    Mismatch(String),
}

/// Reads an object of a type.
///
/// # Errors
/// Bytes that are no JSON, and values that do not fit their fields.
pub fn decode(schemas: &Schemas, id: TypeId, bytes: &[u8]) -> Result<Decoded, DecodeError> {
    typed::decode(schemas, id, bytes)
}

/// Reads JSON of which no type is known: a custom resource.
///
/// # Errors
/// Bytes that are no JSON.
pub fn decode_any(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    untyped::decode(bytes)
}

/// Where in an object something is.
enum Step<'a> {
    Name(Cow<'a, str>),
    Index(usize),
}

/// `spec.containers[0].foo`.
fn path(steps: &[Step<'_>], name: &str) -> String {
    let mut text = String::new();
    for step in steps {
        let _ = match step {
            Step::Name(name) if text.is_empty() => write!(text, "{name}"),
            Step::Name(name) => write!(text, ".{name}"),
            Step::Index(index) => write!(text, "[{index}]"),
        };
    }
    if !text.is_empty() {
        text.push('.');
    }
    text + name
}

/// What is said about fields, each thing once.
#[derive(Default)]
struct Complaints {
    said: BTreeSet<String>,
    list: Vec<String>,
}

impl Complaints {
    fn add(&mut self, what: &str, steps: &[Step<'_>], name: &str) {
        if self.list.len() >= COMPLAINTS_MAX {
            return;
        }
        let text = format!("{what} field {:?}", path(steps, name));
        if self.said.insert(text.clone()) {
            self.list.push(text);
        }
    }
}

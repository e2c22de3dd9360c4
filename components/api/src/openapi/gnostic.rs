//! The second version's document as protobuf, by gnostic's numbers: what kubectl and client-go read.
//!
//! Upstream: `gnostic-models/openapiv2/OpenAPIv2.proto`. Free values and extensions are YAML there,
//! of which JSON is a part.

use crate::protobuf::wire::{FIXED64, put_bytes, put_message, put_signed, put_tag};
use serde_json::Value;

/// Writes a message that a value is made to.
type Write = fn(&mut Vec<u8>, &Value);

/// How a member is written.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Texts,
    Flag,
    Integer,
    Number,
    /// A value of any type.
    Free,
    Frees,
    Message(Write),
    Messages(Write),
}

/// A member's name, its number and its form.
type Field = (&'static str, u32, Form);

use Form::{Flag, Free, Frees, Integer, Message, Messages, Number, Text, Texts};

const DOCUMENT: &[Field] = &[
    ("swagger", 1, Text),
    ("info", 2, Message(info)),
    ("paths", 8, Message(paths)),
    ("definitions", 9, Message(definitions)),
    ("parameters", 10, Message(parameters)),
    ("security", 12, Messages(requirement)),
    ("securityDefinitions", 13, Message(security)),
];
const PATH: &[Field] = &[
    ("get", 2, Message(operation)),
    ("put", 3, Message(operation)),
    ("post", 4, Message(operation)),
    ("delete", 5, Message(operation)),
    ("options", 6, Message(operation)),
    ("head", 7, Message(operation)),
    ("patch", 8, Message(operation)),
    ("parameters", 9, Messages(parameter_or_reference)),
];
const OPERATION: &[Field] = &[
    ("tags", 1, Texts),
    ("description", 3, Text),
    ("operationId", 5, Text),
    ("produces", 6, Texts),
    ("consumes", 7, Texts),
    ("parameters", 8, Messages(parameter_or_reference)),
    ("responses", 9, Message(responses)),
    ("schemes", 10, Texts),
];
const BODY: &[Field] = &[
    ("description", 1, Text),
    ("name", 2, Text),
    ("in", 3, Text),
    ("required", 4, Flag),
    ("schema", 5, Message(schema)),
];
/// A parameter of a path lacks `allowEmptyValue`: what follows has smaller numbers.
const IN_PATH: &[Field] = &[
    ("required", 1, Flag),
    ("in", 2, Text),
    ("description", 3, Text),
    ("name", 4, Text),
    ("type", 5, Text),
    ("format", 6, Text),
    ("uniqueItems", 19, Flag),
];
const IN_QUERY: &[Field] = &[
    ("required", 1, Flag),
    ("in", 2, Text),
    ("description", 3, Text),
    ("name", 4, Text),
    ("type", 6, Text),
    ("format", 7, Text),
    ("uniqueItems", 20, Flag),
];
const SCHEMA: &[Field] = &[
    ("$ref", 1, Text),
    ("format", 2, Text),
    ("title", 3, Text),
    ("description", 4, Text),
    ("default", 5, Free),
    ("multipleOf", 6, Number),
    ("maximum", 7, Number),
    ("exclusiveMaximum", 8, Flag),
    ("minimum", 9, Number),
    ("exclusiveMinimum", 10, Flag),
    ("maxLength", 11, Integer),
    ("minLength", 12, Integer),
    ("pattern", 13, Text),
    ("maxItems", 14, Integer),
    ("minItems", 15, Integer),
    ("uniqueItems", 16, Flag),
    ("maxProperties", 17, Integer),
    ("minProperties", 18, Integer),
    ("required", 19, Texts),
    ("enum", 20, Frees),
    ("additionalProperties", 21, Message(additional)),
    ("type", 22, Message(texts)),
    ("items", 23, Message(items)),
    ("allOf", 24, Messages(schema)),
    ("properties", 25, Message(definitions)),
    ("externalDocs", 29, Message(documentation)),
    ("example", 30, Free),
];

/// The document of the second version in gnostic's form.
pub fn encode(swagger: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    fields(&mut out, swagger, DOCUMENT, 16);
    out
}

/// Writes an object's members; those that begin with `x-` go to the number `extensions`.
fn fields(out: &mut Vec<u8>, value: &Value, known: &[Field], extensions: u32) {
    for (name, member) in value.as_object().into_iter().flatten() {
        match known.iter().find(|(key, ..)| key == name) {
            Some((_, number, form)) => put(out, *number, *form, member),
            None if name.starts_with("x-") => entry(out, extensions, name, member, free),
            None => {}
        }
    }
}

fn put(out: &mut Vec<u8>, number: u32, form: Form, value: &Value) {
    let each = || value.as_array().into_iter().flatten();
    match form {
        Text => put_bytes(out, number, value.as_str().unwrap_or_default().as_bytes()),
        Texts => each().for_each(|one| put(out, number, Text, one)),
        Flag => put_signed(out, number, i64::from(value == true)),
        Integer => put_signed(out, number, value.as_i64().unwrap_or_default()),
        Number => {
            put_tag(out, number, FIXED64);
            out.extend(value.as_f64().unwrap_or_default().to_le_bytes());
        }
        Free => put_message(out, number, |out| free(out, value)),
        Frees => each().for_each(|one| put(out, number, Free, one)),
        Message(write) => put_message(out, number, |out| write(out, value)),
        Messages(write) => each().for_each(|one| put(out, number, Message(write), one)),
    }
}

/// A name and what it stands for.
fn entry(out: &mut Vec<u8>, number: u32, name: &str, value: &Value, write: Write) {
    put_message(out, number, |out| {
        put_bytes(out, 1, name.as_bytes());
        put_message(out, 2, |out| write(out, value));
    });
}

fn entries(out: &mut Vec<u8>, number: u32, value: &Value, write: Write) {
    for (name, member) in value.as_object().into_iter().flatten() {
        entry(out, number, name, member, write);
    }
}

/// A value as YAML.
fn free(out: &mut Vec<u8>, value: &Value) {
    put_bytes(out, 2, value.to_string().as_bytes());
}

fn info(out: &mut Vec<u8>, value: &Value) {
    fields(out, value, &[("title", 1, Text), ("version", 2, Text)], 7);
}

fn paths(out: &mut Vec<u8>, value: &Value) {
    entries(out, 2, value, |out, path| fields(out, path, PATH, 10));
}

fn operation(out: &mut Vec<u8>, value: &Value) {
    fields(out, value, OPERATION, 13);
}

fn definitions(out: &mut Vec<u8>, value: &Value) {
    entries(out, 1, value, schema);
}

fn parameters(out: &mut Vec<u8>, value: &Value) {
    entries(out, 1, value, parameter);
}

fn parameter_or_reference(out: &mut Vec<u8>, value: &Value) {
    match value.get("$ref") {
        Some(_) => put_message(out, 2, |out| fields(out, value, &[("$ref", 1, Text)], 0)),
        None => put_message(out, 1, |out| parameter(out, value)),
    }
}

fn parameter(out: &mut Vec<u8>, value: &Value) {
    match value["in"].as_str() {
        Some("body") => put_message(out, 1, |out| fields(out, value, BODY, 6)),
        Some("path") => put_message(out, 2, |out| {
            put_message(out, 4, |out| fields(out, value, IN_PATH, 22));
        }),
        _ => put_message(out, 2, |out| {
            put_message(out, 3, |out| fields(out, value, IN_QUERY, 23));
        }),
    }
}

fn responses(out: &mut Vec<u8>, value: &Value) {
    // The first of an answer and a reference; the first of a schema and a file's.
    entries(out, 1, value, |out, response| {
        put_message(out, 1, |out| {
            let in_place: Write = |out, value| put_message(out, 1, |out| schema(out, value));
            fields(out, response, &[("description", 1, Text), ("schema", 2, Message(in_place))], 5);
        });
    });
}

fn schema(out: &mut Vec<u8>, value: &Value) {
    fields(out, value, SCHEMA, 31);
}

fn additional(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Bool(_) => put(out, 2, Flag, value),
        _ => put(out, 1, Message(schema), value),
    }
}

/// One type, or several.
fn texts(out: &mut Vec<u8>, value: &Value) {
    put(out, 1, if value.is_array() { Texts } else { Text }, value);
}

/// One schema, or one for each place.
fn items(out: &mut Vec<u8>, value: &Value) {
    put(out, 1, if value.is_array() { Messages(schema) } else { Message(schema) }, value);
}

fn documentation(out: &mut Vec<u8>, value: &Value) {
    fields(out, value, &[("description", 1, Text), ("url", 2, Text)], 3);
}

fn security(out: &mut Vec<u8>, value: &Value) {
    entries(out, 1, value, |out, one| {
        // A key: the only kind that we say we take.
        let key = [("type", 1, Text), ("name", 2, Text), ("in", 3, Text), ("description", 4, Text)];
        put_message(out, 2, |out| fields(out, one, &key, 5));
    });
}

fn requirement(out: &mut Vec<u8>, value: &Value) {
    entries(out, 1, value, |out, scopes| put(out, 1, Texts, scopes));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Bytes as `OpenAPIv2.proto` says.
    #[test]
    fn messages() {
        let cases: [(Write, Value, &str); 9] = [
            (info, json!({"title": "K", "version": "v1"}), "0a014b 12027631"),
            (schema, json!({"type": "string"}), "b2010 80a06737472696e67"),
            (schema, json!({"items": {"$ref": "#/a"}}), "ba01 07 0a05 0a03232f61"),
            (schema, json!({"properties": {"a": {}}}), "ca01 07 0a05 0a0161 1200"),
            (schema, json!({"x-a": [1]}), "fa01 0c 0a03782d61 1205 12035b315d"),
            (schema, json!({"maximum": 1.0}), "39 000000000000f03f"),
            (schema, json!({"additionalProperties": true}), "aa01 02 1001"),
            (parameter, json!({"in": "query", "name": "a"}), "120c 1a0a 12057175657279 220161"),
            (parameter_or_reference, json!({"$ref": "b"}), "1203 0a0162"),
        ];
        for (write, value, expected) in cases {
            let mut out = Vec::new();
            write(&mut out, &value);
            assert_eq!(hex(&out), expected.replace(' ', ""), "{value}");
        }
    }
}

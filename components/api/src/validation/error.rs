//! What is wrong with a field, told in upstream's words: clients parse them.
//!
//! Upstream: apimachinery/pkg/util/validation/field/errors.go.

use serde_json::Value;
use std::fmt::{self, Write};

/// All that is wrong with an object, in the order in which it was found.
pub type Errors = Vec<Error>;

/// In which way a field is wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ErrorKind {
    /// Nothing is there.
    Required,
    /// The value is malformed.
    Invalid,
    /// The value is none of a list.
    NotSupported,
    /// The value would be right elsewhere.
    Forbidden,
    /// The value is there already.
    Duplicate,
    /// What the value names is not there.
    NotFound,
    /// The value is of another type.
    TypeInvalid,
    /// The text is too long; it is not repeated.
    TooLong,
    /// The list has too many items.
    TooMany,
    /// The list has too few items.
    TooFew,
    /// The check itself failed.
    Internal,
}

impl ErrorKind {
    /// For machines: the reason of a `StatusCause`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::Duplicate => "FieldValueDuplicate",
            Self::NotFound => "FieldValueNotFound",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TooFew => "FieldValueTooFew",
            Self::Internal => "InternalError",
        }
    }

    /// For people.
    fn title(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::Duplicate => "Duplicate value",
            Self::NotFound => "Not found",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::TooFew => "Too few",
            Self::Internal => "Internal error",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Debug)]
pub struct Error {
    /// In which way.
    pub kind: ErrorKind,
    /// Where: `spec.containers[0].name`; empty for the whole object.
    pub field: String,
    /// What is there; nothing where it is not to be repeated.
    pub value: Option<Value>,
    /// Why it is wrong; may be empty.
    pub detail: String,
}

/// The name of no field.
const NOWHERE: &str = "<nil>";

impl Error {
    fn at(kind: ErrorKind, field: &str, value: Option<Value>, detail: &str) -> Self {
        let field = if field.is_empty() { NOWHERE } else { field };
        // Go prints no value as the text that stands for it.
        let value = value.map(|value| if value.is_null() { "null".into() } else { value });
        Self { kind, field: field.into(), value, detail: detail.into() }
    }

    /// A field that has to be there.
    pub fn required(field: &str, detail: &str) -> Self {
        Self::at(ErrorKind::Required, field, None, detail)
    }

    /// A field that must not be there.
    pub fn forbidden(field: &str, detail: &str) -> Self {
        Self::at(ErrorKind::Forbidden, field, None, detail)
    }

    /// A value that is wrong.
    pub fn invalid(field: &str, value: impl Into<Value>, detail: &str) -> Self {
        Self::at(ErrorKind::Invalid, field, Some(value.into()), detail)
    }

    /// A value of another type.
    pub fn mistyped(field: &str, value: impl Into<Value>, detail: &str) -> Self {
        Self::at(ErrorKind::TypeInvalid, field, Some(value.into()), detail)
    }

    /// A value that is there already.
    pub fn duplicate(field: &str, value: impl Into<Value>) -> Self {
        Self::at(ErrorKind::Duplicate, field, Some(value.into()), "")
    }

    /// A value that is none of those that are known.
    pub fn unsupported(field: &str, value: impl Into<Value>, known: &[String]) -> Self {
        let known: Vec<String> = known.iter().map(|one| quoted(one)).collect();
        let detail = format!("supported values: {}", known.join(", "));
        Self::at(ErrorKind::NotSupported, field, Some(value.into()), &detail)
    }

    /// A text with more bytes than allowed.
    pub fn too_long(field: &str, most: i64) -> Self {
        let detail = format!("may not be more than {most} bytes");
        Self::at(ErrorKind::TooLong, field, None, &detail)
    }

    /// A collection with more elements than allowed.
    pub fn too_many(field: &str, count: usize, most: i64) -> Self {
        let detail = format!("must have at most {most} items");
        Self::at(ErrorKind::TooMany, field, Some(count.into()), &detail)
    }

    /// What a `StatusCause` says: all but the field.
    pub fn body(&self) -> String {
        let mut text = self.kind.title().to_owned();
        let value = self.value.as_ref().filter(|_| !self.is_silent());
        if let Some(value) = value {
            text += ": ";
            text += &printed(value);
        }
        if !self.detail.is_empty() {
            text += ": ";
            text += &self.detail;
        }
        text
    }

    /// Some kinds never repeat the value.
    fn is_silent(&self) -> bool {
        use ErrorKind::{Forbidden, Internal, Required, TooLong};
        matches!(self.kind, Required | Forbidden | TooLong | Internal)
    }
}

impl fmt::Display for Error {
    /// `spec.replicas: Invalid value: -1: must be greater than or equal to 0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

/// Text as `%q` prints it, all else as JSON.
fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// Go's `%q`.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        let _ = match letter {
            '"' => quoted.write_str("\\\""),
            '\\' => quoted.write_str("\\\\"),
            '\n' => quoted.write_str("\\n"),
            '\r' => quoted.write_str("\\r"),
            '\t' => quoted.write_str("\\t"),
            '\u{7}' => quoted.write_str("\\a"),
            '\u{8}' => quoted.write_str("\\b"),
            '\u{c}' => quoted.write_str("\\f"),
            '\u{b}' => quoted.write_str("\\v"),
            other if other.is_ascii_control() => write!(quoted, "\\x{:02x}", u32::from(other)),
            other if other.is_control() => write!(quoted, "\\u{:04x}", u32::from(other)),
            other => quoted.write_char(other),
        };
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bodies() {
        use ErrorKind::{Duplicate, Forbidden, Invalid, NotSupported, Required, TooLong, TooMany};
        let cases = [
            (Required, json!(""), "", "Required value"),
            (Required, json!(""), "must be set", "Required value: must be set"),
            (Invalid, json!("a\"\u{1}"), "no", r#"Invalid value: "a\"\x01": no"#),
            (Invalid, json!(-1), "no", "Invalid value: -1: no"),
            (Invalid, json!(null), "no", "Invalid value: null: no"),
            (Invalid, json!({"a": "b"}), "no", r#"Invalid value: {"a":"b"}: no"#),
            (Duplicate, json!("a"), "", r#"Duplicate value: "a""#),
            (Forbidden, json!("a"), "not now", "Forbidden: not now"),
            (TooLong, json!("a"), "may not be more", "Too long: may not be more"),
            (
                TooMany,
                json!(3),
                "must have at most 2 items",
                "Too many: 3: must have at most 2 items",
            ),
            (
                NotSupported,
                json!("x"),
                "supported values: \"a\"",
                r#"Unsupported value: "x": supported values: "a""#,
            ),
        ];
        for (kind, value, detail, body) in cases {
            let (field, value, detail) = (String::new(), Some(value), detail.to_owned());
            assert_eq!(Error { kind, field, value, detail }.body(), body);
        }
    }
}

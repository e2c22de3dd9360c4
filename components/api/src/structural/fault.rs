//! What is wrong with one field, in upstream's words.
//!
//! Upstream: apimachinery's pkg/util/validation/field (errors.go, path.go).

use serde_json::Value;

/// The kinds of faults; machines tell them apart by their reasons.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// It has to be there.
    Required,
    /// It is there twice.
    Duplicate,
    /// It is not what it has to be.
    Invalid,
    /// It is none of the values that are known.
    NotSupported,
    /// It must not be there.
    Forbidden,
    /// It has too many letters.
    TooLong,
    /// It has too many elements.
    TooMany,
    /// It is of another type.
    Type,
}

/// One fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Its kind.
    pub kind: FaultKind,
    /// `spec.replicas`; `<nil>` where it is the object as a whole.
    pub field: String,
    /// What is wrong, without the field.
    pub message: String,
}

/// The name of no field.
const NOWHERE: &str = "<nil>";

impl FaultKind {
    /// The reason of a status' cause.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::Type => "FieldValueTypeInvalid",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::Type => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
        }
    }
}

impl Fault {
    fn new(kind: FaultKind, field: &str, value: Option<&Value>, detail: &str) -> Self {
        let mut message = kind.word().to_owned();
        if let Some(value) = value {
            message.push_str(": ");
            // Go prints no value as the text that stands for it.
            message.push_str(&if value.is_null() { "\"null\"".into() } else { value.to_string() });
        }
        if !detail.is_empty() {
            message.push_str(": ");
            message.push_str(detail);
        }
        let field = if field.is_empty() { NOWHERE } else { field };
        Self { kind, field: field.into(), message }
    }

    /// A field that has to be there.
    pub fn required(field: &str, detail: &str) -> Self {
        Self::new(FaultKind::Required, field, None, detail)
    }

    /// A field that must not be there.
    pub fn forbidden(field: &str, detail: &str) -> Self {
        Self::new(FaultKind::Forbidden, field, None, detail)
    }

    /// A value that is wrong.
    pub fn invalid(field: &str, value: impl Into<Value>, detail: &str) -> Self {
        Self::new(FaultKind::Invalid, field, Some(&value.into()), detail)
    }

    /// A value of another type.
    pub fn mistyped(field: &str, value: impl Into<Value>, detail: &str) -> Self {
        Self::new(FaultKind::Type, field, Some(&value.into()), detail)
    }

    /// A value that is there already.
    pub fn duplicate(field: &str, value: impl Into<Value>) -> Self {
        Self::new(FaultKind::Duplicate, field, Some(&value.into()), "")
    }

    /// A value that is none of those that are known.
    pub fn unsupported(field: &str, value: impl Into<Value>, known: &[String]) -> Self {
        let known: Vec<String> = known.iter().map(|one| format!("{one:?}")).collect();
        let detail = format!("supported values: {}", known.join(", "));
        Self::new(FaultKind::NotSupported, field, Some(&value.into()), &detail)
    }

    /// A text with more bytes than allowed.
    pub fn too_long(field: &str, most: i64) -> Self {
        let detail = format!("may not be more than {most} bytes");
        Self::new(FaultKind::TooLong, field, None, &detail)
    }

    /// A collection with more elements than allowed.
    pub fn too_many(field: &str, count: usize, most: i64) -> Self {
        let detail = format!("must have at most {most} items");
        Self::new(FaultKind::TooMany, field, Some(&count.into()), &detail)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// A field of the object at a path: `spec.replicas`.
pub fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// An item of the list at a path: `spec.ports[0]`.
pub fn index(path: &str, place: usize) -> String {
    format!("{path}[{place}]")
}

/// A value of the map at a path: `spec.limits[cpu]`.
pub fn key(path: &str, name: &str) -> String {
    format!("{path}[{name}]")
}

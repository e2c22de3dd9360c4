//! How a field is patched: its shape and its patch strategy, by the name of the field.
//!
//! Upstream: apimachinery's pkg/util/strategicpatch/meta.go over struct tags.

use super::PatchError;
use crate::schema::{PatchStrategy, Schemas, Shape};

/// A field, or a value of a map.
pub(super) struct Place<'a> {
    pub(super) shape: &'a Shape,
    strategy: Option<&'a PatchStrategy>,
}

/// A list, with what tells its items apart.
#[derive(Clone, Copy)]
pub(super) struct List<'a> {
    /// What an item is.
    pub(super) item: &'a Shape,
    /// Items are merged, not replaced.
    pub(super) merge: bool,
    /// The field of an item that tells it apart; `None` for items that are compared whole.
    pub(super) key: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// The field of that name in an object of that shape.
    pub(super) fn find(
        schemas: &'a Schemas,
        shape: &'a Shape,
        name: &str,
    ) -> Result<Self, PatchError> {
        let unknown = |kind: &str| {
            bad(format!("unable to find api field in struct {kind} for the json field {name:?}"))
        };
        match shape {
            Shape::Object(kind, _) => {
                let kind = schemas.at(*kind);
                let field = kind.field(name).ok_or_else(|| unknown(last(&kind.name)))?;
                Ok(Self { shape: &field.shape, strategy: Some(&field.patch) })
            }
            Shape::Map(value, _) => Ok(Self { shape: value, strategy: None }),
            Shape::Raw => Err(unknown("RawExtension")),
            Shape::Json => Err(unknown("JSON")),
            Shape::Fields => Err(unknown("FieldsV1")),
            _ => {
                Err(bad(format!("unable to find api field in scalar for the json field {name:?}")))
            }
        }
    }

    /// An object here takes the other's place, where it would be merged.
    pub(super) fn replaced(&self) -> bool {
        self.strategy.is_some_and(|it| it.replace)
    }

    /// The field as a list.
    pub(super) fn list(self) -> Result<List<'a>, PatchError> {
        match self.shape {
            Shape::List(item, _) if matches!(**item, Shape::List(..)) => {
                Err(bad("unexpected slice of slice".to_owned()))
            }
            Shape::List(item, _) => Ok(List {
                item,
                merge: self.strategy.is_some_and(|it| it.merge),
                key: self.strategy.and_then(|it| it.merge_key.as_deref()),
            }),
            _ => Err(bad("expected slice or array type, but got: struct".to_owned())),
        }
    }
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A patch that makes no sense.
pub(super) fn bad(why: String) -> PatchError {
    PatchError::BadRequest(why)
}

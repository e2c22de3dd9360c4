//! Rows of custom resources, whose definitions say by paths what their columns hold.
//!
//! Upstream: apiextensions-apiserver's
//! pkg/registry/customresource/tableconvertor/tableconvertor.go.

use super::view::View;
use crate::{json_path::JsonPath, time::Moment};
use serde_json::{Value, json};

/// A column of a definition's `additionalPrinterColumns`.
#[derive(Clone, PartialEq, Debug)]
pub struct CustomColumn {
    /// `integer`, `number`, `string`, `boolean` or `date`.
    pub kind: String,
    /// Where its value is.
    pub path: JsonPath,
}

/// An object's name and the values of its columns; null where there is none, or one of another
/// type.
pub fn custom_cells(columns: &[CustomColumn], object: &Value, now: Moment) -> Vec<Value> {
    let view = View { object, now };
    let cell = |column: &CustomColumn| {
        let found = column.path.find(object).into_iter().next();
        found.map_or(Value::Null, |value| cell(view, &column.kind, value))
    };
    std::iter::once(view.name()).chain(columns.iter().map(cell)).collect()
}

fn cell(view: View<'_>, kind: &str, value: &Value) -> Value {
    match (kind, value) {
        ("string", Value::String(_)) => value.clone(),
        ("string", Value::Null) => json!("<nil>"),
        ("string", other) => json!(other.to_string()),
        ("integer", Value::Number(number)) => {
            // Go cuts off what is behind the point.
            #[allow(clippy::cast_possible_truncation)]
            let whole = || number.as_f64().map(|it| it as i64);
            json!(number.as_i64().or_else(whole))
        }
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => value.clone(),
        ("date", Value::String(moment)) => match Moment::parse(moment) {
            Ok(_) => json!(view.since(moment)),
            Err(_) => json!("<invalid>"),
        },
        _ => Value::Null,
    }
}

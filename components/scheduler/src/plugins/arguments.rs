//! What plugins read of the arguments that a profile gives them.

use serde_json::Value;

/// A whole number, or what it is where nothing is said.
pub(super) fn number(arguments: &Value, member: &str, default: i64) -> Result<i64, String> {
    match &arguments[member] {
        Value::Null => Ok(default),
        said => said.as_i64().ok_or_else(|| format!("{member}: Invalid value: {said}")),
    }
}

/// A number that lies within a range.
pub(super) fn within(
    arguments: &Value,
    member: &str,
    default: i64,
    (least, most): (i64, i64),
) -> Result<i64, String> {
    let said = number(arguments, member, default)?;
    match (least..=most).contains(&said) {
        true => Ok(said),
        false => {
            Err(format!("{member}: Invalid value: {said}: not in valid range [{least}-{most}]"))
        }
    }
}

/// True or false; false where nothing is said.
pub(super) fn flag(arguments: &Value, member: &str) -> bool {
    arguments[member].as_bool().unwrap_or(false)
}

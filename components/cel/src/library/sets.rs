//! Lists as sets.
//!
//! Upstream: cel-go `ext/sets.go`.

use super::arguments::list;
use crate::{
    functions::Functions,
    types::Type,
    value::{EvalError, List, Value},
};

pub(super) fn declare(f: &mut Functions) {
    let two = [Type::list(Type::Param("T")), Type::list(Type::Param("T"))];
    f.global("sets.contains", "list_sets_contains_list", &two, Type::Bool, |args| {
        Ok(Value::Bool(within(list(args, 1)?, list(args, 0)?)?))
    });
    f.global("sets.intersects", "list_sets_intersects_list", &two, Type::Bool, |args| {
        let (one, other) = (list(args, 0)?, list(args, 1)?);
        for item in one.iter() {
            if other.contains(&item?)? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    });
    f.global("sets.equivalent", "list_sets_equivalent_list", &two, Type::Bool, |args| {
        let (one, other) = (list(args, 0)?, list(args, 1)?);
        Ok(Value::Bool(within(one, other)? && within(other, one)?))
    });
}

/// Whether every element of one is in the other.
fn within(part: &List<'_>, whole: &List<'_>) -> Result<bool, EvalError> {
    for item in part.iter() {
        if !whole.contains(&item?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

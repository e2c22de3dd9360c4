//! Values that may not be there.
//!
//! Upstream: cel-go `cel/library.go` (`OptionalTypes`).

use super::{
    arguments::{list, optional, taken, value},
    standard::unreached,
};
use crate::{
    ast::operator,
    functions::Functions,
    types::Type,
    value::{EvalError, Value},
};

pub(super) fn declare(f: &mut Functions) {
    let v = || Type::Param("V");
    let some = || Type::optional(Type::Param("V"));
    f.global("optional.of", "optional_of", &[v()], some(), |args| Ok(taken(args, 0).some()));
    f.global("optional.ofNonZeroValue", "optional_ofNonZeroValue", &[v()], some(), |args| {
        let value = taken(args, 0);
        Ok(if value.is_zero() { Value::Optional(None) } else { value.some() })
    });
    f.global("optional.none", "optional_none", &[], some(), |_| Ok(Value::Optional(None)));
    f.member("value", "optional_value", &[some()], v(), |args| match optional(args, 0)? {
        Some(it) => Ok((**it).clone()),
        None => Err(EvalError::new("optional.none() dereference")),
    });
    f.member("hasValue", "optional_hasValue", &[some()], Type::Bool, |args| {
        Ok(Value::Bool(optional(args, 0)?.is_some()))
    });
    f.member("or", "optional_or_optional", &[some(), some()], some(), |args| {
        let first = optional(args, 0)?.is_some();
        Ok(taken(args, usize::from(!first)))
    });
    f.member("orValue", "optional_orValue_value", &[some(), v()], v(), |args| {
        match optional(args, 0)? {
            Some(it) => Ok((**it).clone()),
            None => Ok(taken(args, 1)),
        }
    });
    declare_elements(f);
    declare_lists(f);
}

/// `a[?b]`, and `a[b]` of an optional `a`.
fn declare_elements(f: &mut Functions) {
    let (k, v) = (Type::Param("K"), Type::Param("V"));
    let some = Type::optional(v.clone());
    let (elements, entries) = (Type::list(v.clone()), Type::map(k.clone(), v));
    let (some_list, some_map) = (Type::optional(elements.clone()), Type::optional(entries.clone()));
    let mut index = |name, id, of: &Type, by: &Type| {
        f.global(name, id, &[of.clone(), by.clone()], some.clone(), unreached);
    };
    index(operator::OPT_INDEX, "list_optindex_optional_int", &elements, &Type::Int);
    index(operator::OPT_INDEX, "optional_list_optindex_optional_int", &some_list, &Type::Int);
    index(operator::OPT_INDEX, "map_optindex_optional_value", &entries, &k);
    index(operator::OPT_INDEX, "optional_map_optindex_optional_value", &some_map, &k);
    index(operator::INDEX, "optional_list_index_int", &some_list, &Type::Int);
    index(operator::INDEX, "optional_map_index_value", &some_map, &k);
}

fn declare_lists(f: &mut Functions) {
    let elements = || Type::list(Type::Param("V"));
    let some = || Type::optional(Type::Param("V"));
    f.member("first", "list_first", &[elements()], some(), |args| {
        Ok(match list(args, 0)?.get(0) {
            Some(it) => it?.some(),
            None => Value::Optional(None),
        })
    });
    f.member("last", "list_last", &[elements()], some(), |args| {
        let list = list(args, 0)?;
        Ok(match list.len().checked_sub(1).and_then(|it| list.get(it)) {
            Some(it) => it?.some(),
            None => Value::Optional(None),
        })
    });
    let wrapped = [Type::list(some())];
    f.global("optional.unwrap", "optional_unwrap", &wrapped, elements(), unwrap);
    f.member("unwrapOpt", "optional_unwrapOpt", &wrapped, elements(), unwrap);
}

fn unwrap<'a>(args: &mut [Value<'a>]) -> crate::value::Outcome<'a> {
    let mut found = Vec::new();
    for item in list(args, 0)?.iter() {
        match item? {
            Value::Optional(it) => found.extend(it.map(|it| (*it).clone())),
            other => {
                let kind = value(&[other], 0)?.type_of();
                return Err(EvalError::new(format!("value is not optional: {}", kind.name())));
            }
        }
    }
    Ok(Value::list(found))
}

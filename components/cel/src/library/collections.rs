//! Sizes, membership, indexing.
//!
//! Upstream: cel-go `common/stdlib/standard.go`; `cel.@mapInsert` of `ext/comprehensions.go`.

use super::{
    arguments::{list, map, taken, value},
    standard::unreached,
};
use crate::{
    ast::operator,
    functions::Functions,
    macros::MAP_INSERT,
    types::Type,
    value::{EvalError, Key, Outcome, Value},
};

pub(super) fn declare(f: &mut Functions) {
    use Type::{Bool, Bytes, Int, String};
    let a = || Type::Param("A");
    let elements = || Type::list(Type::Param("A"));
    let entries = || Type::map(Type::Param("A"), Type::Param("B"));
    for (global, member, of) in [
        ("size_bytes", "bytes_size", Bytes),
        ("size_list", "list_size", elements()),
        ("size_map", "map_size", entries()),
        ("size_string", "string_size", String),
    ] {
        f.global("size", global, std::slice::from_ref(&of), Int, size);
        f.member("size", member, &[of], Int, size);
    }
    f.global(operator::IN, "in_list", &[a(), elements()], Bool, |args| {
        Ok(Value::Bool(list(args, 1)?.contains(value(args, 0)?)?))
    });
    f.global(operator::IN, "in_map", &[a(), entries()], Bool, |args| {
        let key = Key::new(value(args, 0)?);
        let found = key.and_then(|it| map(args, 1).ok()?.get(&it));
        Ok(Value::Bool(found.is_some()))
    });
    f.global(operator::INDEX, "index_list", &[elements(), Int], a(), unreached);
    f.global(operator::INDEX, "index_map", &[entries(), a()], Type::Param("B"), unreached);
    f.global(MAP_INSERT, "@mapInsert_map_map", &[entries(), entries()], entries(), insert);
    let entry = [entries(), a(), Type::Param("B")];
    f.global(MAP_INSERT, "@mapInsert_map_key_value", &entry, entries(), insert);
}

fn size<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let size = value(args, 0)?.size();
    Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

fn insert<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let Value::Map(mut target) = taken(args, 0) else { return Err(EvalError::no_overload()) };
    match &*args {
        [_, key, value] => {
            let key = Key::new(key).ok_or_else(|| EvalError::new("unsupported key type"))?;
            target = target.insert(key, value.clone())?;
        }
        [_, Value::Map(more)] => {
            for (key, value) in more.iter() {
                target = target.insert(key, value?)?;
            }
        }
        _ => return Err(EvalError::no_overload()),
    }
    Ok(Value::Map(target))
}

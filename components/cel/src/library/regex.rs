//! `find` and `findAll`.
//!
//! Upstream: apiserver `pkg/cel/library/regex.go`.

use super::arguments::{int, text, value};
use crate::{
    functions::Functions,
    pattern,
    types::Type,
    value::{Outcome, Value},
};

pub(super) fn declare(f: &mut Functions) {
    use Type::{Int, String};
    f.member("find", "string_find_string", &[String, String], String, |args| {
        let pattern = pattern::of(value(args, 1)?)?;
        let found = pattern.regex().find(text(args, 0)?);
        Ok(Value::string(found.map_or("", |it| it.as_str())))
    });
    let all = Type::list(String);
    f.member("findAll", "string_find_all_string", &[String, String], all.clone(), find_all);
    f.member("findAll", "string_find_all_string_int", &[String, String, Int], all, find_all);
}

/// At most so many as the last argument says; all of them if it is negative.
fn find_all<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let limit = if args.len() > 2 { int(args, 2)? } else { -1 };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let pattern = pattern::of(value(args, 1)?)?;
    let found = pattern.regex().find_iter(text(args, 0)?).take(limit);
    Ok(Value::list(found.map(|it| Value::string(it.as_str())).collect()))
}

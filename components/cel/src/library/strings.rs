//! Functions of strings beyond the language's own. Positions count code points.
//!
//! Upstream: cel-go `ext/strings.go`, version 2.

mod formatting;

pub(crate) use formatting::complaint as format_complaint;

use super::arguments::{fitting_string, int, list, text};
use crate::{
    escape,
    functions::Functions,
    types::Type,
    value::{EvalError, Outcome, Value},
};

pub(super) fn declare(f: &mut Functions) {
    use Type::{Dyn, Int, String};
    let texts = || Type::list(String);
    f.member("charAt", "string_char_at_int", &[String, Int], String, char_at);
    f.member("indexOf", "string_index_of_string", &[String, String], Int, index_of);
    f.member("indexOf", "string_index_of_string_int", &[String, String, Int], Int, index_of);
    f.member("lastIndexOf", "string_last_index_of_string", &[String, String], Int, last_index_of);
    let id = "string_last_index_of_string_int";
    f.member("lastIndexOf", id, &[String, String, Int], Int, last_index_of);
    f.member("lowerAscii", "string_lower_ascii", &[String], String, |args| {
        Ok(Value::string(text(args, 0)?.to_ascii_lowercase()))
    });
    f.member("upperAscii", "string_upper_ascii", &[String], String, |args| {
        Ok(Value::string(text(args, 0)?.to_ascii_uppercase()))
    });
    let three = [String, String, String];
    f.member("replace", "string_replace_string_string", &three, String, replace);
    let four = [String, String, String, Int];
    f.member("replace", "string_replace_string_string_int", &four, String, replace);
    f.member("split", "string_split_string", &[String, String], texts(), split);
    f.member("split", "string_split_string_int", &[String, String, Int], texts(), split);
    f.member("substring", "string_substring_int", &[String, Int], String, substring);
    f.member("substring", "string_substring_int_int", &[String, Int, Int], String, substring);
    f.member("trim", "string_trim", &[String], String, |args| {
        Ok(Value::string(text(args, 0)?.trim()))
    });
    f.member("join", "list_join", &[texts()], String, join);
    f.member("join", "list_join_string", &[texts(), String], String, join);
    f.global("strings.quote", "strings_quote", &[String], String, |args| {
        Ok(Value::string(escape::quoted(text(args, 0)?)))
    });
    f.member("format", "string_format", &[String, Type::list(Dyn)], String, formatting::format);
}

/// What came with version 3, which Kubernetes does not have.
pub(super) fn declare_later(f: &mut Functions) {
    use Type::String;
    f.member("reverse", "string_reverse", &[String], String, |args| {
        Ok(Value::string(text(args, 0)?.chars().rev().collect::<std::string::String>()))
    });
}

fn out_of_range(at: i64) -> EvalError {
    EvalError::new(format!("index out of range: {at}"))
}

/// The byte at which a code point begins; the end counts.
fn byte_of(text: &str, at: i64) -> Option<usize> {
    let at = usize::try_from(at).ok()?;
    let mut starts = text.char_indices().map(|it| it.0).chain([text.len()]);
    starts.nth(at)
}

fn char_at<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (of, at) = (text(args, 0)?, int(args, 1)?);
    let start = byte_of(of, at).ok_or_else(|| out_of_range(at))?;
    let found = of.get(start..).and_then(|it| it.chars().next());
    Ok(Value::string(found.map(String::from).unwrap_or_default()))
}

fn code_points<'a>(of: &str, byte: usize) -> Outcome<'a> {
    let count = of.get(..byte).unwrap_or_default().chars().count();
    Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn index_of<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (of, part) = (text(args, 0)?, text(args, 1)?);
    let from = if args.len() > 2 { int(args, 2)? } else { 0 };
    if part.is_empty() {
        return Ok(Value::Int(from));
    }
    let start = byte_of(of, from).ok_or_else(|| out_of_range(from))?;
    match of.get(start..).and_then(|it| it.find(part)) {
        Some(found) => code_points(of, start + found),
        None => Ok(Value::Int(-1)),
    }
}

fn last_index_of<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (of, part) = (text(args, 0)?, text(args, 1)?);
    let length = i64::try_from(of.chars().count()).unwrap_or(i64::MAX);
    let from = if args.len() > 2 { Some(int(args, 2)?) } else { None };
    if part.is_empty() {
        return Ok(Value::Int(from.unwrap_or(length)));
    }
    if let Some(from) = from.filter(|it| !(0..=length).contains(it)) {
        return Err(out_of_range(from));
    }
    let last_start = from.and_then(|it| byte_of(of, it)).unwrap_or(of.len());
    let end = last_start.saturating_add(part.len()).min(of.len());
    // The part may begin at `from` and end behind it, but not cut a code point.
    let within = of.get(..end).or_else(|| of.get(..last_start)).unwrap_or_default();
    match within.rfind(part) {
        Some(found) => code_points(of, found),
        None => Ok(Value::Int(-1)),
    }
}

/// At most so many times as the last argument says; everywhere if it is negative.
fn replace<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (of, from, to) = (text(args, 0)?, text(args, 1)?, text(args, 2)?);
    let limit = if args.len() > 3 { int(args, 3)? } else { -1 };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let count = of.matches(from).take(limit).count();
    fitting_string(of.len().saturating_add(count.saturating_mul(to.len())))?;
    Ok(Value::string(of.replacen(from, to, limit)))
}

/// Into at most so many parts as the last argument says; all of them if it is negative.
fn split<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (of, by) = (text(args, 0)?, text(args, 1)?);
    let limit = if args.len() > 2 { int(args, 2)? } else { -1 };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let parts: Vec<String> = if by.is_empty() {
        code_point_parts(of, limit)
    } else {
        of.splitn(limit, by).map(str::to_owned).collect()
    };
    Ok(Value::list(parts.into_iter().map(Value::string).collect()))
}

/// Go splits by nothing between code points, and gives no empty parts.
fn code_point_parts(of: &str, limit: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = of;
    while let Some(first) = rest.chars().next() {
        if parts.len() + 1 >= limit {
            break;
        }
        parts.push(first.to_string());
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    if limit > 0 && !rest.is_empty() {
        parts.push(rest.to_owned());
    }
    parts
}

fn substring<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (of, start) = (text(args, 0)?, int(args, 1)?);
    let from = byte_of(of, start).ok_or_else(|| out_of_range(start))?;
    if args.len() < 3 {
        return Ok(Value::string(of.get(from..).unwrap_or_default()));
    }
    let end = int(args, 2)?;
    if start > end {
        let message = format!("invalid substring range. start: {start}, end: {end}");
        return Err(EvalError::new(message));
    }
    let to = byte_of(of, end).ok_or_else(|| out_of_range(end))?;
    Ok(Value::string(of.get(from..to).unwrap_or_default()))
}

fn join<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let between = if args.len() > 1 { text(args, 1)? } else { "" };
    let mut joined = String::new();
    for (at, item) in list(args, 0)?.iter().enumerate() {
        let item = item?;
        let part = item.as_str().ok_or_else(EvalError::no_overload)?;
        fitting_string(joined.len().saturating_add(between.len()).saturating_add(part.len()))?;
        joined.push_str(if at > 0 { between } else { "" });
        joined.push_str(part);
    }
    Ok(Value::string(joined))
}

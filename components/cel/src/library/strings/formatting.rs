//! `'%s has %d'.format([name, count])`.
//!
//! Upstream: cel-go `ext/formatting.go`.

use crate::{
    library::arguments::{fitting_string, list, text},
    value::{EvalError, Key, Outcome, Value},
};

/// Digits behind the point that a clause may ask for (cel-go `StringsMaxPrecision`'s default).
const PRECISION_MAX: usize = 1000;

pub(super) fn format<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (template, items) = (text(args, 0)?, list(args, 1)?);
    let mut out = String::new();
    let mut rest = template;
    let mut used = 0;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (clause, after) = Clause::read(after)?;
        let item = items
            .get(used)
            .ok_or_else(|| EvalError::new(format!("index {used} out of range")))??;
        clause.write(&item, &mut out)?;
        fitting_string(out.len())?;
        used += 1;
        rest = after;
    }
    out.push_str(rest);
    Ok(Value::string(out))
}

struct Clause {
    precision: Option<usize>,
    verb: char,
}

impl Clause {
    fn read(text: &str) -> Result<(Self, &str), EvalError> {
        let mut rest = text;
        let mut precision = None;
        if let Some(after) = text.strip_prefix('.') {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, after) = after.split_at(digits);
            let wrong = || EvalError::new("could not parse formatting clause: invalid precision");
            let wanted: usize = digits.parse().map_err(|_| wrong())?;
            if wanted > PRECISION_MAX {
                return Err(EvalError::new(format!("precision exceeds limit: {PRECISION_MAX}")));
            }
            precision = Some(wanted);
            rest = after;
        }
        let missing = || EvalError::new("unexpected end of string");
        let verb = rest.chars().next().ok_or_else(missing)?;
        Ok((Self { precision, verb }, rest.get(verb.len_utf8()..).unwrap_or_default()))
    }

    fn write(&self, item: &Value<'_>, out: &mut String) -> Result<(), EvalError> {
        match (self.verb, item) {
            ('s', _) => return shown(item, out),
            ('d', Value::Int(it)) => out.push_str(&it.to_string()),
            ('d', Value::Uint(it)) => out.push_str(&it.to_string()),
            ('f', _) if real(item).is_some() => {
                let value = real(item).unwrap_or_default();
                out.push_str(&finite(value, || format!("{value:.*}", self.precision.unwrap_or(6))));
            }
            ('e', _) if real(item).is_some() => {
                let value = real(item).unwrap_or_default();
                out.push_str(&finite(value, || exponential(value, self.precision.unwrap_or(6))));
            }
            ('b', Value::Int(it)) => out.push_str(&signed(*it, |it| format!("{it:b}"))),
            ('b', Value::Uint(it)) => out.push_str(&format!("{it:b}")),
            ('b', Value::Bool(it)) => out.push(if *it { '1' } else { '0' }),
            ('o', Value::Int(it)) => out.push_str(&signed(*it, |it| format!("{it:o}"))),
            ('o', Value::Uint(it)) => out.push_str(&format!("{it:o}")),
            ('x', _) => out.push_str(&hexadecimal(item).ok_or_else(|| self.refused(item))?),
            ('X', _) => {
                let digits = hexadecimal(item).ok_or_else(|| self.refused(item))?;
                out.push_str(&digits.to_uppercase());
            }
            ('d' | 'f' | 'e' | 'b' | 'o', _) => return Err(self.refused(item)),
            _ => {
                let message = format!(
                    "could not parse formatting clause: unrecognized formatting clause \"{}\"",
                    self.verb
                );
                return Err(EvalError::new(message));
            }
        }
        Ok(())
    }

    fn refused(&self, item: &Value<'_>) -> EvalError {
        let kind = item.type_of();
        let (takes, name) = match self.verb {
            'd' => ("integers", "decimal"),
            'f' => ("numbers", "fixed-point"),
            'e' => ("numbers", "scientific notation"),
            'b' => ("integers and bools", "binary"),
            'o' => ("integers", "octal"),
            _ => ("integers, byte buffers, and strings", "hex"),
        };
        EvalError::new(format!(
            "error during formatting: {name} clause can only be used on {takes}, was given {}",
            kind.name()
        ))
    }
}

fn real(item: &Value<'_>) -> Option<f64> {
    match item {
        Value::Double(it) => Some(*it),
        Value::Int(it) => Some(*it as f64),
        Value::Uint(it) => Some(*it as f64),
        Value::String(it) => match &**it {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn finite(value: f64, write: impl FnOnce() -> String) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    write()
}

/// Go writes at least two digits of the exponent, and its sign.
fn exponential(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn signed(value: i64, write: impl Fn(u64) -> String) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", write(value.unsigned_abs()))
}

fn hexadecimal(item: &Value<'_>) -> Option<String> {
    let bytes = |it: &[u8]| it.iter().map(|it| format!("{it:02x}")).collect::<String>();
    Some(match item {
        Value::Int(it) => signed(*it, |it| format!("{it:x}")),
        Value::Uint(it) => format!("{it:x}"),
        Value::String(it) => bytes(it.as_bytes()),
        Value::Bytes(it) => bytes(it),
        _ => return None,
    })
}

/// `%s`: any value; strings inside of lists and maps have no quotes.
fn shown(item: &Value<'_>, out: &mut String) -> Result<(), EvalError> {
    fitting_string(out.len())?;
    match item {
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                shown(&item?, out)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            let mut entries: Vec<(Key<'_>, Outcome<'_>)> = map.iter().collect();
            entries.sort_by_cached_key(|it| it.0.value().to_string());
            out.push('{');
            for (at, (key, value)) in entries.into_iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                shown(&key.value(), out)?;
                out.push_str(": ");
                shown(&value?, out)?;
            }
            out.push('}');
        }
        Value::Double(it) => out.push_str(&finite(*it, || item.to_string())),
        Value::Optional(_) | Value::Opaque(_) | Value::Scope(_) | Value::Struct(_) => {
            let kind = item.type_of();
            let message = format!(
                "error during formatting: string clause can only be used on strings, bools, \
                 bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given {}",
                kind.name()
            );
            return Err(EvalError::new(message));
        }
        _ => out.push_str(&item.to_string()),
    }
    Ok(())
}

//! How values look in a formatted text.
//!
//! Upstream: cel-go `ext/formatting.go` (`FormatString`, `clauseForType`); numbers as Go's
//! `x/text/message` writes them for `en_US`.

use crate::{
    escape,
    library::arguments::fitting_string,
    value::{EvalError, Key, List, Map, Value},
};

/// `%s`; none for what has no text.
pub(super) fn whole(item: &Value<'_>, out: &mut String) -> Option<Result<(), EvalError>> {
    match item {
        Value::List(it) => return Some(list(it, out)),
        Value::Map(it) => return Some(map(it, out)),
        Value::Optional(_) | Value::Opaque(_) | Value::Scope(_) | Value::Struct(_) => return None,
        _ => out.push_str(&item.to_string()),
    }
    Some(Ok(()))
}

/// Inside of a list or map values are written as they would be in an expression.
fn part(item: &Value<'_>, out: &mut String) -> Result<(), EvalError> {
    fitting_string(out.len())?;
    match item {
        Value::List(it) => return list(it, out),
        Value::Map(it) => return map(it, out),
        Value::String(it) => out.push_str(&escape::quoted(it)),
        Value::Bytes(it) => {
            out.push('b');
            out.push_str(&escape::quoted(&String::from_utf8_lossy(it)));
        }
        Value::Timestamp(it) => out.push_str(&format!("timestamp(\"{it}\")")),
        Value::Duration(it) => out.push_str(&format!("duration(\"{it}\")")),
        Value::Double(it) if it.is_finite() => out.push_str(&format!("{it:.6}")),
        Value::Double(_) => out.push_str(&escape::quoted(&item.to_string())),
        Value::Optional(_) | Value::Opaque(_) | Value::Scope(_) | Value::Struct(_) => {
            let kind = item.type_of();
            let message =
                format!("error during formatting: no formatting function for {}", kind.name());
            return Err(EvalError::new(message));
        }
        _ => out.push_str(&item.to_string()),
    }
    Ok(())
}

fn list(items: &List<'_>, out: &mut String) -> Result<(), EvalError> {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        part(&item?, out)?;
    }
    out.push(']');
    Ok(())
}

/// In the order of the keys' texts.
fn map(entries: &Map<'_>, out: &mut String) -> Result<(), EvalError> {
    let text = |key: &Key<'_>| match key {
        Key::String(it) => escape::quoted(it),
        other => other.value().to_string(),
    };
    let mut entries: Vec<_> = entries.iter().map(|(key, value)| (text(&key), value)).collect();
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    out.push('{');
    for (at, (key, value)) in entries.into_iter().enumerate() {
        out.push_str(if at > 0 { ", " } else { "" });
        out.push_str(&key);
        out.push(':');
        part(&value?, out)?;
    }
    out.push('}');
    Ok(())
}

/// What `%f` and `%e` take: a double, or the name of one that has no digits.
pub(super) fn double(item: &Value<'_>) -> Option<f64> {
    match item {
        Value::Double(it) => Some(*it),
        Value::String(it) => match &**it {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn without_digits(value: f64) -> Option<String> {
    if value.is_nan() {
        return Some("NaN".into());
    }
    value.is_infinite().then(|| if value > 0.0 { "∞".into() } else { "-∞".into() })
}

/// `1,234.50`.
pub(super) fn grouped(value: f64, precision: usize) -> String {
    if let Some(text) = without_digits(value) {
        return text;
    }
    let text = format!("{:.precision$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::from(if value.is_sign_negative() { "-" } else { "" });
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.extend([".", fraction]);
    }
    out
}

/// `1.05 × 10⁰³`, with narrow spaces.
pub(super) fn scientific(value: f64, precision: usize) -> String {
    if let Some(text) = without_digits(value) {
        return text;
    }
    let text = format!("{value:.precision$e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits = format!("{:02}", exponent.unsigned_abs());
    let raised = digits.chars().map(|it| match it {
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        other => char::from_u32('⁰' as u32 + other.to_digit(10).unwrap_or_default()).unwrap_or('⁰'),
    });
    let sign = if exponent < 0 { "⁻" } else { "" };
    format!("{mantissa}\u{202f}×\u{202f}10{sign}{}", raised.collect::<String>())
}

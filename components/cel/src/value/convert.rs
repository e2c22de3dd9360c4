//! `int(x)`, `string(x)` and the other conversions.
//!
//! Upstream: `ConvertToType` of cel-go `common/types/*.go`.

use super::{Duration, EvalError, Outcome, Timestamp, Value};

/// 2^63 and 2^64: the first doubles beyond `int` and `uint`.
const INT_END: f64 = 9_223_372_036_854_775_808.0;
const UINT_END: f64 = 18_446_744_073_709_551_616.0;

impl<'a> Value<'a> {
    pub(crate) fn to_int(&self) -> Outcome<'a> {
        Ok(Value::Int(match self {
            Value::Int(it) => *it,
            Value::Uint(it) => i64::try_from(*it).map_err(|_| EvalError::integer_overflow())?,
            // cel-go refuses both ends, which a double cannot tell from beyond them.
            Value::Double(it) if *it > -INT_END && *it < INT_END => *it as i64,
            Value::Double(_) => return Err(EvalError::integer_overflow()),
            Value::String(it) => go_digits(it)
                .and_then(|it| it.parse().ok())
                .ok_or_else(|| EvalError::conversion(self, "int"))?,
            Value::Timestamp(it) => it.seconds,
            Value::Duration(it) => it.nanos,
            _ => return Err(EvalError::no_overload()),
        }))
    }

    pub(crate) fn to_uint(&self) -> Outcome<'a> {
        Ok(Value::Uint(match self {
            Value::Uint(it) => *it,
            Value::Int(it) => u64::try_from(*it).map_err(|_| EvalError::unsigned_overflow())?,
            Value::Double(it) if *it >= 0.0 && *it < UINT_END => *it as u64,
            Value::Double(_) => return Err(EvalError::unsigned_overflow()),
            Value::String(it) => go_digits(it)
                .filter(|it| !it.starts_with('+'))
                .and_then(|it| it.parse().ok())
                .ok_or_else(|| EvalError::conversion(self, "uint"))?,
            _ => return Err(EvalError::no_overload()),
        }))
    }

    pub(crate) fn to_double(&self) -> Outcome<'a> {
        Ok(Value::Double(match self {
            Value::Double(it) => *it,
            Value::Int(it) => *it as f64,
            Value::Uint(it) => *it as f64,
            Value::String(it) => it.parse().map_err(|_| EvalError::conversion(self, "double"))?,
            _ => return Err(EvalError::no_overload()),
        }))
    }

    pub(crate) fn to_bool(&self) -> Outcome<'a> {
        match self {
            Value::Bool(it) => Ok(Value::Bool(*it)),
            Value::String(it) => match &**it {
                "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(Value::Bool(true)),
                "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(Value::Bool(false)),
                _ => Err(EvalError::conversion(self, "bool")),
            },
            _ => Err(EvalError::no_overload()),
        }
    }

    pub(crate) fn to_text(&self) -> Outcome<'a> {
        match self {
            Value::String(_) => Ok(self.clone()),
            Value::Bytes(it) => match std::str::from_utf8(it) {
                Ok(text) => Ok(Value::string(text)),
                Err(_) => Err(EvalError::new("invalid UTF-8 in bytes, cannot convert to string")),
            },
            Value::Bool(_)
            | Value::Int(_)
            | Value::Uint(_)
            | Value::Double(_)
            | Value::Timestamp(_)
            | Value::Duration(_) => Ok(Value::string(self.to_string())),
            _ => Err(EvalError::no_overload()),
        }
    }

    pub(crate) fn to_bytes(&self) -> Outcome<'a> {
        match self {
            Value::Bytes(_) => Ok(self.clone()),
            Value::String(it) => Ok(Value::Bytes(it.as_bytes().into())),
            _ => Err(EvalError::no_overload()),
        }
    }

    pub(crate) fn to_timestamp(&self) -> Outcome<'a> {
        let wrong = || EvalError::conversion(self, "google.protobuf.Timestamp");
        match self {
            Value::Timestamp(_) => Ok(self.clone()),
            Value::Int(it) => {
                let overflow = || EvalError::new("timestamp overflow");
                Timestamp::new(*it, 0).map(Value::Timestamp).ok_or_else(overflow)
            }
            Value::String(it) => Timestamp::parse(it).map(Value::Timestamp).ok_or_else(wrong),
            _ => Err(EvalError::no_overload()),
        }
    }

    pub(crate) fn to_duration(&self) -> Outcome<'a> {
        let wrong = || EvalError::conversion(self, "google.protobuf.Duration");
        match self {
            Value::Duration(_) => Ok(self.clone()),
            Value::Int(nanos) => Ok(Value::Duration(Duration { nanos: *nanos })),
            Value::String(it) => Duration::parse(it).map(Value::Duration).ok_or_else(wrong),
            _ => Err(EvalError::no_overload()),
        }
    }
}

/// Go's `ParseInt` in base ten takes a sign and digits, and nothing else.
fn go_digits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit())).then_some(text)
}

/// As Go's `%g` with the fewest digits that tell it apart.
pub(super) fn double_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".into() } else { "-Inf".into() };
    }
    let scientific = format!("{value:e}");
    let exponent = scientific.split_once('e').and_then(|it| it.1.parse::<i32>().ok()).unwrap_or(0);
    if (-4..21).contains(&exponent) {
        return format!("{value}");
    }
    let mantissa = scientific.split('e').next().unwrap_or_default();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

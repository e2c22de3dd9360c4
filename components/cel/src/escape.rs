//! Escapes of string and bytes literals, in both directions.
//!
//! Upstream: cel-go `parser/unescape.go`; `\x41` is a code point in a string and a byte in bytes.

/// One unit of a literal.
enum Unit {
    /// Written as itself, or as `\u…`.
    Char(char),
    /// Written `\x…` or in octal.
    Byte(u8),
}

/// The string that a literal's inside stands for; none if an escape is not one.
pub(crate) fn string(body: &[char], raw: bool) -> Option<String> {
    if raw {
        return Some(body.iter().collect());
    }
    let mut text = String::new();
    units(body, |unit| {
        text.push(match unit {
            Unit::Char(it) => it,
            Unit::Byte(it) => char::from(it),
        });
    })?;
    Some(text)
}

/// The bytes that a literal's inside stands for; none if an escape is not one.
pub(crate) fn bytes(body: &[char], raw: bool) -> Option<Vec<u8>> {
    if raw {
        return Some(body.iter().collect::<String>().into_bytes());
    }
    let mut out = Vec::new();
    units(body, |unit| match unit {
        Unit::Char(it) => out.extend_from_slice(it.encode_utf8(&mut [0; 4]).as_bytes()),
        Unit::Byte(it) => out.push(it),
    })?;
    Some(out)
}

fn units(body: &[char], mut emit: impl FnMut(Unit)) -> Option<()> {
    let mut rest = body;
    while let Some((first, after)) = rest.split_first() {
        if *first != '\\' {
            emit(Unit::Char(*first));
            rest = after;
            continue;
        }
        let (unit, after) = escaped(after)?;
        emit(unit);
        rest = after;
    }
    Some(())
}

/// What follows a backslash.
fn escaped(rest: &[char]) -> Option<(Unit, &[char])> {
    let (mark, after) = rest.split_first()?;
    let plain = match mark {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '\'' | '"' | '`' | '?' => *mark,
        'x' | 'X' => return numeric(after, 2, 16).map(|(it, rest)| (Unit::Byte(it as u8), rest)),
        'u' => return code_point(after, 4),
        'U' => return code_point(after, 8),
        '0'..='3' => return numeric(rest, 3, 8).map(|(it, rest)| (Unit::Byte(it as u8), rest)),
        _ => return None,
    };
    Some((Unit::Char(plain), after))
}

fn code_point(rest: &[char], digits: usize) -> Option<(Unit, &[char])> {
    let (value, rest) = numeric(rest, digits, 16)?;
    Some((Unit::Char(char::from_u32(value)?), rest))
}

fn numeric(rest: &[char], digits: usize, base: u32) -> Option<(u32, &[char])> {
    let (number, rest) = rest.split_at_checked(digits)?;
    let value = number
        .iter()
        .try_fold(0_u32, |sum, it| sum.checked_mul(base)?.checked_add(it.to_digit(base)?))?;
    Some((value, rest))
}

/// A string as a literal, as `strings.quote` and cel-go's unparser write it.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for it in text.chars() {
        match it {
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            _ => out.push(it),
        }
    }
    out.push('"');
    out
}

/// Bytes as a literal.
pub(crate) fn quoted_bytes(bytes: &[u8]) -> String {
    let mut out = String::from("b\"");
    for it in bytes {
        match it {
            b'"' | b'\\' => out.extend(['\\', char::from(*it)]),
            0x20..=0x7e => out.push(char::from(*it)),
            _ => out.push_str(&format!("\\{it:03o}")),
        }
    }
    out.push('"');
    out
}

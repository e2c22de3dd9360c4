//! Property names that are no identifiers, spelt as identifiers.
//!
//! Upstream: apiserver `pkg/cel/escaping.go`.

use crate::lexer::{KEYWORDS, RESERVED};

/// What in a name is replaced by what.
const PARTS: [(&str, &str); 4] =
    [("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__")];

/// Words are escaped whole, `__in__`.
fn is_word(name: &str) -> bool {
    KEYWORDS.contains(&name) || RESERVED.contains(&name)
}

/// The identifier for a property; none where there is none, and expressions cannot name it.
pub fn escape(name: &str) -> Option<String> {
    if is_word(name) {
        return Some(format!("__{name}__"));
    }
    let mut rest = name;
    let mut out = String::with_capacity(name.len());
    while let Some(first) = rest.chars().next() {
        if let Some((part, spelt)) = PARTS.iter().find(|it| rest.starts_with(it.0)) {
            out.push_str(spelt);
            rest = rest.get(part.len()..)?;
            continue;
        }
        if !first.is_ascii_alphanumeric() && first != '_' {
            return None;
        }
        out.push(first);
        rest = rest.get(1..)?;
    }
    let starts = out.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    starts.then_some(out)
}

/// The property that an identifier stands for; none if it is no escaped name.
pub fn unescape(name: &str) -> Option<String> {
    let word = name.strip_prefix("__").and_then(|it| it.strip_suffix("__"));
    if let Some(word) = word.filter(|it| is_word(it)) {
        return Some(word.to_owned());
    }
    let mut rest = name;
    let mut out = String::with_capacity(name.len());
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("__") {
            let (part, spelt) = PARTS.iter().find(|it| rest.starts_with(it.1))?;
            out.push_str(part);
            rest = rest.get(spelt.len()..)?;
            continue;
        }
        out.push(first);
        rest = rest.get(first.len_utf8()..)?;
    }
    Some(out)
}

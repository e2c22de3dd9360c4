//! Selectors by fields: `metadata.name=a,spec.nodeName!=b`.
//!
//! Upstream: `apimachinery/pkg/fields/selector.go`. Which fields a resource has is its own business.

use super::SelectorError;
use std::fmt;

/// What one field must be.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FieldTerm {
    /// `spec.nodeName`.
    pub field: String,
    /// What it must be, or must not be.
    pub value: String,
    /// Whether it must be that.
    pub equal: bool,
}

/// Which fields objects must have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FieldSelector {
    /// All of them hold.
    pub terms: Vec<FieldTerm>,
}

impl FieldSelector {
    /// Reads `a=b,c!=d`; `\` before a comma, `=` or `\` takes its meaning away.
    ///
    /// # Errors
    /// A text of another form.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut parts = split(text);
        parts.sort_unstable();
        let mut terms = Vec::new();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let Some((field, value, equal)) = term(part) else {
                let told = format!("invalid selector: '{text}'; can't understand '{part}'");
                return Err(SelectorError(told));
            };
            terms.push(FieldTerm { field: field.to_owned(), value: unescape(value)?, equal });
        }
        Ok(Self { terms })
    }

    /// Whether an object is meant, of which `value` gives the fields; absent ones are empty.
    pub fn matches<'a>(&self, value: impl Fn(&str) -> &'a str) -> bool {
        self.terms.iter().all(|term| (value(&term.field) == term.value) == term.equal)
    }

    /// The value that a field must have, if it must have one.
    pub fn required(&self, field: &str) -> Option<&str> {
        let found = self.terms.iter().find(|term| term.equal && term.field == field);
        found.map(|term| term.value.as_str())
    }

    /// Whether every object is meant.
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }
}

/// At commas that no backslash stands before.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, sign) in text.char_indices() {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A field, what it is compared with, and whether it must be equal.
fn term(part: &str) -> Option<(&str, &str, bool)> {
    let signs = part.char_indices().map(|(at, _)| part.split_at(at));
    for (field, rest) in signs {
        if let Some(value) = rest.strip_prefix("!=") {
            return Some((field, value, false));
        }
        if let Some(value) = rest.strip_prefix("==").or_else(|| rest.strip_prefix('=')) {
            return Some((field, value, true));
        }
    }
    None
}

fn unescape(text: &str) -> Result<String, SelectorError> {
    let (mut value, mut signs) = (String::new(), text.chars());
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match signs.next() {
                Some(plain @ ('\\' | ',' | '=')) => value.push(plain),
                other => {
                    let sequence: String = ['\\'].into_iter().chain(other).collect();
                    let told =
                        format!("invalid field selector: invalid escape sequence: {sequence}");
                    return Err(SelectorError(told));
                }
            },
            ',' | '=' => {
                // Upstream prints the character's number.
                let number = u32::from(sign);
                let told = "invalid field selector: unescaped character in value";
                return Err(SelectorError(format!("{told}: {number}")));
            }
            plain => value.push(plain),
        }
    }
    Ok(value)
}

fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace(',', r"\,").replace('=', r"\=")
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, term) in self.terms.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let sign = if term.equal { "=" } else { "!=" };
            write!(f, "{comma}{}{sign}{}", term.field, escaped(&term.value))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_read() {
        let cases = [
            ("", ""),
            ("a=b", "a=b"),
            ("a==b", "a=b"),
            ("c!=d,a=b,", "a=b,c!=d"),
            (r"a=b\,c\=\\", r"a=b\,c\=\\"),
            ("a=", "a="),
        ];
        for (text, told) in cases {
            let selector = FieldSelector::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(selector.to_string(), told, "{text}");
        }
    }

    #[test]
    fn what_is_refused() {
        let cases = [
            ("a", "invalid selector: 'a'; can't understand 'a'"),
            ("a=b=c", "invalid field selector: unescaped character in value: 61"),
            (r"a=\b", r"invalid field selector: invalid escape sequence: \b"),
            (r"a=\", r"invalid field selector: invalid escape sequence: \"),
        ];
        for (text, error) in cases {
            assert_eq!(FieldSelector::parse(text).expect_err(text).0, error, "{text}");
        }
    }

    #[test]
    fn what_matches() {
        let selector = FieldSelector::parse("metadata.name=a,spec.nodeName!=b").unwrap();
        let node = |name| move |field: &str| if field == "metadata.name" { "a" } else { name };
        assert!(selector.matches(node("")) && !selector.matches(node("b")));
        assert_eq!(selector.required("metadata.name"), Some("a"));
        assert_eq!(selector.required("spec.nodeName"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(text in "[ab=!,\\\\.]{0,24}") {
            if let Ok(selector) = FieldSelector::parse(&text) {
                let again = FieldSelector::parse(&selector.to_string());
                prop_assert_eq!(again.map(|it| it.to_string()), Ok(selector.to_string()));
            }
        }
    }
}

//! Regular expressions of RE2, as Go's `regexp` reads them.
//!
//! The crate `regex` has RE2's semantics but another dialect: there `\d`, `\w`, `\s` and `\b` know all of
//! Unicode, brackets nest and `&&`, `--`, `~~` are operators in them, and `\Q…\E` is unknown. What is
//! written in one is translated to the other.

use crate::value::{EvalError, Opaque, Value};
use regex::{Regex, RegexBuilder};
use std::{any::Any, borrow::Cow};

/// A compiled pattern may take so much memory.
const PROGRAM_BYTES_MAX: usize = 1 << 20;

/// A compiled pattern; it stands where its text stood as an argument.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, EvalError> {
        let failed = |why: String| EvalError::new(format!("error parsing regexp: {why}: `{text}`"));
        let translated = translate(text).ok_or_else(|| failed("invalid syntax".into()))?;
        let built = RegexBuilder::new(&translated).size_limit(PROGRAM_BYTES_MAX).build();
        match built {
            Ok(regex) => Ok(Self { text: text.to_owned(), regex }),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err(failed("expression nests or repeats too much".into()))
            }
            Err(_) => Err(failed("invalid syntax".into())),
        }
    }

    pub(crate) fn regex(&self) -> &Regex {
        &self.regex
    }
}

impl Opaque for Pattern {
    fn type_name(&self) -> &'static str {
        "string"
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.as_any().downcast_ref::<Pattern>().is_some_and(|it| it.text == self.text)
    }

    fn size(&self) -> u64 {
        self.text.chars().count() as u64
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The pattern that an argument is, compiled now if it was not before.
pub(crate) fn of<'v>(value: &'v Value<'_>) -> Result<Cow<'v, Pattern>, EvalError> {
    if let Some(pattern) = value.downcast::<Pattern>() {
        return Ok(Cow::Borrowed(pattern));
    }
    let text = value.as_str().ok_or_else(EvalError::no_overload)?;
    Pattern::new(text).map(Cow::Owned)
}

fn translate(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut in_brackets = false;
    while let Some(it) = rest.next() {
        match it {
            '\\' if !in_brackets && rest.peek() == Some(&'Q') => {
                rest.next();
                quote(&mut rest, &mut out);
            }
            '\\' => out.push_str(&escape(rest.next()?, in_brackets)),
            '[' if !in_brackets => {
                in_brackets = true;
                open_brackets(&mut rest, &mut out);
            }
            // `[:alpha:]` is the same in both dialects.
            '[' if rest.peek() == Some(&':') => {
                out.push('[');
                for it in rest.by_ref() {
                    out.push(it);
                    if it == ']' {
                        break;
                    }
                }
            }
            ']' if in_brackets => {
                in_brackets = false;
                out.push(']');
            }
            '[' | '&' | '~' if in_brackets => out.extend(['\\', it]),
            // A range up to the dash itself.
            '-' if in_brackets && rest.next_if_eq(&'-').is_some() => out.push_str("-\\-"),
            _ => out.push(it),
        }
    }
    Some(out)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// The beginning of a class: a `]` that stands first is a member.
fn open_brackets(rest: &mut Chars<'_>, out: &mut String) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if rest.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    } else if rest.next_if_eq(&'-').is_some() {
        out.push_str("\\-");
    }
}

/// Everything up to `\E` stands for itself.
fn quote(rest: &mut Chars<'_>, out: &mut String) {
    while let Some(it) = rest.next() {
        if it == '\\' && rest.next_if_eq(&'E').is_some() {
            return;
        }
        out.push_str(&regex::escape(it.encode_utf8(&mut [0; 4])));
    }
}

/// What a backslash and a letter stand for.
fn escape(letter: char, in_brackets: bool) -> String {
    let class = match letter {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => r"\t\n\f\r ",
        'D' => return "[^0-9]".into(),
        'W' => return "[^0-9A-Za-z_]".into(),
        'S' => return r"[^\t\n\f\r ]".into(),
        'b' if !in_brackets => return r"(?-u:\b)".into(),
        'B' if !in_brackets => return r"(?-u:\B)".into(),
        'C' => return "(?s:.)".into(),
        _ => return format!("\\{letter}"),
    };
    if in_brackets { class.into() } else { format!("[{class}]") }
}

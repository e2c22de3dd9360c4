//! Regular expressions of RE2, as Go's `regexp` reads them.
//!
//! The crate `regex` has RE2's semantics but another dialect; `dialect` translates.

mod dialect;

use crate::value::{EvalError, Opaque, Value};
use regex::{Regex, RegexBuilder};
use std::{any::Any, borrow::Cow};

/// A pattern that is a literal may take so much memory; it is compiled once.
const LITERAL_BYTES_MAX: usize = 10 << 20;
/// A pattern that is a value is compiled whenever it is used, at a cost that does not tell its size.
const VALUE_BYTES_MAX: usize = 1 << 20;

/// Compiles a pattern, for those who have texts to match and no expressions.
///
/// # Errors
/// What Go says of one that is none.
pub fn compile(text: &str) -> Result<Regex, String> {
    Pattern::new(text).map(|it| it.regex).map_err(|error| error.to_string())
}

/// A compiled pattern; it stands where its text stood as an argument.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Of a literal.
    pub(crate) fn new(text: &str) -> Result<Self, EvalError> {
        Self::within(text, LITERAL_BYTES_MAX)
    }

    fn within(text: &str, bytes_max: usize) -> Result<Self, EvalError> {
        let failed = |why: String| EvalError::new(format!("error parsing regexp: {why}: `{text}`"));
        let translated = dialect::translate(text).ok_or_else(|| failed("invalid syntax".into()))?;
        let built = RegexBuilder::new(&translated).size_limit(bytes_max).build();
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
    Pattern::within(text, VALUE_BYTES_MAX).map(Cow::Owned)
}

//! Why an evaluation gave no value.

use super::Value;
use std::borrow::Cow;

/// What evaluation gives.
pub type Outcome<'a> = Result<Value<'a>, EvalError>;

/// Why there is no value; the texts are cel-go's.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EvalError {
    /// What `&&`, `||` and the loops may absorb.
    #[error("{0}")]
    Failed(Cow<'static, str>),
    /// Ends everything.
    #[error("operation cancelled: actual cost limit exceeded")]
    CostExceeded,
    /// The host does not know an answer yet: it finds it out and runs the expression again.
    #[error("an authorization decision is pending")]
    Unanswered,
}

impl EvalError {
    /// Whether the run ends, whatever else the expression says.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self, EvalError::Failed(_))
    }

    /// With a text.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        EvalError::Failed(message.into())
    }

    /// A function does not take what it was given.
    pub fn no_overload() -> Self {
        Self::new("no such overload")
    }

    /// A map or object lacks what was asked for.
    pub fn no_key(key: &Value<'_>) -> Self {
        Self::new(format!("no such key: {key}"))
    }

    pub(crate) fn no_attribute(name: &str) -> Self {
        Self::new(format!("no such attribute(s): {name}"))
    }

    pub(crate) fn conversion(from: &Value<'_>, to: &str) -> Self {
        Self::new(format!("type conversion error from '{}' to '{to}'", from.type_of().name()))
    }

    pub(crate) fn integer_overflow() -> Self {
        Self::new("integer overflow")
    }

    pub(crate) fn unsigned_overflow() -> Self {
        Self::new("unsigned integer overflow")
    }
}

//! What authorizers say of a request.
//!
//! Upstream: apiserver/pkg/authorization/authorizer/interfaces.go.

/// Whether it may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It may.
    Allow,
    /// It may not, whatever those say who would be asked next.
    Deny,
    /// Nothing lets it.
    NoOpinion,
}

/// A verdict and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Decision {
    pub(crate) verdict: Verdict,
    /// May be empty.
    pub(crate) reason: String,
    /// Why one could not be asked, or could not decide.
    pub(crate) fault: Option<String>,
}

impl Decision {
    pub(crate) fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self { verdict, reason: reason.into(), fault: None }
    }

    pub(crate) fn allow(reason: impl Into<String>) -> Self {
        Self::new(Verdict::Allow, reason)
    }

    pub(crate) fn no_opinion(reason: impl Into<String>) -> Self {
        Self::new(Verdict::NoOpinion, reason)
    }

    pub(crate) fn is_allowed(&self) -> bool {
        self.verdict == Verdict::Allow
    }
}

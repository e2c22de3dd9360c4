//! Why a pod cannot be on a node, or on none.
//!
//! Upstream: kube-scheduler/framework (Code, Status).

use std::borrow::Cow;

/// What can be done about a refusal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Removing other pods may help.
    Unschedulable,
    /// Only a change of the cluster or of the pod helps.
    Unresolvable,
    /// Something that the plugin set going has to end first.
    Pending,
    /// It is not known: something went wrong.
    Error,
}

/// A reason for people. Nodes refused for the same reason are counted together.
pub type Reason = Cow<'static, str>;

/// A plugin's no.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// What can be done about it.
    pub severity: Severity,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Who refuses; filled in by whoever asked.
    pub plugin: &'static str,
}

impl Refusal {
    fn new(severity: Severity, reason: Reason) -> Self {
        Self { severity, reasons: vec![reason], plugin: "" }
    }

    /// Removing other pods may help.
    pub fn unschedulable(reason: impl Into<Reason>) -> Self {
        Self::new(Severity::Unschedulable, reason.into())
    }

    /// Removing other pods does not help.
    pub fn unresolvable(reason: impl Into<Reason>) -> Self {
        Self::new(Severity::Unresolvable, reason.into())
    }

    /// Something went wrong.
    pub fn error(reason: impl Into<Reason>) -> Self {
        Self::new(Severity::Error, reason.into())
    }

    /// The same from this plugin.
    #[must_use]
    pub fn by(self, plugin: &'static str) -> Self {
        Self { plugin, ..self }
    }

    /// All reasons.
    pub fn message(&self) -> String {
        self.reasons.join(", ")
    }
}

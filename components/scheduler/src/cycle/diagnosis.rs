//! Why no node will do for a pod, in upstream's words.
//!
//! Upstream: pkg/scheduler/framework/types.go (FitError, Diagnosis).

use crate::{
    framework::{Reason, Refusal, Severity},
    index::NodeId,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// What was found out about a pod that has no place.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Diagnosis {
    /// Nodes that there are.
    pub nodes: usize,
    /// Why each that was looked at will not do.
    pub refused: Vec<(NodeId, Refusal)>,
    /// Why the others will not.
    pub others: Vec<Reason>,
    /// Why none will, where that was known before any was looked at.
    pub before: Option<Refusal>,
    /// What was said once it was clear that none will.
    pub after: String,
    /// Plugins that refused.
    pub plugins: BTreeSet<&'static str>,
    /// Plugins that wait for something that they set going.
    pub pending: BTreeSet<&'static str>,
}

impl Diagnosis {
    /// No node will do, one plugin says of all.
    pub(super) fn of_all(nodes: usize, refusal: Refusal) -> Box<Self> {
        let mut diagnosis = Self { nodes, ..Self::default() };
        diagnosis.note(&refusal);
        diagnosis.before = Some(refusal);
        Box::new(diagnosis)
    }

    /// No node will do, each for its own reason.
    pub(crate) fn of_each(nodes: usize, refused: Vec<(NodeId, Refusal)>) -> Box<Self> {
        let mut diagnosis = Self { nodes, ..Self::default() };
        for (_, refusal) in &refused {
            diagnosis.note(refusal);
        }
        diagnosis.refused = refused;
        Box::new(diagnosis)
    }

    /// Some reasons for all nodes, in a message of its own.
    pub(crate) fn of_reasons(nodes: usize, refused: Vec<(NodeId, Refusal)>, rest: Reason) -> Self {
        Self { nodes, refused, others: vec![rest], ..Self::default() }
    }

    fn note(&mut self, refusal: &Refusal) {
        match refusal.severity {
            Severity::Pending => self.pending.insert(refusal.plugin),
            _ => self.plugins.insert(refusal.plugin),
        };
    }

    /// What went wrong, where it is not known whether some node would do.
    pub fn error(&self) -> Option<String> {
        let all = self.before.iter().chain(self.refused.iter().map(|(_, refusal)| refusal));
        let mut broken = all.filter(|refusal| refusal.severity == Severity::Error);
        broken.next().map(|refusal| {
            format!("running {:?} filter plugin: {}", refusal.plugin, refusal.message())
        })
    }

    /// How many nodes will not do for each reason: `3 Insufficient cpu`.
    fn counted(&self) -> String {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in self.refused.iter().flat_map(|(_, refusal)| &refusal.reasons) {
            *reasons.entry(reason).or_insert(0) += 1;
        }
        let rest = self.nodes.saturating_sub(self.refused.len());
        for reason in self.others.iter().filter(|_| rest > 0) {
            *reasons.entry(reason).or_insert(0) += rest;
        }
        let mut told: Vec<_> =
            reasons.into_iter().map(|(reason, nodes)| format!("{nodes} {reason}")).collect();
        told.sort();
        told.join(", ")
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes == 0 {
            return f.write_str("no nodes available to schedule pods");
        }
        write!(f, "0/{} nodes are available:", self.nodes)?;
        let why = self.before.as_ref().map_or_else(|| self.counted(), Refusal::message);
        if !why.is_empty() {
            write!(f, " {why}.")?;
        }
        if !self.after.is_empty() {
            write!(f, " {}", self.after)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_sorted_as_texts() {
        let cpu = || Refusal::unschedulable("Insufficient cpu");
        let taint = || Refusal::unresolvable("node(s) had untolerated taint(s)");
        let refused = vec![(0, cpu()), (1, taint()), (2, cpu()), (3, cpu()), (4, taint())];
        let mut diagnosis = Diagnosis::of_each(5, refused);
        assert_eq!(
            diagnosis.to_string(),
            "0/5 nodes are available: 2 node(s) had untolerated taint(s), 3 Insufficient cpu."
        );
        diagnosis.after = "preemption: not eligible".into();
        assert!(diagnosis.to_string().ends_with("3 Insufficient cpu. preemption: not eligible"));
        let none = Diagnosis::of_all(2, Refusal::unresolvable("why"));
        assert_eq!(none.to_string(), "0/2 nodes are available: why.");
        assert_eq!(Diagnosis::default().to_string(), "no nodes available to schedule pods");
    }
}

//! Sets of completion indexes, as a Job's status writes them: `1,3-5,7`.
//!
//! Upstream: pkg/controller/job/indexed_job_utils.go.

use client::Object;
use serde_json::Value;
use std::{collections::BTreeSet, fmt};

use crate::object::annotation;

/// Which index a pod works on.
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// A set of indexes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Indexes(pub(super) BTreeSet<u64>);

impl Indexes {
    /// Reads a status's text; what is not below `completions` is left out.
    pub(super) fn parse(text: &str, completions: u64) -> Self {
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            Some(first..last.saturating_add(1).min(completions))
        };
        Self(text.split(',').filter_map(range).flatten().collect())
    }

    pub(super) fn has(&self, index: u64) -> bool {
        self.0.contains(&index)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.iter().copied().peekable();
        let mut comma = "";
        while let Some(first) = rest.next() {
            let mut last = first;
            while rest.peek() == Some(&(last + 1)) {
                last += 1;
                rest.next();
            }
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                1 => write!(f, "{comma}{first},{last}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
            comma = ",";
        }
        Ok(())
    }
}

/// The index that a pod works on.
pub(super) fn index(pod: &Value) -> Option<u64> {
    annotation(pod, INDEX)?.parse().ok()
}

/// The index that a pod works on, if its job has it.
pub(super) fn valid_index(pod: &Object, completions: u64) -> Option<u64> {
    index(pod).filter(|index| *index < completions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_read_and_written() {
        for (text, completions, shown) in [
            ("", 5, ""),
            ("1,3-5,7", 10, "1,3-5,7"),
            ("0-2", 2, "0,1"),
            ("4,6", 5, "4"),
            ("x,1-", 5, ""),
            ("0,1,2,5,6", 7, "0-2,5,6"),
        ] {
            assert_eq!(Indexes::parse(text, completions).to_string(), shown, "{text}");
        }
    }
}

//! Deliberate bugs, switched on by name in a simulation to prove that an oracle finds them.
//!
//! Without the feature `defects`, which only the simulator's crates enable, the type is empty,
//! `has` is the constant `false` and the defective branches are compiled out.

#[cfg(feature = "defects")]
use std::{collections::BTreeSet, sync::Arc};

/// The set of switched-on defects.
#[derive(Clone, Debug, Default)]
pub struct Defects {
    #[cfg(feature = "defects")]
    names: Option<Arc<BTreeSet<String>>>,
}

impl Defects {
    /// No defects: the only value that production builds can have.
    pub fn none() -> Self {
        Self::default()
    }

    /// The named defects.
    #[cfg(feature = "defects")]
    pub fn named<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        let names: BTreeSet<String> = names.into_iter().map(Into::into).collect();
        Self { names: (!names.is_empty()).then(|| Arc::new(names)) }
    }

    /// True when the defect is switched on.
    #[cfg(feature = "defects")]
    pub fn has(&self, name: &str) -> bool {
        self.names.as_ref().is_some_and(|names| names.contains(name))
    }

    /// True when the defect is switched on: never, in this build.
    #[cfg(not(feature = "defects"))]
    #[inline(always)]
    pub const fn has(&self, _name: &str) -> bool {
        false
    }
}

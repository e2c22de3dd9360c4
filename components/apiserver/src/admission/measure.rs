//! How long plugins take, and how often they refuse.
//!
//! Upstream: apiserver/pkg/admission/metrics/metrics.go.

use super::Operation;
use crate::{
    metrics::{Admitted, ChainMetrics},
    registry::Registry,
};
use host::{Host, Instant};

/// Something that is being asked.
pub(super) struct Measure<'a> {
    host: &'a Host,
    metrics: &'a ChainMetrics,
    began: Instant,
    kind: &'static str,
    operation: Operation,
}

impl<'a> Measure<'a> {
    /// `kind` is `admit` or `validate`.
    pub(super) fn begin(registry: &'a Registry, kind: &'static str, operation: Operation) -> Self {
        let (host, metrics) = (&registry.host, &registry.metrics.chain);
        Self { host, metrics, began: host.now(), kind, operation }
    }

    /// A plugin has answered.
    pub(super) fn plugin(&self, name: &str, rejected: bool) {
        self.metrics.plugin(name, self.admitted(rejected), self.host.now().since(self.began));
    }

    /// All plugins have.
    pub(super) fn phase(&self, rejected: bool) {
        self.metrics.phase(self.admitted(rejected), self.host.now().since(self.began));
    }

    fn admitted(&self, rejected: bool) -> Admitted {
        Admitted { operation: self.operation.name(), kind: self.kind, rejected }
    }
}

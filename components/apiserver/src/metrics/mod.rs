//! What the server counts and measures, under upstream's names.
//!
//! Handles are found by their labels' values without allocating; what can be read off the server's
//! state is read when somebody asks for the text.
//!
//! Upstream: apiserver/pkg/endpoints/metrics, storage/etcd3/metrics, storage/cacher/metrics,
//! admission/metrics, endpoints/filters/metrics.go; names and labels as 1.36 tells them.

mod caches;
mod chain;
mod label;
mod peaks;
mod requests;
mod storage;
mod utilization;

pub(crate) use chain::{Admitted, ChainMetrics};
pub(crate) use label::Labels;
pub(crate) use peaks::{Peak, Present};
pub(crate) use requests::{LongRunning, RequestMetrics};
pub(crate) use storage::StorageMetrics;
pub(crate) use utilization::Utilization;

use crate::registry::Registry;
use std::fmt;
use telemetry::{Counter, Family, Gauge};

/// The process's own use of its machine, in Prometheus' text format.
pub type Usage = fn() -> String;

/// Everything that is measured. Clones share it.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: telemetry::Registry,
    usage: Usage,
    /// What `/metrics/slis` shows.
    checks: telemetry::Registry,
    healthy: Family<Gauge>,
    checked: Family<Counter>,
    pub(crate) requests: RequestMetrics,
    pub(crate) chain: ChainMetrics,
    pub(crate) storage: StorageMetrics,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    pub(crate) fn new(usage: Usage) -> Self {
        let (registry, checks) = (telemetry::Registry::new(), telemetry::Registry::new());
        let version = [
            ("major", "1"),
            ("minor", "36"),
            ("git_version", "v1.36.2"),
            ("git_commit", ""),
            ("git_tree_state", ""),
            ("build_date", ""),
            ("go_version", ""),
            ("compiler", "rustc"),
            ("platform", "linux/amd64"),
        ];
        let help = "[ALPHA] Which version this is; always 1.";
        registry.gauge("kubernetes_build_info", help, &version).set(1.0);
        Self {
            healthy: checks.gauges(
                "kubernetes_healthcheck",
                "[STABLE] Result of a health check: 1 where it is good.",
                &["name", "type"],
            ),
            checked: checks.counters(
                "kubernetes_healthchecks_total",
                "[STABLE] Results of health checks.",
                &["name", "status", "type"],
            ),
            requests: RequestMetrics::new(&registry),
            chain: ChainMetrics::new(&registry),
            storage: StorageMetrics::new(&registry),
            registry,
            checks,
            usage,
        }
    }

    /// Where others put what they measure.
    pub(crate) fn registry(&self) -> &telemetry::Registry {
        &self.registry
    }

    /// A health check of `kind` (`livez`) was made.
    pub(crate) fn checked(&self, name: &str, kind: &str, good: bool) {
        self.healthy.with(&[name, kind]).set(f64::from(u8::from(good)));
        let status = if good { "success" } else { "error" };
        self.checked.with(&[name, status, kind]).increment();
    }

    /// `/metrics`.
    pub(crate) fn text(&self, registry: &Registry) -> String {
        caches::look(&self.registry, &registry.cache_states());
        self.registry.render() + &(self.usage)()
    }

    /// `/metrics/slis`.
    pub(crate) fn health_text(&self) -> String {
        self.checks.render()
    }
}

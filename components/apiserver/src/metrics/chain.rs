//! What a request goes through on its way: authentication, authorization, admission, audit.
//!
//! Upstream: apiserver/pkg/endpoints/filters/metrics.go, authorization/metrics, admission/metrics,
//! audit/metrics.go.

use std::time::Duration;
use telemetry::{Counter, Family, Histogram, Registry, exponential};

#[derive(Clone, Debug)]
pub(crate) struct ChainMetrics {
    users: Family<Counter>,
    attempts: Family<Counter>,
    authentication: Family<Histogram>,
    decisions: Family<Counter>,
    authorization: Family<Histogram>,
    controllers: Family<Histogram>,
    steps: Family<Histogram>,
    filters: Family<Histogram>,
    audited: Counter,
}

/// Users that are told apart (compressUsername).
fn told(user: &str) -> &str {
    match user {
        "admin" | "client" | "kube_proxy" | "kubelet" => user,
        one if one.starts_with("system:") => match one {
            "system:apiserver"
            | "system:kube-controller-manager"
            | "system:kube-scheduler"
            | "system:kube-proxy"
            | "system:anonymous" => one,
            _ => "other",
        },
        _ if user.contains('@') => "email_id",
        _ => "other",
    }
}

impl ChainMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let r = registry;
        let seconds = exponential(0.001, 2.0, 15);
        Self {
            users: r.counters(
                "authenticated_user_requests",
                "[ALPHA] Requests of known users.",
                &["username"],
            ),
            attempts: r.counters(
                "authentication_attempts",
                "[ALPHA] Attempts to find out who asks.",
                &["result"],
            ),
            authentication: r.histograms(
                "authentication_duration_seconds",
                "[ALPHA] Time to find out who asks.",
                &["result"],
                &seconds,
            ),
            decisions: r.counters(
                "authorization_attempts_total",
                "[ALPHA] Decisions on whether somebody may.",
                &["result"],
            ),
            authorization: r.histograms(
                "authorization_duration_seconds",
                "[ALPHA] Time to decide whether somebody may.",
                &["result"],
                &seconds,
            ),
            controllers: r.histograms(
                "apiserver_admission_controller_admission_duration_seconds",
                "[STABLE] Time that an admission plugin takes.",
                &["name", "operation", "rejected", "type"],
                &[0.005, 0.025, 0.1, 0.5, 1.0, 2.5],
            ),
            steps: r.histograms(
                "apiserver_admission_step_admission_duration_seconds",
                "[STABLE] Time that a phase of admission takes.",
                &["operation", "rejected", "type"],
                &[0.005, 0.025, 0.1, 0.5, 1.0, 2.5],
            ),
            filters: r.histograms(
                "apiserver_request_filter_duration_seconds",
                "[ALPHA] Time that a step of a request's way takes.",
                &["filter"],
                &[0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 5.0, 10.0, 15.0, 30.0],
            ),
            audited: r.counter(
                "apiserver_audit_event_total",
                "[ALPHA] Requests that the audit log is told of.",
                &[],
            ),
        }
    }

    /// Somebody was found, or nobody.
    pub(crate) fn authenticated(&self, user: Option<&str>, took: Duration) {
        let result = if user.is_some() { "success" } else { "failure" };
        self.attempts.with(&[result]).increment();
        self.authentication.with(&[result]).observe(took.as_secs_f64());
        self.filters.with(&["authentication"]).observe(took.as_secs_f64());
        if let Some(user) = user {
            self.users.with(&[told(user)]).increment();
        }
    }

    pub(crate) fn authorized(&self, allowed: bool, took: Duration) {
        let result = if allowed { "allowed" } else { "no-opinion" };
        self.decisions.with(&[result]).increment();
        self.authorization.with(&[result]).observe(took.as_secs_f64());
        self.filters.with(&["authorization"]).observe(took.as_secs_f64());
    }

    /// A plugin was asked; `kind` is `admit` or `validate`.
    pub(crate) fn plugin(&self, name: &str, asked: Admitted, took: Duration) {
        let Admitted { operation, kind, rejected } = asked;
        let rejected = if rejected { "true" } else { "false" };
        self.controllers.with(&[name, operation, rejected, kind]).observe(took.as_secs_f64());
    }

    pub(crate) fn phase(&self, asked: Admitted, took: Duration) {
        let Admitted { operation, kind, rejected } = asked;
        let rejected = if rejected { "true" } else { "false" };
        self.steps.with(&[operation, rejected, kind]).observe(took.as_secs_f64());
    }

    pub(crate) fn audited(&self) {
        self.audited.increment();
    }
}

/// What admission was asked, and how it answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admitted {
    /// `CREATE`.
    pub(crate) operation: &'static str,
    /// `admit`, `validate`.
    pub(crate) kind: &'static str,
    pub(crate) rejected: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_not_told_by_their_names() {
        for (user, expected) in [
            ("system:kube-scheduler", "system:kube-scheduler"),
            ("system:serviceaccount:a:b", "other"),
            ("alice@example.org", "email_id"),
            ("alice", "other"),
        ] {
            assert_eq!(told(user), expected);
        }
    }
}

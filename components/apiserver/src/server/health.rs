//! Whether the server lives and is ready, and which version it is.
//!
//! Upstream: apiserver/pkg/server/healthz.

use super::{Server, answer};
use crate::query::Query;
use http::StatusCode;
use serde_json::{Value, json};
use wire::Response;

/// What `/version` says.
pub(super) fn version() -> Value {
    json!({
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitVersion": "v1.36.2",
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "",
        "goVersion": "",
        "compiler": "rustc",
        "platform": "linux/amd64",
    })
}

impl Server {
    /// Answers health checks; none: the path is no check.
    pub(super) async fn health(&self, path: &str, query: &Query) -> Option<Response> {
        let (root, one) = ["/healthz", "/livez", "/readyz"].into_iter().find_map(|root| {
            let rest = path.strip_prefix(root)?;
            match rest.strip_prefix('/') {
                Some(name) => Some((root, Some(name))),
                None => rest.is_empty().then_some((root, None)),
            }
        })?;
        let mut checks = vec![("ping", true), ("etcd", self.registry.ready().await)];
        if root != "/livez" {
            checks.push((
                "poststarthook/start-system-namespaces-controller",
                self.registry.is_bootstrapped(),
            ));
            if self.config.bootstrap_roles {
                checks
                    .push(("poststarthook/rbac/bootstrap-roles", self.registry.is_bootstrapped()));
            }
        }
        if let Some(aggregator) = self.aggregator.as_ref().filter(|_| root != "/livez") {
            checks.push(("autoregister-completion", aggregator.is_registered()));
        }
        if root == "/readyz" {
            checks.push(("shutdown", !self.is_leaving()));
        }
        if let Some(name) = one {
            checks.retain(|(check, _)| *check == name);
            if checks.is_empty() {
                return None;
            }
        }
        let excluded = query.all("exclude");
        checks.retain(|(check, _)| !excluded.iter().any(|name| name == check));
        let good = checks.iter().all(|(_, good)| *good);
        if good && !query.is_true("verbose") {
            return Some(answer::text(StatusCode::OK, "ok"));
        }
        let name = root.trim_start_matches('/');
        let mut body = String::new();
        for (check, good) in checks {
            body += &match good {
                true => format!("[+]{check} ok\n"),
                false => format!("[-]{check} failed: reason withheld\n"),
            };
        }
        body += &format!("{name} check {}\n", if good { "passed" } else { "failed" });
        let status = if good { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
        Some(answer::text(status, body))
    }
}

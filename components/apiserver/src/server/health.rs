//! Whether the server lives and is ready, and which version it is.
//!
//! Upstream: apiserver/pkg/server/healthz{,/healthz}.go.

use super::{Server, answer};
use crate::query::Query;
use http::{HeaderName, HeaderValue, StatusCode};
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

/// One check: its name, and what is wrong where something is.
type Check = (&'static str, Option<&'static str>);

impl Server {
    /// Answers health checks; none: the path is no check.
    pub(super) async fn health(&self, path: &str, query: &Query) -> Option<Response> {
        let (kind, one) = ["healthz", "livez", "readyz"].into_iter().find_map(|kind| {
            let rest = path.strip_prefix('/')?.strip_prefix(kind)?;
            match rest.strip_prefix('/') {
                Some(name) => Some((kind, Some(name))),
                None => rest.is_empty().then_some((kind, None)),
            }
        })?;
        let checks = self.checks(kind).await;
        for (name, wrong) in &checks {
            self.metrics.checked(name, kind, wrong.is_none());
        }
        let Some(one) = one else { return Some(report(kind, &checks, query)) };
        let (_, wrong) = checks.into_iter().find(|(name, _)| *name == one)?;
        Some(match wrong {
            None => answer::text(StatusCode::OK, "ok"),
            Some(why) => {
                let text = format!("internal server error: {why}\n");
                answer::plain_error(StatusCode::INTERNAL_SERVER_ERROR, text)
            }
        })
    }

    /// The checks of `livez`, `readyz` or `healthz`, in upstream's order.
    async fn checks(&self, kind: &str) -> Vec<Check> {
        let check = |name, good, why| (name, if good { None } else { Some(why) });
        let storage = self.registry.ready().await;
        let etcd = "failed to get etcd's revision";
        let mut checks = vec![("ping", None), check("etcd", storage, etcd)];
        if kind == "readyz" {
            checks.push(check("etcd-readiness", storage, etcd));
        }
        if let Some(aggregator) = self.aggregator.as_ref().filter(|_| kind != "livez") {
            let why = "missing APIService";
            checks.push(check("autoregister-completion", aggregator.is_registered(), why));
        }
        // What the server does at its start may take a while, for which it counts as alive.
        let young = self.host.now().since(self.born) < self.config.livez_grace;
        let excused = kind == "livez" && young;
        for (name, good) in self.hooks() {
            checks.push(check(name, good || excused, "not finished"));
        }
        if kind == "readyz" {
            let here = !self.leaving.is_leaving();
            checks.push(check("shutdown", here, "process is shutting down"));
        }
        checks
    }

    /// What is done once at the start, and whether it is.
    fn hooks(&self) -> Vec<(&'static str, bool)> {
        let made = self.registry.is_bootstrapped();
        let mut hooks = Vec::new();
        if let Some(gate) = self.limiter.gate() {
            hooks.push(("poststarthook/priority-and-fairness-config-consumer", gate.is_told()));
            hooks.push(("poststarthook/priority-and-fairness-filter", true));
        }
        if self.config.bootstrap_roles {
            hooks.push(("poststarthook/rbac/bootstrap-roles", made));
        }
        hooks.push(("poststarthook/scheduling/bootstrap-system-priority-classes", made));
        if self.config.bootstrap_flows {
            let made = self.registry.has_flows();
            hooks.push(("poststarthook/priority-and-fairness-config-producer", made));
        }
        hooks.push(("poststarthook/start-system-namespaces-controller", made));
        hooks
    }
}

/// The answer for all checks together. Why one is bad is not for everybody.
fn report(kind: &str, checks: &[Check], query: &Query) -> Response {
    let excluded = query.all("exclude");
    let mut lines = String::new();
    let mut good = true;
    for (name, wrong) in checks {
        lines += &match (excluded.iter().any(|one| one == name), wrong) {
            (true, _) => format!("[+]{name} excluded: ok\n"),
            (false, None) => format!("[+]{name} ok\n"),
            (false, Some(_)) => {
                good = false;
                format!("[-]{name} failed: reason withheld\n")
            }
        };
    }
    let mut unknown: Vec<String> = excluded
        .iter()
        .filter(|one| checks.iter().all(|(name, _)| name != one))
        .map(|one| format!("{one:?}"))
        .collect();
    unknown.sort();
    if !unknown.is_empty() {
        let unknown = unknown.join(",");
        lines +=
            &format!("warn: some health checks cannot be excluded: no matches for {unknown}\n");
    }
    if !good {
        let text = format!("{lines}{kind} check failed\n");
        return answer::plain_error(StatusCode::INTERNAL_SERVER_ERROR, text);
    }
    let mut response = match query.get("verbose") {
        None => answer::text(StatusCode::OK, "ok"),
        Some(_) => answer::text(StatusCode::OK, format!("{lines}{kind} check passed\n")),
    };
    let name = HeaderName::from_static("x-content-type-options");
    response.headers_mut().insert(name, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use http_body_util::BodyExt;

    fn told(query: &str, checks: &[Check]) -> (u16, String) {
        let response = report("readyz", checks, &Query::parse(query));
        let status = response.status().as_u16();
        let body = response.into_body().collect().now_or_never().unwrap().unwrap();
        (status, String::from_utf8(body.to_bytes().to_vec()).unwrap())
    }

    #[test]
    fn checks_are_told_as_upstream_tells_them() {
        let good = [("ping", None), ("etcd", None)];
        let bad = [("ping", None), ("etcd", Some("no"))];
        assert_eq!(told("", &good), (200, "ok".into()));
        let all = "[+]ping ok\n[+]etcd ok\nreadyz check passed\n";
        assert_eq!(told("verbose", &good), (200, all.into()));
        let failed = "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n";
        assert_eq!(told("", &bad), (500, failed.into()));
        let excluded = "[+]ping ok\n[+]etcd excluded: ok\nreadyz check passed\n";
        assert_eq!(told("verbose&exclude=etcd", &bad), (200, excluded.into()));
        let warned = "[+]ping ok\n[+]etcd ok\nwarn: some health checks cannot be excluded: no \
                      matches for \"x\"\nreadyz check passed\n";
        assert_eq!(told("verbose&exclude=x", &good), (200, warned.into()));
    }
}

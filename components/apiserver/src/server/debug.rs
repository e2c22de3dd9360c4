//! What people look at who look for trouble: metrics, and what is in flow control's queues.
//!
//! Profiles of the process (`/debug/pprof`) are not served: this is no Go program.
//!
//! Upstream: apiserver/pkg/server/routes/metrics.go, flowcontrol/apf_controller_debug.go.

use super::{Asked, Server, answer};
use http::StatusCode;
use wire::Response;

const QUEUES: &str = "/debug/api_priority_and_fairness/";

impl Server {
    /// Answers with metrics or tables; none: the path is none's.
    pub(super) fn debug(&self, asked: &Asked, path: &str) -> Option<Response> {
        let media = "text/plain; version=0.0.4; charset=utf-8";
        match path {
            "/metrics" => {
                self.metrics.requests.look(self.host.now());
                if let Some(gate) = self.limiter.gate() {
                    gate.look();
                }
                let text = self.metrics.text(&self.registry);
                Some(answer::reply(StatusCode::OK, media, text))
            }
            "/metrics/slis" => {
                Some(answer::reply(StatusCode::OK, media, self.metrics.health_text()))
            }
            _ => {
                let details = asked.query.get("includeRequestDetails");
                let details = details.is_some_and(|details| !details.is_empty());
                let table = self.limiter.gate()?.dump(path.strip_prefix(QUEUES)?, details)?;
                Some(answer::text(StatusCode::OK, table))
            }
        }
    }
}

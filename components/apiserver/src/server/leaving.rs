//! The end of a server's life as requests see it: not ready, then gone, with nobody cut off.
//!
//! Upstream: apiserver/pkg/server/{genericapiserver,lifecycle_signals}.go,
//! server/filters/{waitgroup,with_retry_after}.go.

use super::answer;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};
use tokio::sync::Notify;
use wire::{GoAway, Response};

/// Paths that are answered to the end.
const EXEMPT: [&str; 4] = ["/readyz", "/livez", "/healthz", "/metrics"];

/// Where in its end a server is, and how many requests it is working on.
#[derive(Debug, Default)]
pub(crate) struct Leaving {
    leaving: AtomicBool,
    refusing: AtomicBool,
    serving: Arc<Serving>,
}

#[derive(Debug, Default)]
struct Serving {
    count: AtomicU64,
    none: Notify,
}

/// A request that is worked on. Dropping it ends that.
#[derive(Debug)]
pub(super) struct Served(Arc<Serving>);

impl Leaving {
    /// From now on the server is not ready.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Relaxed);
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Relaxed)
    }

    /// From now on new requests are sent to other servers.
    pub(crate) fn refuse(&self) {
        self.refusing.store(true, Relaxed);
    }

    /// Waits until no request is worked on; those that stay open for long do not count.
    pub(crate) async fn idle(&self) {
        while self.serving.count.load(Relaxed) > 0 {
            self.serving.none.notified().await;
        }
    }

    /// Counts a request.
    pub(super) fn serve(&self) -> Served {
        self.serving.count.fetch_add(1, Relaxed);
        Served(self.serving.clone())
    }

    /// The answer to a request that comes too late; none: it does not.
    pub(super) fn refusal(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let own = agent.is_some_and(|agent| agent.starts_with("kube-apiserver/"));
        if !self.refusing.load(Relaxed) || own || EXEMPT.iter().any(|one| path.starts_with(one)) {
            return None;
        }
        let text = "The apiserver is shutting down, please try again later.\n";
        let mut response = answer::plain_error(StatusCode::TOO_MANY_REQUESTS, text);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        response.extensions_mut().insert(GoAway);
        Some(response)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Relaxed) == 1 {
            self.0.none.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn late_requests_are_sent_elsewhere_and_begun_ones_end() {
        let (leaving, nobody) = (Leaving::default(), HeaderMap::new());
        assert!(leaving.refusal("/api/v1/pods", &nobody).is_none());
        let served = leaving.serve();
        leaving.leave();
        assert!(leaving.refusal("/api/v1/pods", &nobody).is_none(), "the delay is not over");
        leaving.refuse();
        let refusal = leaving.refusal("/api/v1/pods", &nobody).unwrap();
        assert_eq!(refusal.headers()["retry-after"], "5");
        assert!(leaving.refusal("/readyz", &nobody).is_none());
        assert!(leaving.idle().now_or_never().is_none());
        drop(served);
        assert!(leaving.idle().now_or_never().is_some());
    }
}

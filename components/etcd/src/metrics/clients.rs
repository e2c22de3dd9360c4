//! Who asks: calls of clients by the version that they say they speak.

use etcd_api::METHODS;
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};
use telemetry::{Counter, Registry};

/// Metadata in which a client says its version (upstream: rpctypes.MetadataClientAPIVersionKey).
const VERSION: &str = "client-api-version";
/// Versions told apart at most: a client may say what it likes, and each costs memory for good.
const VERSIONS_MAX: usize = 64;
/// Bytes of a version told at most.
const VERSION_BYTES_MAX: usize = 64;

/// Counts calls. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct ClientMetrics {
    registry: Registry,
    unary: Arc<Mutex<BTreeMap<String, Counter>>>,
    stream: Arc<Mutex<BTreeMap<String, Counter>>>,
}

impl ClientMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self { registry: registry.clone(), unary: Arc::default(), stream: Arc::default() }
    }

    /// A client has called; what is none of our methods does not count.
    pub(crate) fn count<T>(&self, request: &http::Request<T>) {
        let path = request.uri().path();
        let Some((_, kind)) = METHODS.iter().find(|(method, _)| *method == path) else { return };
        let (kind, counters) = match *kind {
            "unary" => ("unary", &self.unary),
            _ => ("stream", &self.stream),
        };
        let version = request.headers().get(VERSION);
        // What is no text upstream refuses.
        let version = version.map_or("unknown", |version| version.to_str().unwrap_or("other"));
        let version = if version.len() > VERSION_BYTES_MAX { "other" } else { version };
        let mut counters = counters.lock();
        if let Some(counter) = counters.get(version) {
            return counter.increment();
        }
        let version = if counters.len() < VERSIONS_MAX { version } else { "other" };
        let counter = self.registry.counter(
            "etcd_server_client_requests_total",
            "The total number of client requests per client version.",
            &[("type", kind), ("client_api_version", version)],
        );
        counter.increment();
        counters.insert(version.to_owned(), counter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(metrics: &ClientMetrics, path: &str, version: Option<&str>) {
        let mut request = http::Request::new(());
        *request.uri_mut() = path.parse().expect("a path of the test");
        if let Some(version) = version {
            let version = version.parse().expect("a version of the test");
            request.headers_mut().insert(VERSION, version);
        }
        metrics.count(&request);
    }

    #[test]
    fn calls_are_told_apart_by_kind_and_by_a_limited_number_of_versions() {
        let registry = Registry::new();
        let metrics = ClientMetrics::new(&registry);
        count(&metrics, "/etcdserverpb.KV/Put", Some("3.6"));
        count(&metrics, "/etcdserverpb.KV/Range", Some("3.6"));
        count(&metrics, "/etcdserverpb.Watch/Watch", None);
        count(&metrics, "/health", None);
        for number in 0..2 * VERSIONS_MAX {
            count(&metrics, "/etcdserverpb.KV/Put", Some(&format!("v{number}")));
        }
        let text = registry.render();
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        for (series, count) in [
            (r#"{client_api_version="3.6",type="unary"}"#, 2),
            (r#"{client_api_version="unknown",type="stream"}"#, 1),
            (r#"{client_api_version="other",type="unary"}"#, VERSIONS_MAX + 1),
        ] {
            let line = format!("etcd_server_client_requests_total{series} {count}");
            assert!(lines.contains(&line.as_str()), "{line}\n{text}");
        }
        assert_eq!(lines.len(), VERSIONS_MAX + 2);
    }
}

//! Requests to etcd, by what they do and to which resource.
//!
//! Upstream: apiserver/pkg/storage/etcd3/metrics/metrics.go.

use std::{collections::BTreeMap, sync::Arc, time::Duration};
use telemetry::{Counter, Family, Histogram, Registry};

const SECONDS: [f64; 23] = [
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0,
    10.0, 15.0, 20.0, 30.0, 45.0, 60.0,
];
const REQUEST: &[&str] = &["operation", "group", "resource"];
const RESOURCE: &[&str] = &["group", "resource"];

#[derive(Clone, Debug)]
pub(crate) struct StorageMetrics {
    places: Arc<Places>,
    requests: Family<Counter>,
    errors: Family<Counter>,
    duration: Family<Histogram>,
    lists: Family<Counter>,
    fetched: Family<Counter>,
    returned: Family<Counter>,
}

impl StorageMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let r = registry;
        Self {
            places: Arc::new(Places::built_in()),
            requests: r.counters("etcd_requests_total", "[ALPHA] Requests to etcd.", REQUEST),
            errors: r.counters(
                "etcd_request_errors_total",
                "[ALPHA] Requests to etcd that failed.",
                REQUEST,
            ),
            duration: r.histograms(
                "etcd_request_duration_seconds",
                "[ALPHA] Time of requests to etcd.",
                REQUEST,
                &SECONDS,
            ),
            lists: r.counters(
                "apiserver_storage_list_total",
                "[ALPHA] Lists that were read from etcd.",
                RESOURCE,
            ),
            fetched: r.counters(
                "apiserver_storage_list_fetched_objects_total",
                "[ALPHA] Objects that were read from etcd for lists.",
                RESOURCE,
            ),
            returned: r.counters(
                "apiserver_storage_list_returned_objects_total",
                "[ALPHA] Objects of lists that were read from etcd.",
                RESOURCE,
            ),
        }
    }

    /// A request about a key (without the storage's prefix) has ended.
    pub(crate) fn request(&self, operation: &str, key: &str, good: bool, took: Duration) {
        let (group, resource) = self.places.of(key);
        let values = [operation, group, resource];
        self.requests.with(&values).increment();
        if !good {
            self.errors.with(&values).increment();
        }
        self.duration.with(&values).observe(took.as_secs_f64());
    }

    /// A list has brought so many objects.
    pub(crate) fn listed(&self, key: &str, objects: usize) {
        let (group, resource) = self.places.of(key);
        let values = [group, resource];
        self.lists.with(&values).increment();
        self.fetched.with(&values).add(objects as u64);
        self.returned.with(&values).add(objects as u64);
    }
}

/// Which resource is kept where.
#[derive(Debug)]
pub(super) struct Places(BTreeMap<String, (String, String)>);

impl Places {
    pub(super) fn built_in() -> Self {
        let place = |resource: &api::resources::Resource| {
            let of = (resource.stored.group.clone(), resource.plural.clone());
            (resource.path.clone(), of)
        };
        Self(api::resources::built_in().iter().map(place).collect())
    }

    /// Group and resource of a key, or of what keys begin with.
    pub(super) fn of<'a>(&'a self, key: &'a str) -> (&'a str, &'a str) {
        let mut slashes = key.match_indices('/').map(|(at, _)| at);
        let first = slashes.next().unwrap_or(key.len());
        let second = slashes.next().unwrap_or(key.len());
        let found = [second, first].into_iter().find_map(|end| self.0.get(&key[..end]));
        match found {
            Some((group, resource)) => (group, resource),
            // Custom resources are kept by group and plural.
            None if key[..first].contains('.') && first < second => {
                (&key[..first], &key[first + 1..second])
            }
            None => ("", &key[..first]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_of_resources() {
        let places = Places::built_in();
        for (key, expected) in [
            ("pods/a/p", ("", "pods")),
            ("pods/", ("", "pods")),
            ("services/specs/a/s", ("", "services")),
            ("deployments/a/d", ("apps", "deployments")),
            ("leases/kube-system/l", ("coordination.k8s.io", "leases")),
            ("example.org/things/a/t", ("example.org", "things")),
            ("compact_rev_key", ("", "compact_rev_key")),
        ] {
            assert_eq!(places.of(key), expected, "{key}");
        }
    }
}

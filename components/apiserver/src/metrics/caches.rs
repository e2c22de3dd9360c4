//! What the watch caches hold, and what went through them.
//!
//! Upstream: apiserver/pkg/storage/cacher/metrics, storage/etcd3/metrics.

use super::storage::Places;
use crate::cache::State;
use telemetry::Registry;

const CAPACITY: &str = "[ALPHA] Changes that a watch cache keeps at most.";

/// Brings the metrics of the caches up to date; each is named by what its keys begin with, without
/// the storage's prefix.
pub(super) fn look(registry: &Registry, caches: &[(String, State)]) {
    let places = Places::built_in();
    for (prefix, state) in caches {
        let (group, resource) = places.of(prefix);
        let labels = [("group", group), ("resource", resource)];
        let gauge = |name: &str, help: &str, value: u64| {
            registry.gauge(name, help, &labels).set(value as f64);
        };
        gauge("watch_cache_capacity", CAPACITY, state.capacity);
        gauge(
            "apiserver_watch_cache_resource_version",
            "[ALPHA] Up to which version a watch cache has everything.",
            state.revision,
        );
        gauge(
            "apiserver_resource_objects",
            "[ALPHA] Objects of a resource at the last look.",
            state.objects,
        );
        gauge(
            "apiserver_resource_size_estimate_bytes",
            "[ALPHA] Bytes of all objects of a resource.",
            state.bytes,
        );
        // The same under its older name, which has one label.
        let named = match group.is_empty() {
            true => resource.to_owned(),
            false => format!("{resource}.{group}"),
        };
        registry
            .gauge(
                "apiserver_storage_objects",
                "[STABLE] Objects of a resource at the last look.",
                &[("resource", &named)],
            )
            .set(state.objects as f64);
        for (name, help, value) in [
            (
                "apiserver_watch_cache_initializations_total",
                "[ALPHA] Times that a watch cache was filled anew.",
                state.epoch,
            ),
            (
                "apiserver_watch_cache_events_received_total",
                "[ALPHA] Changes that came into a watch cache.",
                state.received,
            ),
            (
                "apiserver_watch_cache_events_dispatched_total",
                "[ALPHA] Changes that watches can read from a watch cache.",
                state.received,
            ),
            (
                "apiserver_storage_events_received_total",
                "[ALPHA] Events that etcd has sent.",
                state.received,
            ),
        ] {
            let counter = registry.counter(name, help, &labels);
            counter.add(value.saturating_sub(counter.get()));
        }
    }
}

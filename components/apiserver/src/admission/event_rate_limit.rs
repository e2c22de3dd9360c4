//! Events come no faster than the cluster's operator lets them.
//!
//! Upstream: plugin/pkg/admission/eventratelimit.

use super::{
    Attributes, Cluster, Plugin,
    limit_ranger::aggregate,
    pod::{items, text},
};
use crate::failure::Failure;
use host::Instant;
use http::StatusCode;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const PLUGIN: Plugin = Plugin {
    name: NAME,
    by_default: false,
    mutate: None,
    validate: Some(|cluster, write| Box::pin(async move { validate(cluster, write) })),
};

const NAME: &str = "EventRateLimit";
/// Keys of one limit that are remembered, where the limit does not say.
const KEYS: usize = 4096;

/// Buckets of tokens, by the limit's place and its key.
pub(super) type Buckets = BTreeMap<(usize, String), Bucket>;

/// Tokens that come with time, and are taken by events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// Takes one token, if there is one.
    fn take(&mut self, now: Instant, per_second: f64, most: f64) -> bool {
        let passed = now.since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * per_second).min(most);
        self.at = now;
        let there = self.tokens >= 1.0;
        if there {
            self.tokens -= 1.0;
        }
        there
    }
}

fn validate(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    if !write.is("", "events") || write.deletes() || write.dry_run {
        return Ok(());
    }
    let now = cluster.registry.host.now();
    let mut buckets = cluster.memory.event_rates.lock();
    let mut faults = Vec::new();
    for (place, limit) in items(&cluster.settings.of(NAME)["limits"]).enumerate() {
        let kind = text(&limit["type"]);
        let key = key(kind, write);
        let per_second = limit["qps"].as_f64().unwrap_or(0.0);
        let most = limit["burst"].as_f64().unwrap_or(0.0);
        let keys = limit["cacheSize"].as_u64().and_then(|size| usize::try_from(size).ok());
        forget(&mut buckets, place, keys.filter(|size| *size > 0).unwrap_or(KEYS));
        let bucket = buckets.entry((place, key.clone()));
        let bucket = bucket.or_insert(Bucket { tokens: most, at: now });
        if !bucket.take(now, per_second, most) {
            faults.push(format!("limit reached on type {kind} for key {key}"));
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => {
            let text = aggregate(&faults);
            Err(Failure::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", text))
        }
    }
}

/// Makes room for one more key: the one that was used longest ago goes.
fn forget(buckets: &mut Buckets, place: usize, most: usize) {
    let range = (place, String::new())..(place + 1, String::new());
    if buckets.range(range.clone()).count() < most {
        return;
    }
    let oldest = buckets.range(range).min_by_key(|(_, bucket)| bucket.at);
    if let Some(key) = oldest.map(|(key, _)| key.clone()) {
        buckets.remove(&key);
    }
}

/// What a limit counts together.
fn key(kind: &str, write: &Attributes) -> String {
    let event = &write.object;
    let of = |value: &Value, names: &[&str]| -> String {
        names.iter().map(|name| text(&value[*name])).collect()
    };
    match kind {
        "Namespace" => write.namespace.clone(),
        "User" => write.user.name.clone(),
        "SourceAndObject" => {
            let involved = ["kind", "namespace", "name", "uid", "apiVersion"];
            let source = of(&event["source"], &["component", "host"]);
            source + &of(&event["involvedObject"], &involved)
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn tokens_come_back_with_time() {
        let start = Instant::default();
        let mut bucket = Bucket { tokens: 2.0, at: start };
        let taken: Vec<bool> = [0, 0, 0, 500, 1000, 1000, 9000, 9000, 9000]
            .into_iter()
            .map(|millis| bucket.take(start + Duration::from_millis(millis), 1.0, 2.0))
            .collect();
        assert_eq!(taken, [true, true, false, false, true, false, true, true, false]);
    }

    #[test]
    fn the_oldest_key_is_forgotten() {
        let bucket =
            |seconds| Bucket { tokens: 0.0, at: Instant::default() + Duration::from_secs(seconds) };
        let mut buckets: Buckets = [(0, "b", 1), (0, "a", 2), (1, "c", 0)]
            .into_iter()
            .map(|(place, key, at)| ((place, key.to_owned()), bucket(at)))
            .collect();
        forget(&mut buckets, 0, 2);
        let left: Vec<&str> = buckets.keys().map(|(_, key)| key.as_str()).collect();
        assert_eq!(left, ["a", "c"]);
    }
}

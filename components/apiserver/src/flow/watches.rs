//! Who watches what, so that the cost of a write is known.
//!
//! Upstream: apiserver/pkg/util/flowcontrol/watch_tracker.go.

use crate::request_info::RequestInfo;
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};

/// Group, resource, namespace and name; the last two may be empty.
type Watched = [String; 4];

/// The watches that are open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watches(Arc<Mutex<BTreeMap<Watched, u32>>>);

/// A watch that is open. Dropping it ends that.
#[derive(Debug)]
pub(crate) struct Watching {
    watched: Watched,
    watches: Watches,
}

fn watched(info: &RequestInfo, namespace: &str, name: &str) -> Watched {
    [info.group.clone(), info.resource.clone(), namespace.into(), name.into()]
}

impl Watches {
    /// Counts a watch until it is dropped.
    pub(crate) fn open(&self, info: &RequestInfo) -> Watching {
        let watched = watched(info, &info.namespace, &info.name);
        *self.0.lock().entry(watched.clone()).or_default() += 1;
        Watching { watched, watches: self.clone() }
    }

    /// Those that are told of a write.
    pub(crate) fn interested(&self, info: &RequestInfo) -> u32 {
        let open = self.0.lock();
        let names = if info.name.is_empty() { vec![""] } else { vec!["", &info.name] };
        let namespaces = match info.namespace.is_empty() {
            true => vec![""],
            false => vec!["", &info.namespace],
        };
        let all = namespaces
            .iter()
            .flat_map(|namespace| names.iter().map(move |name| watched(info, namespace, name)));
        all.filter_map(|watched| open.get(&watched)).sum()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut open = self.watches.0.lock();
        if let Some(count) = open.get_mut(&self.watched) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.watched);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use http::Method;

    #[test]
    fn a_write_interests_those_who_watch_all_its_namespace_or_itself() {
        let watches = Watches::default();
        let info = |uri: &str| RequestInfo::of(&Method::GET, uri, &Query::default());
        let open: Vec<_> = [
            "/api/v1/pods",
            "/api/v1/namespaces/a/pods",
            "/api/v1/namespaces/b/pods",
            "/api/v1/namespaces/a/pods/p",
            "/api/v1/nodes",
        ]
        .map(|uri| watches.open(&info(uri)))
        .into();
        assert_eq!(watches.interested(&info("/api/v1/namespaces/a/pods/p")), 3);
        assert_eq!(watches.interested(&info("/api/v1/namespaces/a/pods/q")), 2);
        assert_eq!(watches.interested(&info("/api/v1/nodes/n")), 1);
        drop(open);
        assert_eq!(watches.interested(&info("/api/v1/namespaces/a/pods/p")), 0);
        assert!(watches.0.lock().is_empty());
    }
}

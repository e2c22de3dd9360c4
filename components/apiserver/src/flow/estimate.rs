//! How many seats a request takes: lists by what they read into memory, writes by how many watch.
//!
//! Upstream: apiserver/pkg/util/flowcontrol/request/{width,config,list_work_estimator,
//! mutating_work_estimator}.go, storage/cacher/delegator.

use super::work::{SeatTime, Work};
use crate::{query::Query, request_info::RequestInfo};
use std::time::Duration;

/// Seats of a list at most (with SizeBasedListCostEstimate).
const LIST_SEATS_MAX: u32 = 100;
/// Seats of a write's events at most.
const WRITE_SEATS_MAX: u32 = 10;
const BYTES_PER_SEAT: u64 = 100_000;
/// A list that comes from a cache is never in memory as a whole.
const CACHED_BYTES_MAX: u64 = 1_000_000;
const WATCHES_PER_SEAT: u32 = 10;
/// What one event takes.
const EVENT: Duration = Duration::from_millis(5);

/// What is known of a resource's objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    pub(crate) objects: u64,
    /// Of all of them.
    pub(crate) bytes: u64,
}

/// Estimates the work of a request in a level where one may take `seats_max`. Of the two numbers
/// only that is asked for which counts: how much is stored, how many watch.
pub(super) fn estimate(
    info: &RequestInfo,
    query: &Query,
    seats_max: Option<u32>,
    stored: impl FnOnce() -> Option<Stored>,
    watches: impl FnOnce() -> u32,
) -> Work {
    let begins = info.verb == "watch" && query.is_true("sendInitialEvents");
    match info.verb {
        "list" => list(info, query, seats_max, stored),
        "watch" if begins => list(info, query, seats_max, stored),
        "create" | "update" | "patch" | "delete" if info.is_resource => {
            write(info, seats_max, watches)
        }
        _ => Work::of(1),
    }
}

fn list(
    info: &RequestInfo,
    query: &Query,
    seats_max: Option<u32>,
    stored: impl FnOnce() -> Option<Stored>,
) -> Work {
    let most = seats_max.map_or(LIST_SEATS_MAX, |most| most.min(LIST_SEATS_MAX));
    let limit = match query.number("limit") {
        Ok(limit) => limit.and_then(|limit| u64::try_from(limit).ok()).filter(|limit| *limit > 0),
        // It will be refused.
        Err(_) => return Work::of(most),
    };
    let Some(stored) = stored() else { return Work::of(1) };
    let limited = limit.map_or(stored.objects, |limit| limit.min(stored.objects));
    let selects = |name| query.get(name).is_some_and(|selector| !selector.is_empty());
    let selected = selects("labelSelector") || selects("fieldSelector");
    let cached = info.verb == "watch" || !goes_to_storage(query, limit);
    let objects = match () {
        // A list of one object by its name is read as that object.
        () if !info.name.is_empty() => 1,
        () if !cached && selected => limited.max(stored.objects / 2),
        () => limited,
    };
    let average = stored.bytes.checked_div(stored.objects).unwrap_or(0);
    let bytes = objects.saturating_mul(average);
    let bytes = if cached { bytes.min(CACHED_BYTES_MAX) } else { bytes };
    let seats = u32::try_from(bytes.div_ceil(BYTES_PER_SEAT)).unwrap_or(u32::MAX);
    Work::of(seats.max(1).min(most))
}

/// Whether upstream would read it from etcd (ShouldDelegateList, without snapshots).
fn goes_to_storage(query: &Query, limit: Option<u64>) -> bool {
    let text = |name| query.get(name).unwrap_or_default();
    let revision = text("resourceVersion");
    match text("resourceVersionMatch") {
        "Exact" => true,
        "NotOlderThan" => false,
        _ => !text("continue").is_empty() || limit.is_some() && !matches!(revision, "" | "0"),
    }
}

fn write(info: &RequestInfo, seats_max: Option<u32>, watches: impl FnOnce() -> u32) -> Work {
    // Nobody is told of a token.
    if info.resource == "serviceaccounts" && info.subresource == "token" {
        return Work::of(1);
    }
    let watches = watches();
    if watches < WATCHES_PER_SEAT {
        return Work::of(1);
    }
    let most = seats_max.map_or(WRITE_SEATS_MAX, |most| most.min(WRITE_SEATS_MAX));
    let wanted = watches.div_ceil(WATCHES_PER_SEAT);
    let seats = wanted.min(most);
    // The same work on fewer seats takes longer.
    let linger = SeatTime::of(wanted, EVENT).per_seat(seats);
    Work { initial_seats: 1, final_seats: seats, linger }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        uri: &str,
        method: &str,
        most: Option<u32>,
        stored: Option<(u64, u64)>,
        watches: u32,
    ) -> Work {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let query = Query::parse(query);
        let info = RequestInfo::of(&method.parse().unwrap(), path, &query);
        let stored = stored.map(|(objects, average)| Stored { objects, bytes: objects * average });
        estimate(&info, &query, most, || stored, || watches)
    }

    #[test]
    fn lists_take_seats_by_what_they_read_into_memory() {
        let small = Some((1000, 1000));
        let large = Some((10_000, 100_000));
        let cases = [
            ("/api/v1/pods", None, None, 1),
            ("/api/v1/pods", small, None, 10),
            ("/api/v1/pods", small, Some(4), 4),
            ("/api/v1/pods?limit=200", small, None, 2),
            ("/api/v1/pods?limit=x", None, None, 100),
            ("/api/v1/pods", large, None, 10),
            ("/api/v1/pods?fieldSelector=metadata.name%3Da", large, None, 1),
            ("/api/v1/pods?limit=1&continue=x", large, None, 1),
            ("/api/v1/pods?limit=50&continue=x", large, None, 50),
            ("/api/v1/pods?limit=50&continue=x&labelSelector=a", large, None, 100),
            ("/api/v1/pods?limit=50&resourceVersion=7", large, None, 50),
            ("/api/v1/pods?watch=1", large, None, 1),
            ("/api/v1/pods?watch=1&sendInitialEvents=true", large, None, 10),
        ];
        for (uri, stored, most, seats) in cases {
            assert_eq!(of(uri, "GET", most, stored, 0), Work::of(seats), "{uri}");
        }
    }

    #[test]
    fn writes_linger_for_those_who_watch() {
        let pods = "/api/v1/namespaces/a/pods";
        let lingering = |final_seats, millis| Work {
            initial_seats: 1,
            final_seats,
            linger: Duration::from_millis(millis),
        };
        for (uri, method, most, watches, work) in [
            (pods, "POST", None, 9, Work::of(1)),
            (pods, "POST", None, 10, lingering(1, 5)),
            (pods, "POST", None, 200, lingering(10, 10)),
            (pods, "POST", Some(2), 200, lingering(2, 50)),
            ("/api/v1/namespaces/a/pods/p", "GET", None, 200, Work::of(1)),
            ("/api/v1/namespaces/a/serviceaccounts/p/token", "POST", None, 200, Work::of(1)),
            ("/version", "POST", None, 200, Work::of(1)),
        ] {
            assert_eq!(of(uri, method, most, None, watches), work, "{method} {uri}");
        }
    }
}

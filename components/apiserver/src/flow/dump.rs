//! What is in the queues, as tables for people: `/debug/api_priority_and_fairness`.
//!
//! Upstream: apiserver/pkg/util/flowcontrol/apf_controller_debug.go.

use super::{
    flows::{Flows, Level},
    queue::Request,
};
use host::Timestamp;
use std::{fmt::Write, time::Duration};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A column is at least so wide.
const WIDTH_MIN: usize = 8;

/// `dump_priority_levels`.
pub(super) fn levels(flows: &Flows) -> String {
    let mut rows = vec![row(&[
        "PriorityLevelName",
        "ActiveQueues",
        "IsIdle",
        "IsQuiescing",
        "WaitingRequests",
        "ExecutingRequests",
        "DispatchedRequests",
        "RejectedRequests",
        "TimedoutRequests",
        "CancelledRequests",
    ])];
    for (name, level) in flows.levels() {
        let queues = &level.queues;
        let active = queues.queues().iter().filter(|queue| !queue.waiting.is_empty()).count();
        let ((waiting, executing), totals) = (queues.counts(), queues.totals());
        let numbers = [totals.dispatched, totals.rejected, totals.timed_out, totals.cancelled];
        let mut cells = vec![
            name.to_string(),
            active.to_string(),
            queues.is_idle().to_string(),
            level.quiescing.to_string(),
            waiting.to_string(),
            executing.to_string(),
        ];
        cells.extend(numbers.iter().map(ToString::to_string));
        rows.push(cells);
    }
    table(&rows)
}

/// `dump_queues`.
pub(super) fn queues(flows: &Flows) -> String {
    let mut rows = vec![row(&[
        "PriorityLevelName",
        "Index",
        "PendingRequests",
        "ExecutingRequests",
        "SeatsInUse",
        "NextDispatchR",
        "InitialSeatsSum",
        "MaxSeatsSum",
        "TotalWorkSum",
    ])];
    for (name, level) in flows.levels() {
        for (index, queue) in level.queues.queues().iter().enumerate() {
            rows.push(vec![
                name.to_string(),
                index.to_string(),
                queue.waiting.len().to_string(),
                queue.executing.to_string(),
                queue.seats_in_use.to_string(),
                queue.next_dispatch_r.to_string(),
                queue.initial_seats.to_string(),
                queue.seats.to_string(),
                queue.work.to_string(),
            ]);
        }
    }
    table(&rows)
}

/// `dump_requests`; with details: also who sends them, and what they are.
pub(super) fn requests(flows: &Flows, details: bool) -> String {
    let mut head = row(&[
        "PriorityLevelName",
        "FlowSchemaName",
        "QueueIndex",
        "RequestIndexInQueue",
        "FlowDistingsher",
        "ArriveTime",
        "InitialSeats",
        "FinalSeats",
        "AdditionalLatency",
        "StartTime",
    ]);
    if details {
        head.extend(row(&[
            "UserName",
            "Verb",
            "APIPath",
            "Namespace",
            "Name",
            "APIVersion",
            "Resource",
            "SubResource",
        ]));
    }
    let mut rows = vec![head];
    for (name, level) in flows.levels() {
        rows.extend(placed(level).map(|(queue, place, request)| {
            let mut cells = vec![name.to_string()];
            cells.extend(described(queue, place, request));
            if details {
                cells.extend(detailed(request));
            }
            cells
        }));
    }
    table(&rows)
}

/// A level's requests with their queues (-1: none) and their places in these (-1: it runs).
fn placed(level: &Level) -> impl Iterator<Item = (i64, i64, &Request)> {
    let place = |request: &Request, id: &u64| {
        let queue = &level.queues.queues().get(request.queue?)?.waiting;
        queue.iter().position(|one| one == id)
    };
    level.queues.requests().iter().map(move |(id, request)| {
        let number = |at: Option<usize>| at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1);
        (number(request.queue), number(place(request, id)), request)
    })
}

fn described(queue: i64, place: i64, request: &Request) -> Vec<String> {
    let (about, work) = (&request.about, &request.work);
    vec![
        about.schema.to_string(),
        queue.to_string(),
        place.to_string(),
        about.distinguisher.clone(),
        moment(Some(about.arrived)),
        work.initial_seats.to_string(),
        work.final_seats.to_string(),
        duration(work.linger),
        moment(request.started.map(|(_, wall)| wall)),
    ]
}

fn detailed(request: &Request) -> Vec<String> {
    let info = &request.about.info;
    let version = match info.group.is_empty() {
        true => info.version.clone(),
        false => format!("{}/{}", info.group, info.version),
    };
    vec![
        request.about.user.name.clone(),
        info.verb.to_owned(),
        info.path.clone(),
        info.namespace.clone(),
        info.name.clone(),
        version,
        info.resource.clone(),
        info.subresource.clone(),
    ]
}

/// Go's zero time where there is none.
fn moment(at: Option<Timestamp>) -> String {
    let Some(Timestamp(nanos)) = at else { return "0001-01-01T00:00:00Z".into() };
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanos)).ok();
    moment.and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_default()
}

/// As Go writes short durations.
fn duration(duration: Duration) -> String {
    match duration.is_zero() {
        true => "0s".into(),
        false => format!("{}ms", duration.as_secs_f64() * 1e3),
    }
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// Columns as Go's tabwriter sets them; all but the last of a row end in a comma.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter(|row| column + 1 < row.len()).map(|row| row[column].len());
        (cells.max().unwrap_or(0) + 2).max(WIDTH_MIN)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let (last, cells) = row.split_last().map_or(("", &row[..0]), |(last, cells)| (last, cells));
        for (cell, width) in cells.iter().zip(&widths) {
            // Writing to a string cannot fail.
            let _ = write!(text, "{:width$}", format!("{cell},"));
        }
        text += last;
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{authentication::User, flow::work::Work, query::Query, request_info::RequestInfo};
    use host::Instant;
    use http::Method;
    use std::sync::Arc;

    #[test]
    fn tables_are_those_of_upstream() {
        let mut flows = Flows::new(Instant::default(), Timestamp(0), 600);
        let user = Arc::new(User { name: "alice".into(), ..User::default() }.authenticated());
        let info = Arc::new(RequestInfo::of(&Method::GET, "/api/v1/nodes/n", &Query::default()));
        let wall = Timestamp(1_500_000_000);
        flows.arrive(Instant::default(), wall, (&user, &info), |_| Work::of(1));
        let table = levels(&flows);
        let rows: Vec<&str> = table.lines().collect();
        let cells = "ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, ";
        assert!(rows[0].starts_with(&format!("PriorityLevelName, {cells}DispatchedRequests, ")));
        assert!(rows[1].starts_with("catch-all,         0,            false,  false,       0, "));
        assert_eq!(rows.len(), 3, "{table}");
        let table = requests(&flows, true);
        let row: Vec<&str> = table.lines().nth(1).unwrap().split(',').map(str::trim).collect();
        let moment = "1970-01-01T00:00:01.5Z";
        let expected = ["catch-all", "catch-all", "-1", "-1", "", moment, "1", "0", "0s", moment]
            .into_iter()
            .chain(["alice", "get", "/api/v1/nodes/n", "", "n", "v1", "nodes", ""]);
        assert_eq!(row, expected.collect::<Vec<_>>());
    }
}

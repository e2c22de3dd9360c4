//! What was applied, how often and how fast.

use etcd_api::{EtcdError, etcdserverpb as pb, internal::internal_request::Request};
use etcd_store::Response;
use parking_lot::Mutex;
use pb::response_op::Response as OpResponse;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use telemetry::{Counter, Histogram, Registry, exponential};

/// Applying longer than this is slow (upstream's default of --warning-apply-duration).
const SLOW: Duration = Duration::from_millis(100);

/// Operation and success.
type Labels = (&'static str, bool);

/// What the applier counts, and who reads besides it.
#[derive(Clone, Debug)]
pub(crate) struct AppliedMetrics {
    registry: Registry,
    durations: Arc<Mutex<BTreeMap<Labels, Histogram>>>,
    slow: Counter,
    puts: Counter,
    deletes: Counter,
    ranges: Counter,
    transactions: Counter,
    leases_granted: Counter,
    leases_revoked: Counter,
}

/// Operations within one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Operations {
    puts: u64,
    deletes: u64,
    ranges: u64,
}

impl AppliedMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let counter = |name: &str, help: &str| registry.counter(name, help, &[]);
        Self {
            slow: counter(
                "etcd_server_slow_apply_total",
                "The total number of slow apply requests (likely overloaded from slow disk).",
            ),
            puts: counter("etcd_mvcc_put_total", "Total number of puts seen by this member."),
            deletes: counter(
                "etcd_mvcc_delete_total",
                "Total number of deletes seen by this member.",
            ),
            ranges: counter("etcd_mvcc_range_total", "Total number of ranges seen by this member."),
            transactions: counter(
                "etcd_mvcc_txn_total",
                "Total number of txns seen by this member.",
            ),
            leases_granted: counter(
                "etcd_debugging_lease_granted_total",
                "The total number of granted leases.",
            ),
            leases_revoked: counter(
                "etcd_debugging_lease_revoked_total",
                "The total number of revoked leases.",
            ),
            durations: Arc::default(),
            registry: registry.clone(),
        }
    }

    /// A request of the log was applied.
    pub(crate) fn observe(
        &self,
        request: Option<&Request>,
        result: &Result<Response, EtcdError>,
        took: Duration,
    ) {
        // Upstream counts a compacted revision as answered, too.
        let success = matches!(result, Ok(_) | Err(EtcdError::Compacted));
        self.duration((name(request), success)).observe(took.as_secs_f64());
        if took > SLOW {
            self.slow.increment();
        }
        if let Ok(response) = result {
            self.response(response);
        }
    }

    /// A range was read outside the log.
    pub(crate) fn range(&self) {
        self.ranges.increment();
    }

    /// A transaction was read outside the log.
    pub(crate) fn transaction(&self, response: &pb::TxnResponse) {
        let mut counted = Operations::default();
        counted.add(response);
        self.operations(counted);
    }

    fn response(&self, response: &Response) {
        match response {
            Response::Put(_) => self.puts.increment(),
            Response::DeleteRange(_) => self.deletes.increment(),
            Response::Range(_) => self.ranges.increment(),
            Response::Txn(response) => self.transaction(response),
            Response::LeaseGrant(_) => self.leases_granted.increment(),
            Response::LeaseRevoke(_) => self.leases_revoked.increment(),
            _ => {}
        }
    }

    /// Upstream calls it a transaction when there is more than one operation in it.
    fn operations(&self, Operations { puts, deletes, ranges }: Operations) {
        if puts + deletes + ranges > 1 {
            self.transactions.increment();
        }
        self.puts.add(puts);
        self.deletes.add(deletes);
        self.ranges.add(ranges);
    }

    fn duration(&self, labels: Labels) -> Histogram {
        let make = || {
            let (op, success) = labels;
            self.registry.histogram(
                "etcd_server_apply_duration_seconds",
                "The latency distributions of v2 apply called by backend.",
                &[("op", op), ("success", &success.to_string()), ("version", "v3")],
                &exponential(0.0001, 2.0, 20),
            )
        };
        self.durations.lock().entry(labels).or_insert_with(make).clone()
    }
}

impl Operations {
    fn add(&mut self, response: &pb::TxnResponse) {
        for response in &response.responses {
            match &response.response {
                Some(OpResponse::ResponsePut(_)) => self.puts += 1,
                Some(OpResponse::ResponseDeleteRange(_)) => self.deletes += 1,
                Some(OpResponse::ResponseRange(_)) => self.ranges += 1,
                Some(OpResponse::ResponseTxn(nested)) => self.add(nested),
                None => {}
            }
        }
    }
}

/// As upstream's applier names its operations.
fn name(request: Option<&Request>) -> &'static str {
    match request {
        None => "unknown",
        Some(Request::Put(_)) => "Put",
        Some(Request::DeleteRange(_)) => "DeleteRange",
        Some(Request::Txn(_)) => "Txn",
        Some(Request::Range(_)) => "Range",
        Some(Request::Compaction(_)) => "Compaction",
        Some(Request::LeaseGrant(_)) => "LeaseGrant",
        Some(Request::LeaseRevoke(_)) => "LeaseRevoke",
        Some(Request::LeaseCheckpoint(_)) => "LeaseCheckpoint",
        Some(Request::Alarm(_)) => "Alarm",
        Some(Request::Authenticate(_)) => "Authenticate",
        Some(Request::AuthEnable(_)) => "AuthEnable",
        Some(Request::AuthDisable(_)) => "AuthDisable",
        Some(Request::AuthStatus(_)) => "AuthStatus",
        Some(Request::AuthUserAdd(_)) => "AuthUserAdd",
        Some(Request::AuthUserDelete(_)) => "AuthUserDelete",
        Some(Request::AuthUserGet(_)) => "AuthUserGet",
        Some(Request::AuthUserChangePassword(_)) => "AuthUserChangePassword",
        Some(Request::AuthUserGrantRole(_)) => "AuthUserGrantRole",
        Some(Request::AuthUserRevokeRole(_)) => "AuthUserRevokeRole",
        Some(Request::AuthUserList(_)) => "AuthUserList",
        Some(Request::AuthRoleAdd(_)) => "AuthRoleAdd",
        Some(Request::AuthRoleDelete(_)) => "AuthRoleDelete",
        Some(Request::AuthRoleGet(_)) => "AuthRoleGet",
        Some(Request::AuthRoleList(_)) => "AuthRoleList",
        Some(Request::AuthRoleGrantPermission(_)) => "AuthRoleGrantPermission",
        Some(Request::AuthRoleRevokePermission(_)) => "AuthRoleRevokePermission",
        Some(Request::ClusterVersionSet(_)) => "ClusterVersionSet",
        Some(Request::ClusterMemberAttrSet(_)) => "ClusterMemberAttrSet",
        Some(Request::DowngradeInfoSet(_)) => "DowngradeInfoSet",
    }
}

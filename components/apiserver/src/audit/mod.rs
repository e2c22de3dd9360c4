//! Who did what, and what came of it: events in a log, as much as a policy says.
//!
//! Upstream: apiserver/pkg/audit, endpoints/filters/audit.go.

mod log;
mod policy;
mod trail;

pub use policy::AuditPolicy;
pub(crate) use trail::{Request, Trail};

use crate::authorization::Attributes;
use host::Host;
use log::Log;
use policy::Level;
use std::sync::Arc;

/// Where events are written, and which.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditLog {
    /// `--audit-policy-file`.
    pub policy: AuditPolicy,
    /// `--audit-log-path`.
    pub path: String,
    /// `--audit-log-maxsize`, in bytes; zero: no limit.
    pub size_max_bytes: u64,
    /// `--audit-log-maxbackup`: full files that are kept; zero: all.
    pub files_max: usize,
}

/// Follows requests.
#[derive(Debug, Default)]
pub(crate) struct Audit(Option<(AuditPolicy, Host, Arc<Log>)>);

impl Audit {
    /// Without a log nothing is told.
    pub(crate) fn new(host: &Host, config: Option<AuditLog>) -> Self {
        Self(config.map(|config| {
            let policy = config.policy.clone();
            (policy, host.clone(), Arc::new(Log::new(host, config)))
        }))
    }

    /// Begins to follow a request, where the policy asks for it.
    pub(crate) async fn begin(&self, attributes: &Attributes, request: Request<'_>) -> Trail {
        let Some((policy, host, log)) = &self.0 else { return Trail::default() };
        let told = policy.told(attributes);
        if told.level == Level::None {
            return Trail::default();
        }
        let trail = Trail::new(host, log.clone(), told, attributes, request);
        trail.received().await;
        trail
    }
}

//! Who did what, and what came of it: events in a log, as much as a policy says.
//!
//! Upstream: apiserver/pkg/audit, endpoints/filters/audit.go.

mod file;
mod policy;
mod settings;
mod sink;
mod throttle;
mod trail;
mod truncate;

pub use policy::AuditPolicy;
pub use settings::{
    AuditBatches, AuditFile, AuditMode, AuditSettings, AuditSink, AuditTarget, AuditTruncation,
    LineWriter,
};
pub(crate) use trail::{Request, Trail};

use crate::authorization::Attributes;
use host::Host;
use policy::Level;
use sink::{Lost, Sink};
use std::sync::Arc;

/// Follows requests.
#[derive(Debug, Default)]
pub(crate) struct Audit(Option<(AuditPolicy, Host, Arc<Vec<Sink>>)>);

/// A request's beginning could not be told, and requests of which that is so are refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("failed to store audit event")]
pub(crate) struct Untold;

impl From<Lost> for Untold {
    fn from(_: Lost) -> Self {
        Self
    }
}

impl Audit {
    /// Without a policy nothing is told.
    pub(crate) fn new(host: &Host, settings: Option<AuditSettings>) -> Self {
        Self(settings.map(|settings| {
            let sinks = settings.sinks.into_iter().map(|sink| Sink::new(host, sink));
            (settings.policy, host.clone(), Arc::new(sinks.collect()))
        }))
    }

    /// Begins to follow a request, where the policy asks for it.
    ///
    /// # Errors
    /// [`Untold`].
    pub(crate) async fn begin(
        &self,
        attributes: &Attributes,
        request: Request<'_>,
    ) -> Result<Trail, Untold> {
        let Some((policy, host, sinks)) = &self.0 else { return Ok(Trail::default()) };
        let told = policy.told(attributes);
        if told.level == Level::None {
            return Ok(Trail::default());
        }
        let trail = Trail::new(host, sinks.clone(), told, attributes, request);
        trail.received().await?;
        Ok(trail)
    }
}

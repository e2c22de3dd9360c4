//! How long a watch of custom objects lives: until its definition says something else, or is gone.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/customresource_handler.go (tearDown).

use crate::registry::{Registry, table::Table};
use api::resources::Resource;
use host::{Host, Instant, watch};
use std::{sync::Arc, time::Duration};

/// What happened before the change is still told for so long.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Life {
    host: Host,
    tables: watch::Receiver<Arc<Table>>,
    resource: Arc<Resource>,
    ends: Option<Instant>,
}

impl Life {
    pub(super) fn new(registry: &Registry, resource: &Arc<Resource>) -> Self {
        Self {
            host: registry.host.clone(),
            tables: registry.tables.subscribe(),
            resource: resource.clone(),
            ends: None,
        }
    }

    /// Comes when the watch is to end. Cancel-safe.
    pub(super) async fn end(&mut self) {
        loop {
            if let Some(at) = self.ends {
                return self.host.clock.boxed_sleep(at).await;
            }
            self.tables.mark_unchanged();
            if !self.is_served() {
                self.ends = Some(self.host.now() + GRACE);
            } else if self.tables.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether the resource is what it was. Conditions of its definition may come and go.
    fn is_served(&self) -> bool {
        let table = self.tables.borrow().clone();
        let kind = &self.resource.kind;
        let found = table.find(&kind.group, &kind.version, &self.resource.plural);
        let (own, now) = (&self.resource.custom, found.and_then(|found| found.custom.as_ref()));
        match (own, now) {
            (Some(own), Some(now)) => {
                Arc::ptr_eq(&own.origin, &now.origin) || own.origin == now.origin
            }
            _ => false,
        }
    }
}

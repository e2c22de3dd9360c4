//! Groups of resources that other servers of the cluster have: found by their `APIService`s, asked
//! whether they are there, and shown as if they were this server's own.
//!
//! | file | what |
//! |---|---|
//! | `extension.rs` | one group version that another server has |
//! | `priorities.rs` | which groups come first |
//! | `registration.rs` | `APIService`s of this server's own groups |
//! | `availability.rs` | whether the others are there |
//! | `documents.rs` | what they say of their resources |
//! | `identity.rs` | how they know on whose behalf this server asks |
//! | `trust.rs` | what they have to know to believe it |
//!
//! Requests for them are forwarded by `server/extended.rs`. Upstream: kube-aggregator.

mod availability;
mod documents;
mod extension;
pub(crate) mod identity;
pub(crate) mod priorities;
mod registration;
mod trust;

pub(crate) use extension::Extension;
pub(crate) use trust::Trust;

use crate::{cache::Cacher, registry::Registry};
use documents::Documents;
use host::{Host, Task, watch};
use parking_lot::Mutex;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use wire::tls::Identity;

pub(crate) const GROUP: &str = "apiregistration.k8s.io";
pub(crate) const PLURAL: &str = "apiservices";

/// While a cache is not there yet.
const RETRY: Duration = Duration::from_secs(1);

/// How this server shows itself to others, and how far it trusts them.
#[derive(Clone, Debug)]
pub struct Aggregation {
    /// `--proxy-client-cert-file` and `--proxy-client-key-file`, PEM.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// `--aggregator-reject-forwarding-redirect`.
    pub rejects_redirects: bool,
}

impl Default for Aggregation {
    fn default() -> Self {
        Self { identity: None, rejects_redirects: true }
    }
}

/// Group versions that others have, by group and version.
pub(crate) type Extensions = BTreeMap<(String, String), Arc<Extension>>;

/// All that is known of other servers' groups.
#[derive(Debug)]
pub(crate) struct Aggregator {
    registry: Arc<Registry>,
    identity: Option<Identity>,
    pub(crate) rejects_redirects: bool,
    extensions: watch::Sender<Arc<Extensions>>,
    documents: Mutex<Documents>,
    /// This server's own groups have their `APIService`s.
    registered: AtomicBool,
}

impl Aggregator {
    /// Knows of nobody yet.
    ///
    /// # Errors
    /// The certificate and the key do not fit.
    pub(crate) fn new(
        host: &Host,
        registry: &Arc<Registry>,
        settings: &Aggregation,
    ) -> Result<Self, wire::tls::Error> {
        let identity = settings.identity.as_ref();
        let identity = identity.map(|(chain, key)| Identity::from_pem(host, chain, key));
        Ok(Self {
            registry: registry.clone(),
            identity: identity.transpose()?,
            rejects_redirects: settings.rejects_redirects,
            extensions: watch::channel(Arc::default()).0,
            documents: Mutex::default(),
            registered: AtomicBool::new(false),
        })
    }

    /// Those that others have now.
    pub(crate) fn extensions(&self) -> Arc<Extensions> {
        self.extensions.borrow().clone()
    }

    /// Who answers for a path such as `/apis/metrics.k8s.io/v1beta1/nodes`; none: this server.
    pub(crate) fn of_path(&self, path: &str) -> Option<Arc<Extension>> {
        let path = path.strip_prefix("/openapi/v3").unwrap_or(path);
        let mut parts = path.split('/').skip(1);
        let group = match parts.next()? {
            "apis" => parts.next()?,
            "api" => "",
            _ => return None,
        };
        let version = parts.next().filter(|version| !version.is_empty())?;
        self.extensions().get(&(group.to_owned(), version.to_owned())).cloned()
    }

    /// What aggregated discovery says of a version that another has.
    pub(crate) fn version(&self, extension: &Extension) -> Value {
        self.documents.lock().version(extension)
    }

    /// Where OpenAPI tells of versions that others have: paths in its index, with their addresses.
    pub(crate) fn openapi(&self) -> BTreeMap<String, String> {
        self.documents.lock().openapi(&self.extensions())
    }

    pub(crate) fn is_registered(&self) -> bool {
        self.registered.load(Ordering::Relaxed)
    }

    /// All `APIService`s, as soon as anything is known of them.
    async fn cache(&self) -> Arc<Cacher> {
        loop {
            if let Ok(cache) = self.registry.cached(GROUP, "v1", PLURAL).await {
                return cache;
            }
            self.registry.host.sleep(RETRY).await;
        }
    }

    /// Keeps what is known of others as new as their `APIService`s.
    async fn follow(self: Arc<Self>) {
        let cache = self.cache().await;
        let mut progress = cache.subscribe();
        loop {
            progress.mark_unchanged();
            let known = self.extensions();
            let entries = cache.snapshot("").entries;
            let found = entries.iter().filter_map(|entry| {
                let found =
                    Extension::of(&self.registry.host, entry.value(), self.identity.as_ref())?;
                // What is the same stays the same: whoever compares them sees no change.
                let same = known.get(&found.key()).filter(|known| ***known == found);
                Some((found.key(), same.cloned().unwrap_or_else(|| Arc::new(found))))
            });
            let found: Extensions = found.collect();
            if found != *known {
                self.extensions.send_replace(Arc::new(found));
            }
            if progress.changed().await.is_err() {
                return;
            }
        }
    }
}

/// Does for other servers' groups what is to be done, for as long as the tasks are kept.
pub(crate) fn start(host: &Host, aggregator: &Arc<Aggregator>, trust: Trust) -> Vec<Task<()>> {
    let registry = aggregator.registry.clone();
    vec![
        host.spawn("apiserver/api-services", aggregator.clone().follow()),
        host.spawn("apiserver/registration", registration::run(aggregator.clone())),
        host.spawn("apiserver/availability", availability::run(aggregator.clone())),
        host.spawn("apiserver/trust", trust::run(registry, trust)),
    ]
}

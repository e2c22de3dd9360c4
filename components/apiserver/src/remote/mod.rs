//! Servers outside of the cluster that this one asks: who somebody is, what they may do, and those
//! that are told what happened.
//!
//! Upstream: apiserver/pkg/util/webhook/webhook.go.

mod call;
mod kubeconfig;
mod place;

pub(crate) use call::status_told;
pub(crate) use place::{Place, fetch};

use host::Host;
use std::{fmt, sync::Arc};
use tokio::sync::Semaphore;
use wire::tls::ClientTls;

/// Calls that are under way at once; more wait for their turn.
const CALLS_MAX: usize = 200;
/// Calls under way and those that wait; more are refused.
const WAITING_MAX: usize = 2000;

/// A server that takes reviews. Cheap to clone; clones share its limits.
#[derive(Clone)]
pub struct Remote {
    place: Place,
    tls: Option<ClientTls>,
    /// The header `Authorization`.
    authorization: Option<String>,
    turns: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("url", &self.place.url).finish_non_exhaustive()
    }
}

impl Remote {
    fn new(place: Place, tls: Option<ClientTls>, authorization: Option<String>) -> Self {
        let (turns, room) = (Semaphore::new(CALLS_MAX), Semaphore::new(WAITING_MAX));
        Self { place, tls, authorization, turns: Arc::new(turns), room: Arc::new(room) }
    }

    /// The server that a kubeconfig's current context names. It reads files, and so blocks.
    ///
    /// # Errors
    /// What of it cannot be read or followed.
    pub fn from_kubeconfig(host: &Host, path: &str) -> Result<Self, String> {
        kubeconfig::remote(host, path)
    }
}

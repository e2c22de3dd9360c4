//! A lease that lives as long as its client: what holds locks and offices.

use crate::client::{Client, KeepAlive, Lost};
use tonic::Status;

/// Upstream's default time to live of a session.
pub const SESSION_TTL_SECONDS: i64 = 60;

/// A lease that is kept alive until it is closed or dropped.
#[derive(Debug)]
pub struct Session {
    client: Client,
    lease: i64,
    keep_alive: KeepAlive,
}

impl Session {
    /// Grants a lease and keeps it alive.
    ///
    /// # Errors
    /// The grant failed.
    pub async fn new(client: &Client, ttl_seconds: i64) -> Result<Self, Status> {
        let asked = client.host().now();
        let granted = client.grant(ttl_seconds, 0).await?;
        let keep_alive = client.keep_alive(granted.id, granted.ttl, asked);
        Ok(Self { client: client.clone(), lease: granted.id, keep_alive })
    }

    /// The session's lease.
    pub fn lease(&self) -> i64 {
        self.lease
    }

    /// The client it works with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The lease's own account: until when it surely lives, and when it is lost.
    pub fn keep_alive(&self) -> &KeepAlive {
        &self.keep_alive
    }

    /// Completes when the lease is lost.
    pub async fn lost(&self) -> Lost {
        self.keep_alive.lost().await
    }

    /// Ends the session: its keys are deleted.
    ///
    /// # Errors
    /// The revocation failed; the keys live until the lease expires.
    pub async fn close(self) -> Result<(), Status> {
        drop(self.keep_alive);
        self.client.revoke(self.lease).await.map(drop)
    }

    /// Lets go of the lease without revoking it: its keys live until it expires
    /// (upstream's `Orphan`).
    pub fn orphan(self) -> i64 {
        self.lease
    }
}

//! An issuer's keys: found through its document, kept, and asked for again when one is missing.
//!
//! Upstream: github.com/coreos/go-oidc (oidc.go, jwks.go).

use super::{
    jws::{Key, Token},
    settings::Issuer,
};
use crate::remote::fetch;
use bytes::Bytes;
use host::{Host, Instant, Task, event};
use http::{HeaderMap, header};
use parking_lot::Mutex;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

const WELL_KNOWN: &str = "/.well-known/openid-configuration";
/// Between attempts to read the document (oidc.go's poll).
const AGAIN: Duration = Duration::from_secs(10);

/// One issuer. Dropping it ends its search for the document.
#[derive(Debug)]
pub(super) struct Provider {
    shared: Arc<Shared>,
    _search: Task<()>,
}

#[derive(Debug)]
struct Shared {
    host: Host,
    url: String,
    document: String,
    authorities: Option<Bytes>,
    found: Mutex<Found>,
    /// Whoever holds it asks for the keys.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Found {
    keys_url: Option<String>,
    keys: Arc<Vec<Key>>,
    /// They need not be asked for again before.
    fresh_until: Instant,
    /// When they were asked for last, and what came of it.
    asked: Option<(Instant, Result<(), String>)>,
}

impl Provider {
    pub(super) fn new(host: &Host, issuer: &Issuer) -> Self {
        let url = issuer.url.clone();
        let document = match issuer.discovery_url.is_empty() {
            true => format!("{}{WELL_KNOWN}", url.trim_end_matches('/')),
            false => issuer.discovery_url.clone(),
        };
        let pem = &issuer.certificate_authority;
        let authorities = (!pem.is_empty()).then(|| Bytes::from(pem.clone()));
        let (found, turn) = (Mutex::default(), tokio::sync::Mutex::default());
        let host = host.clone();
        let shared = Arc::new(Shared { host, url, document, authorities, found, turn });
        let search = shared.host.spawn("apiserver/oidc", shared.clone().search());
        Self { shared, _search: search }
    }

    /// Whether the document has been read.
    pub(super) fn is_ready(&self) -> bool {
        self.shared.found.lock().keys_url.is_some()
    }

    /// Whether the issuer has signed a token.
    ///
    /// # Errors
    /// It has not, or its keys cannot be had.
    pub(super) async fn check(&self, token: &Token) -> Result<(), String> {
        self.shared.check(token).await
    }
}

impl Shared {
    async fn search(self: Arc<Self>) {
        loop {
            match self.discover().await {
                Ok(keys) => {
                    self.found.lock().keys_url = Some(keys);
                    return;
                }
                Err(why) => {
                    let (issuer, why) = (&*self.url, &*why);
                    event!(
                        self.host,
                        Warn,
                        "cannot find an issuer's keys",
                        issuer = issuer,
                        why = why
                    );
                }
            }
            self.host.sleep(AGAIN).await;
        }
    }

    async fn discover(&self) -> Result<String, String> {
        let reply = fetch(&self.host, &self.document, self.authorities.as_ref()).await?;
        if reply.status != http::StatusCode::OK {
            return Err(format!("{}: {}", reply.status, String::from_utf8_lossy(&reply.body)));
        }
        let document: Value = serde_json::from_slice(&reply.body).map_err(|error| {
            format!("oidc: failed to decode provider discovery object: {error}")
        })?;
        let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
        let (issuer, keys) = (text("issuer"), text("jwks_uri"));
        if issuer != self.url {
            return Err(format!(
                "oidc: issuer did not match the issuer returned by provider, expected {:?} got \
                 {issuer:?}",
                self.url
            ));
        }
        Ok(keys)
    }

    async fn check(&self, token: &Token) -> Result<(), String> {
        let wrong =
            || Err("failed to verify signature: failed to verify id token signature".into());
        let (begin, keys, fresh) = {
            let (found, now) = (self.found.lock(), self.host.now());
            (now, found.keys.clone(), now < found.fresh_until)
        };
        if token.is_signed_by(&keys) {
            return Ok(());
        }
        if fresh {
            return wrong();
        }
        self.renew(begin).await?;
        let keys = self.found.lock().keys.clone();
        if token.is_signed_by(&keys) { Ok(()) } else { wrong() }
    }

    /// Asks for the keys, unless another has since `begin`: of many who miss a key one asks.
    async fn renew(&self, begin: Instant) -> Result<(), String> {
        let _turn = self.turn.lock().await;
        let url = {
            let found = self.found.lock();
            if let Some((_, came)) = found.asked.as_ref().filter(|(at, _)| *at >= begin) {
                return came.clone();
            }
            found.keys_url.clone().ok_or("oidc: authenticator not initialized")?
        };
        let asked = self.host.now();
        let came = self.ask(&url).await;
        let mut found = self.found.lock();
        let came = came.map(|(keys, lasts)| {
            found.keys = Arc::new(keys);
            found.fresh_until = asked + lasts;
        });
        let came = came.map_err(|why| format!("failed to verify signature: fetching keys {why}"));
        found.asked = Some((self.host.now(), came.clone()));
        came
    }

    async fn ask(&self, url: &str) -> Result<(Vec<Key>, Duration), String> {
        let reply = fetch(&self.host, url, self.authorities.as_ref()).await;
        let reply = reply.map_err(|why| format!("oidc: get keys failed {why}"))?;
        if reply.status != http::StatusCode::OK {
            return Err(format!("oidc: get keys failed: {}", reply.status));
        }
        let document: Option<Value> = serde_json::from_slice(&reply.body).ok();
        let keys = document.as_ref().and_then(Key::set);
        let keys = keys.ok_or("oidc: failed to decode keys: it is no key set")?;
        Ok((keys, max_age(&reply.headers)))
    }
}

/// For how long an answer need not be asked for again.
fn max_age(headers: &HeaderMap) -> Duration {
    let text = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
    let mut parts = text.unwrap_or_default().split(',').map(str::trim);
    let seconds = parts.find_map(|part| part.strip_prefix("max-age=")?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

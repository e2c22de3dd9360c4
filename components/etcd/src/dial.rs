//! How this member reaches its peers, and how it is reached: channels and TLS.

use crate::{
    config::{Config, TlsFiles},
    fatal::Fatal,
    peers::Dialer,
};
use host::{Backoff, Host};
use std::{sync::Arc, time::Duration};
use wire::{
    client::{Balance, Channel, ChannelConfig, Endpoint},
    tls::{ClientAuth, ClientTls, Identity, ServerTls, Trust},
};

/// Waits between attempts to connect to a peer.
const RECONNECT: Backoff =
    Backoff { first: Duration::from_millis(50), max: Duration::from_millis(1000) };

/// Opens channels to peers as configured.
///
/// # Errors
/// The TLS files do not fit together.
pub(crate) fn dialer(host: &Host, config: &Arc<Config>) -> Result<Dialer, Fatal> {
    let tls = match &config.peer_tls {
        Some(files) => Some(client_tls(host, files)?),
        None => None,
    };
    let settings = ChannelConfig {
        tls,
        balance: Balance::Pinned,
        connect_timeout: config.election.max(Duration::from_secs(1)),
        backoff: RECONNECT,
        // A peer whose machine is gone says nothing: noticed by pings (ConnReadTimeout, 5 s).
        keepalive_interval: 2 * config.election,
        keepalive_timeout: 3 * config.election,
        keepalive_while_idle: true,
        ..ChannelConfig::default()
    };
    let host = host.clone();
    Ok(Arc::new(move |urls: &[String]| {
        // URLs of members are checked when they are added.
        let endpoints: Vec<Endpoint> = urls.iter().filter_map(|url| url.parse().ok()).collect();
        Channel::new(&host, endpoints, settings.clone())
    }))
}

fn client_tls(host: &Host, files: &TlsFiles) -> Result<ClientTls, Fatal> {
    let fail = |error: wire::tls::Error| Fatal::Tls { side: "peers", why: error.to_string() };
    let identity = Identity::from_pem(host, &files.cert, &files.key).map_err(fail)?;
    let trust = match &files.trusted_ca {
        Some(authorities) => Trust::Authorities(authorities),
        // Self-signed certificates (--peer-auto-tls) are believed, as upstream.
        None => Trust::Anyone,
    };
    ClientTls::new(host, trust, Some(&identity)).map_err(fail)
}

/// How a listener identifies itself and whom it lets in.
///
/// # Errors
/// The TLS files do not fit together.
pub(crate) fn server_tls(
    host: &Host,
    side: &'static str,
    files: Option<&TlsFiles>,
) -> Result<Option<ServerTls>, Fatal> {
    let Some(files) = files else { return Ok(None) };
    let fail = |error: wire::tls::Error| Fatal::Tls { side, why: error.to_string() };
    let identity = Identity::from_pem(host, &files.cert, &files.key).map_err(fail)?;
    let clients = match (&files.trusted_ca, files.client_cert_auth) {
        (Some(authorities), true) => ClientAuth::Required(authorities),
        (Some(authorities), false) => ClientAuth::Optional(authorities),
        (None, _) => ClientAuth::None,
    };
    ServerTls::new(host, &identity, clients).map(Some).map_err(fail)
}

//! From an endpoint to an open stream.

use super::Endpoint;
use crate::tls::{ClientTls, Versions};
use host::{BoxStream, Host};
use std::{io, time::Duration};

/// Why there is no connection, in the words of grpc-go and Go's net package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// No address was found or reached.
    #[error("dial tcp {address}: {why}")]
    Connect {
        /// The endpoint's host and port, or the address that was tried last.
        address: String,
        /// What the network said.
        why: String,
    },
    /// TLS could not be agreed on.
    #[error("authentication handshake failed: {0}")]
    Handshake(String),
    /// An https endpoint, but no TLS configuration was given.
    #[error("no TLS configuration for {0}")]
    NoTls(Endpoint),
}

/// Opens a stream to the first address of `endpoint` that answers, all within `limit`; true: HTTP/2
/// is spoken on it.
pub(crate) async fn dial(
    host: &Host,
    endpoint: &Endpoint,
    tls: Option<&ClientTls>,
    versions: Versions,
    limit: Duration,
) -> Result<(BoxStream, bool), DialError> {
    let work = async {
        let stream = connect(host, endpoint).await?;
        match (endpoint.is_tls(), tls) {
            (false, _) => Ok((stream, versions == Versions::Http2)),
            (true, None) => Err(DialError::NoTls(endpoint.clone())),
            (true, Some(tls)) => tls
                .connect(stream, endpoint.name(), versions)
                .await
                .map_err(|error| DialError::Handshake(error.to_string())),
        }
    };
    host.timeout(limit, work).await.unwrap_or_else(|host::Elapsed| {
        let address = format!("{}:{}", endpoint.name(), endpoint.port());
        Err(DialError::Connect { address, why: "i/o timeout".to_owned() })
    })
}

async fn connect(host: &Host, endpoint: &Endpoint) -> Result<BoxStream, DialError> {
    let named = format!("{}:{}", endpoint.name(), endpoint.port());
    let failed = |address: String, why: String| DialError::Connect { address, why };
    let addresses = host
        .network
        .resolve(endpoint.name(), endpoint.port())
        .await
        .map_err(|error| failed(named.clone(), error.to_string()))?;
    let mut last = failed(named, "no addresses".to_owned());
    for address in addresses {
        match host.network.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = failed(address.to_string(), in_go(&error)),
        }
    }
    Err(last)
}

fn in_go(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connect: connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connect: connection reset by peer".to_owned(),
        io::ErrorKind::HostUnreachable => "connect: no route to host".to_owned(),
        io::ErrorKind::NetworkUnreachable => "connect: network is unreachable".to_owned(),
        io::ErrorKind::TimedOut => "i/o timeout".to_owned(),
        _ => error.to_string(),
    }
}

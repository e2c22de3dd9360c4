//! Where a server is, and reading one document from it.

use crate::files;
use bytes::Bytes;
use host::{Disk, Host};
use std::time::Duration;
use wire::{
    client::{Endpoint, Reply, get},
    tls::{ClientTls, Identity, Trust},
};

/// A URL, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// As messages name it.
    pub(crate) url: String,
    pub(super) endpoint: Endpoint,
    /// With the query.
    pub(super) path: String,
}

/// Where machines keep the authorities that they believe (Go's crypto/x509/root_linux.go).
const SYSTEM_AUTHORITIES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// A document is not longer.
const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;
/// The whole of a call (the Timeout of oidc's http.Client).
const FETCH_LIMIT: Duration = Duration::from_secs(30);

impl Place {
    /// Reads a URL; without a scheme it is HTTPS, as client-go has it.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let whole = if url.contains("://") { url.to_owned() } else { format!("https://{url}") };
        let start = whole.find("://").map_or(0, |at| at + 3);
        let end = whole[start..].find(['/', '?']).map_or(whole.len(), |at| start + at);
        let (authority, path) = whole.split_at(end);
        let endpoint = authority.parse().map_err(|error| format!("{error}"))?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { url: whole.clone(), endpoint, path })
    }

    pub(super) fn is_tls(&self) -> bool {
        self.endpoint.is_tls()
    }
}

/// How to connect where these authorities (PEM) are believed, or the machine's where there are
/// none. It may read a file, and so blocks.
pub(super) fn client_tls(
    host: &Host,
    disk: &dyn Disk,
    authorities: Option<&[u8]>,
    identity: Option<&Identity>,
) -> Result<ClientTls, String> {
    let pem = match authorities {
        Some(pem) => pem.to_vec(),
        None => {
            let mut found =
                SYSTEM_AUTHORITIES.iter().filter_map(|path| files::read(disk, path).ok());
            found.next().ok_or("x509: failed to load system roots and no roots provided")?
        }
    };
    let tls = ClientTls::new(host, Trust::Authorities(&pem), identity);
    tls.map_err(|error| error.to_string())
}

/// Gets a document over HTTPS.
///
/// # Errors
/// Why there is none, as Go says it.
pub(crate) async fn fetch(
    host: &Host,
    url: &str,
    authorities: Option<&Bytes>,
) -> Result<Reply, String> {
    let place = Place::parse(url)?;
    let failed = |why: String| format!("Get {url:?}: {why}");
    let (on, believed) = (host.clone(), authorities.cloned());
    let tls = host.disk_job(move |disk| client_tls(&on, disk, believed.as_deref(), None)).await;
    let tls = tls.map_err(failed)?;
    let Place { endpoint, path, .. } = &place;
    let reply = get(host, endpoint, Some(&tls), path, DOCUMENT_BYTES_MAX, FETCH_LIMIT).await;
    reply.map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        for (url, endpoint, path) in [
            ("https://a.b:1/c?d=e", "https://a.b:1", "/c?d=e"),
            ("https://a.b", "https://a.b", "/"),
            ("http://[::1]:2/", "http://[::1]:2", "/"),
            ("a.b:1/c", "https://a.b:1", "/c"),
            ("https://a.b?c", "https://a.b", "/?c"),
        ] {
            let place = Place::parse(url).expect(url);
            assert_eq!(
                (place.endpoint.to_string().as_str(), place.path.as_str()),
                (endpoint, path)
            );
        }
        assert!(Place::parse("ftp://a").is_err());
        assert!(Place::parse("https://").is_err());
    }
}

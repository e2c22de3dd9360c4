//! Where a server is.

use http::uri::{Authority, Scheme, Uri};
use std::{fmt, str::FromStr};

/// A server's address: `http://host:port`, `https://host:port`, or `host:port` for plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    pub(crate) port: u16,
}

/// A text that is not an [`Endpoint`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an endpoint: {why}")]
pub struct BadEndpoint {
    text: String,
    why: &'static str,
}

impl Endpoint {
    /// True when the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The DNS name or IP address, without brackets.
    pub fn name(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// Host and port as they stand in a URL.
    pub fn host_and_port(&self) -> String {
        self.authority.to_string()
    }

    /// The port; by default that of the scheme.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl FromStr for Endpoint {
    type Err = BadEndpoint;

    fn from_str(text: &str) -> Result<Self, BadEndpoint> {
        let bad = |why| BadEndpoint { text: text.to_owned(), why };
        let uri: Uri = text.parse().map_err(|_| bad("not a URL"))?;
        let scheme = uri.scheme().cloned().unwrap_or(Scheme::HTTP);
        let default = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return Err(bad("the scheme is neither http nor https")),
        };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(bad("it has a path"));
        }
        let authority = uri.authority().cloned().ok_or_else(|| bad("no host"))?;
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return Err(bad("no plain host"));
        }
        let port = authority.port_u16().unwrap_or(default);
        Ok(Self { scheme, authority, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_urls_without_a_path() {
        for (text, expected) in [
            ("http://a.b:2379", Some(("a.b", 2379, false))),
            ("https://10.0.0.1:2379/", Some(("10.0.0.1", 2379, true))),
            ("https://[::1]:1", Some(("::1", 1, true))),
            ("a:1", Some(("a", 1, false))),
            ("https://a", Some(("a", 443, true))),
            ("unix://a", None),
            ("http://a:1/path", None),
            ("http://user@a:1", None),
            ("/path", None),
            ("", None),
        ] {
            let found: Result<Endpoint, _> = text.parse();
            let found =
                found.as_ref().ok().map(|found| (found.name(), found.port(), found.is_tls()));
            assert_eq!(found, expected, "{text}");
        }
    }
}

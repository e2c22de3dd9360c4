//! URLs as upstream's flags write them.

use super::ConfigError;
use std::{collections::BTreeMap, net::SocketAddr, str::FromStr};

/// A URL that this member listens at or is reached at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Url {
    /// `https` rather than `http`.
    pub tls: bool,
    /// Host name or address, without brackets.
    pub host: String,
    /// Port, 1–65535 (0 lets the machine choose, for listening only).
    pub port: u16,
}

impl FromStr for Url {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let bad = |why: &str| ConfigError::BadUrl { url: text.into(), why: why.into() };
        let (tls, rest) = match text.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            Some(_) => return Err(bad("URL scheme must be http, https, unix, or unixs")),
            None => return Err(bad("URL scheme must be http, https, unix, or unixs")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('/') {
            return Err(bad("URL must not contain a path"));
        }
        let (host, port) = rest
            .rsplit_once(':')
            .ok_or_else(|| bad("URL address does not have the form \"host:port\""))?;
        let port = port.parse().map_err(|_| bad("the port is not a number below 65536"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { tls, host, port })
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

impl Url {
    /// A plain-text URL of an address.
    pub fn plain(address: SocketAddr) -> Self {
        Self { tls: false, host: address.ip().to_string(), port: address.port() }
    }
}

/// Parses `name=url,name=url,…`; a name may stand more than once.
///
/// # Errors
/// An item without `=`, or a bad URL.
pub fn parse_initial_cluster(text: &str) -> Result<BTreeMap<String, Vec<Url>>, ConfigError> {
    let mut members: BTreeMap<String, Vec<Url>> = BTreeMap::new();
    for item in text.split(',').filter(|item| !item.is_empty()) {
        let (name, url) = item
            .split_once('=')
            .ok_or_else(|| ConfigError::BadInitialCluster { item: item.into() })?;
        members.entry(name.trim().into()).or_default().push(url.parse()?);
    }
    for urls in members.values_mut() {
        urls.sort();
    }
    Ok(members)
}

/// URLs as upstream prints them.
pub fn join(urls: &[Url]) -> String {
    urls.iter().map(Url::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_printed() {
        for text in ["http://localhost:2379", "https://10.0.0.1:1", "http://[::1]:2380"] {
            assert_eq!(text.parse::<Url>().unwrap().to_string(), text);
        }
        for text in ["localhost:2379", "ftp://a:1", "http://a", "http://a:x", "http://a:1/b"] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }
}

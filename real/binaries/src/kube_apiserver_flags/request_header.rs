//! The flags about proxies that name users.
//!
//! Upstream: apiserver/pkg/server/options/authentication.go (RequestHeaderAuthenticationOptions).

use super::{FlagError, read};
use apiserver::RequestHeader;
use clap::Args;

/// Proxies that name users.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Authentication")]
pub struct RequestHeaderFlags {
    /// Authorities that signed the certificates of proxies that name users in headers
    #[arg(long, default_value = "", hide_default_value = true)]
    pub requestheader_client_ca_file: String,
    /// Common names that such a proxy's certificate may have, comma separated; any without
    #[arg(long, value_delimiter = ',')]
    pub requestheader_allowed_names: Vec<String>,
    /// Headers that name the user, comma separated; X-Remote-User is usual
    #[arg(long, value_delimiter = ',')]
    pub requestheader_username_headers: Vec<String>,
    /// Headers that name the user's uid, comma separated; X-Remote-Uid is usual
    #[arg(long, value_delimiter = ',')]
    pub requestheader_uid_headers: Vec<String>,
    /// Headers that name the user's groups, comma separated; X-Remote-Group is usual
    #[arg(long, value_delimiter = ',')]
    pub requestheader_group_headers: Vec<String>,
    /// What headers begin with that say more, comma separated; X-Remote-Extra- is usual
    #[arg(long, value_delimiter = ',')]
    pub requestheader_extra_headers_prefix: Vec<String>,
}

impl RequestHeaderFlags {
    /// Proxies and the authorities that signed for them; none: nobody is one.
    pub(super) fn proxies(
        &self,
        client_authorities: Option<&[u8]>,
    ) -> Result<Option<(RequestHeader, Vec<u8>)>, FlagError> {
        for (flag, values) in [
            ("requestheader-username-headers", &self.requestheader_username_headers),
            ("requestheader-uid-headers", &self.requestheader_uid_headers),
            ("requestheader-group-headers", &self.requestheader_group_headers),
            ("requestheader-extra-headers-prefix", &self.requestheader_extra_headers_prefix),
            ("requestheader-allowed-names", &self.requestheader_allowed_names),
        ] {
            if values.iter().any(|value| value.trim().is_empty()) {
                return Err(FlagError::Combination(format!("empty value in {flag:?}")));
            }
        }
        let path = &self.requestheader_client_ca_file;
        if path.is_empty() {
            return Ok(None);
        }
        let authorities = read("requestheader-client-ca-file", path)?;
        let clients = client_authorities.unwrap_or_default();
        if self.requestheader_allowed_names.is_empty() && overlap(clients, &authorities) {
            return Err(FlagError::Combination(
                "--requestheader-client-ca-file and --client-ca-file contain overlapping \
                 certificates; --requestheader-allowed-names must be specified to ensure regular \
                 client certificates cannot set authenticating proxy headers for arbitrary users"
                    .into(),
            ));
        }
        let config = RequestHeader {
            allowed_names: self.requestheader_allowed_names.clone(),
            usernames: self.requestheader_username_headers.clone(),
            uids: self.requestheader_uid_headers.clone(),
            groups: self.requestheader_group_headers.clone(),
            extra_prefixes: self.requestheader_extra_headers_prefix.clone(),
        };
        Ok(Some((config, authorities)))
    }
}

/// Whether two PEM files have a certificate in common.
fn overlap(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (certificates(one), certificates(other));
    one.iter().any(|certificate| other.contains(certificate))
}

/// Certificates as they are written, without line ends.
fn certificates(pem: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(pem).into_owned();
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let bodies = blocks.filter_map(|block| block.split("-----END").next());
    bodies.map(|body| body.split_whitespace().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_have_names() {
        let names = vec!["X-Remote-User".into(), " ".into()];
        let flags = RequestHeaderFlags {
            requestheader_username_headers: names,
            ..RequestHeaderFlags::default()
        };
        let said = flags.proxies(None).expect_err("one is empty").to_string();
        assert_eq!(said, "empty value in \"requestheader-username-headers\"");
        assert!(RequestHeaderFlags::default().proxies(None).is_ok_and(|found| found.is_none()));
    }

    #[test]
    fn certificates_are_compared_whatever_their_lines() {
        let pem = |body: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        };
        let both = pem("AAAA") + &pem("BB\nBB");
        assert!(overlap(both.as_bytes(), pem("BBBB").as_bytes()));
        assert!(!overlap(both.as_bytes(), pem("CCCC").as_bytes()));
        assert!(!overlap(b"", b""));
    }
}

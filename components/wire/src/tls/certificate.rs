//! What a peer's certificate says about who it is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use x509_parser::{extensions::GeneralName, prelude::FromDer};

/// A peer's certificate, read. That it is genuine is the handshake's affair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// The subject's common name; empty if it has none.
    pub common_name: String,
    /// The subject's organisations, which Kubernetes reads as groups.
    pub organizations: Vec<String>,
    /// Subject alternative names: DNS.
    pub dns_names: Vec<String>,
    /// Subject alternative names: IP addresses.
    pub ip_addresses: Vec<IpAddr>,
    /// Subject alternative names: URIs, such as SPIFFE identities.
    pub uris: Vec<String>,
    /// Which groups of a listener's authorities signed it; see [`super::ClientAuth::Told`].
    pub signed_by: Vec<usize>,
    /// The certificate itself.
    pub der: Vec<u8>,
}

impl Certificate {
    /// Reads a DER certificate.
    ///
    /// # Errors
    /// What about it cannot be read.
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let (_, parsed) = x509_parser::certificate::X509Certificate::from_der(der)
            .map_err(|error| error.to_string())?;
        let subject = parsed.subject();
        let mut found = Self { der: der.to_vec(), ..Self::default() };
        // Go takes the last of several common names, and so do we.
        for name in subject.iter_common_name().filter_map(|name| name.as_str().ok()) {
            name.clone_into(&mut found.common_name);
        }
        let organizations = subject.iter_organization().filter_map(|name| name.as_str().ok());
        found.organizations = organizations.map(str::to_owned).collect();
        let alternative = parsed.subject_alternative_name().map_err(|error| error.to_string())?;
        for name in alternative.iter().flat_map(|extension| &extension.value.general_names) {
            found.take(name);
        }
        Ok(found)
    }

    fn take(&mut self, name: &GeneralName<'_>) {
        match name {
            GeneralName::DNSName(name) => self.dns_names.push((*name).to_owned()),
            GeneralName::URI(uri) => self.uris.push((*uri).to_owned()),
            GeneralName::IPAddress(bytes) => self.ip_addresses.extend(ip(bytes)),
            // No one we serve is named by a mailbox, a directory or an object identifier.
            GeneralName::RFC822Name(_)
            | GeneralName::DirectoryName(_)
            | GeneralName::OtherName(..)
            | GeneralName::X400Address(_)
            | GeneralName::EDIPartyName(_)
            | GeneralName::RegisteredID(_)
            | GeneralName::Invalid(..) => {}
        }
    }
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let four = || <[u8; 4]>::try_from(bytes).ok().map(|bytes| Ipv4Addr::from(bytes).into());
    let sixteen = || <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).into());
    four().or_else(sixteen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_refused() {
        for der in [&b""[..], b"\x30", b"\x30\x82\xff\xff", &[0x30; 64]] {
            assert!(Certificate::from_der(der).is_err());
        }
    }

    #[test]
    fn addresses_have_four_or_sixteen_bytes() {
        assert_eq!(ip(&[127, 0, 0, 1]), Some(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(ip(&[0; 16]), Some(Ipv6Addr::UNSPECIFIED.into()));
        assert_eq!(ip(&[1, 2, 3]), None);
    }
}

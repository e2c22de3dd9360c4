//! Certificates of simulated clusters: one authority, and one certificate for every member.
//!
//! Fixed files, valid whenever a machine's clock may stand; nobody outside a simulation trusts
//! them. Ed25519, so that a signature needs no chance.

use etcd::config::TlsFiles;
use host::Host;
use wire::tls::{ClientTls, Trust};

const AUTHORITY: &[u8] = include_bytes!("tls/authority.pem");
/// For `etcd-0` to `etcd-31`, as server and as client.
const MEMBER: &[u8] = include_bytes!("tls/member.pem");
const MEMBER_KEY: &[u8] = include_bytes!("tls/member.key");

/// What a listener of a member shows, and whom it lets in.
pub(crate) fn files(client_cert_auth: bool) -> TlsFiles {
    TlsFiles {
        cert: MEMBER.into(),
        key: MEMBER_KEY.into(),
        trusted_ca: Some(AUTHORITY.into()),
        client_cert_auth,
    }
}

/// A client's trust in members, without a certificate of its own; none where `endpoints` are plain.
pub fn trust(host: &Host, endpoints: &[String]) -> Option<ClientTls> {
    let wanted = endpoints.iter().any(|url| url.starts_with("https:"));
    let trust = || ClientTls::new(host, Trust::Authorities(AUTHORITY), None);
    wanted.then(|| trust().expect("invariant: the file beside this one is an authority"))
}

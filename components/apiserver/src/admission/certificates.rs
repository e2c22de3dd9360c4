//! Who approves and who signs requests for certificates, and what is never asked for.
//!
//! Upstream: plugin/pkg/admission/certificates/{approval,signing,subjectrestriction}.

use super::{Attributes, Plugin, pod::text};
use crate::{authorization, failure::Failure};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

pub(super) const APPROVAL: Plugin = Plugin {
    name: "CertificateApproval",
    by_default: true,
    mutate: None,
    validate: Some(|_, write| Box::pin(approval(write))),
};

pub(super) const SIGNING: Plugin = Plugin {
    name: "CertificateSigning",
    by_default: true,
    mutate: None,
    validate: Some(|_, write| Box::pin(signing(write))),
};

pub(super) const SUBJECT: Plugin = Plugin {
    name: "CertificateSubjectRestriction",
    by_default: true,
    mutate: None,
    validate: Some(|_, write| Box::pin(async { subject(write) })),
};

const GROUP: &str = "certificates.k8s.io";
/// Its certificates let clients in at the API server.
const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";
const MASTERS: &str = "system:masters";

fn is_request(write: &Attributes) -> bool {
    write.is(GROUP, "certificatesigningrequests")
}

async fn approval(write: &Attributes) -> Result<(), Failure> {
    if !is_request(write) || write.subresource != "approval" || !write.updates() {
        return Ok(());
    }
    let signer = text(&write.old["spec"]["signerName"]);
    match may(write, "approve", signer).await {
        true => Ok(()),
        false => Err(write.forbidden(format!(
            "user not permitted to approve requests with signerName {signer:?}"
        ))),
    }
}

async fn signing(write: &Attributes) -> Result<(), Failure> {
    let status = |name: &str| (&write.object["status"][name], &write.old["status"][name]);
    let same = |(new, old): (&Value, &Value)| new == old;
    if !is_request(write)
        || write.subresource != "status"
        || !write.updates()
        || (same(status("certificate")) && same(status("conditions")))
    {
        return Ok(());
    }
    let signer = text(&write.old["spec"]["signerName"]);
    match may(write, "sign", signer).await {
        true => Ok(()),
        false => Err(write
            .forbidden(format!("user not permitted to sign requests with signerName {signer:?}"))),
    }
}

/// Whether the user may do this for the signer, or for all signers of its domain.
async fn may(write: &Attributes, verb: &str, signer: &str) -> bool {
    let Some(requester) = &write.requester else { return true };
    let domain = signer.split_once('/').map_or(signer, |(domain, _)| domain);
    for name in [signer.to_owned(), format!("{domain}/*")] {
        let asked = authorization::Attributes {
            verb: verb.to_owned(),
            group: GROUP.into(),
            version: "*".into(),
            resource: "signers".into(),
            name,
            ..authorization::Attributes::default()
        };
        if requester.may(asked).await.is_allowed() {
            return true;
        }
    }
    false
}

/// Nobody becomes an administrator by a certificate that he asked for.
fn subject(write: &Attributes) -> Result<(), Failure> {
    if !is_request(write) || !write.subresource.is_empty() || !write.creates() {
        return Ok(());
    }
    let spec = &write.object["spec"];
    if spec["signerName"] != CLIENT_SIGNER {
        return Ok(());
    }
    let Some(request) = der(text(&spec["request"])) else {
        return Err(
            write.forbidden("failed to parse CSR: PEM block type must be CERTIFICATE REQUEST")
        );
    };
    match organizations(&request).contains(&MASTERS.as_bytes()) {
        true => Err(write.forbidden(format!(
            "use of {CLIENT_SIGNER} signer with {MASTERS} group is not allowed"
        ))),
        false => Ok(()),
    }
}

/// The binary form of a request that is base64 of PEM.
fn der(request: &str) -> Option<Vec<u8>> {
    let pem = String::from_utf8(STANDARD.decode(request).ok()?).ok()?;
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE REQUEST-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE REQUEST-----")?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()
}

/// What stands behind each attribute `organizationName` (2.5.4.10), wherever it stands: texts of
/// fewer than 128 bytes, as all of interest are.
fn organizations(der: &[u8]) -> Vec<&[u8]> {
    const NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x0a];
    let places = der.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME);
    places
        .filter_map(|(at, _)| {
            let value = &der[at + NAME.len()..];
            let length = usize::from(*value.get(1)?);
            value.get(2..2 + length)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organizations_are_found_in_a_name() {
        let mut der = vec![0x30, 0x20, 0x31, 0x10, 0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 14];
        der.extend_from_slice(MASTERS.as_bytes());
        der.extend_from_slice(&[0x06, 0x03, 0x55, 0x04, 0x0a, 0x13, 3, b'd', b'e', b'v']);
        assert_eq!(organizations(&der), [MASTERS.as_bytes(), b"dev"]);
        assert!(organizations(&der[..12]).is_empty());
        let pem = "-----BEGIN CERTIFICATE REQUEST-----\nAQID\n-----END CERTIFICATE REQUEST-----\n";
        assert_eq!(super::der(&STANDARD.encode(pem)), Some(vec![1, 2, 3]));
        assert_eq!(super::der("AQID"), None);
    }
}

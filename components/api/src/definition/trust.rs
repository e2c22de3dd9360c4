//! Whether a conversion webhook can be believed at all.
//!
//! Upstream: apiserver/pkg/util/webhook/validation.go (ValidateCABundle) and
//! apiextensions-apiserver's pkg/controller/establish.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Whether the authorities of a definition's webhook, if it names any, are certificates.
pub fn is_trusted(definition: &Value) -> bool {
    let bundle = &definition["spec"]["conversion"]["webhook"]["clientConfig"]["caBundle"];
    let bundle = bundle.as_str().unwrap_or_default();
    bundle.is_empty() || STANDARD.decode(bundle).is_ok_and(|pem| has_certificate(&pem))
}

fn has_certificate(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    let body = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
    let Some((body, _)) = body else { return false };
    let body: String = body.split_whitespace().collect();
    // DER begins with a sequence.
    STANDARD.decode(body).is_ok_and(|der| der.first() == Some(&0x30))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bundles_are_certificates_or_nothing() {
        let pem = |body: &str| STANDARD.encode(format!("{BEGIN}\n{body}\n{END}\n"));
        for (bundle, expected) in [
            (String::new(), true),
            (pem("MAA="), true),
            (pem("AAAA"), false),
            (pem(""), false),
            ("Cg==".into(), false),
            ("?".into(), false),
        ] {
            let client = json!({"caBundle": bundle});
            let definition = json!({"spec": {"conversion": {"webhook": {"clientConfig": client}}}});
            assert_eq!(is_trusted(&definition), expected, "{bundle}");
        }
        assert!(is_trusted(&json!({})));
    }
}

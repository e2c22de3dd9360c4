//! A webhook that must consent to each new secret: slow, wrong and absent now and then.

use super::{User, estate_user::ask};
use crate::{
    estate::{Asked, JSON},
    recorder::Recorder,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use host::Host;
use http_body_util::{BodyExt, Limited};
use oracles::estate::TOKEN;
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use wire::{
    server::Limits,
    tls::{ClientAuth, Identity, ServerTls},
};

/// Valid whenever a machine's clock may stand, for `client-1` to `client-64`; nobody else believes
/// in who signed it.
const AUTHORITY: &[u8] = include_bytes!("tls/webhooks.pem");
const CERTIFICATE: &[u8] = include_bytes!("tls/webhook.pem");
const KEY: &[u8] = include_bytes!("tls/webhook.key");

const PORT: u16 = 8443;
/// The longest review that is read.
const REVIEW_BYTES_MAX: usize = 1 << 20;
/// Between attempts to be made known.
const AGAIN: Duration = Duration::from_secs(1);

/// Until the machine stops.
pub(super) async fn run(user: &User) {
    let host = user.host();
    let identity = Identity::from_pem(host, CERTIFICATE, KEY);
    let tls = identity.and_then(|identity| ServerTls::new(host, &identity, ClientAuth::None));
    let listener = host.network.listen(SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT))).await;
    let (Ok(tls), Ok(listener)) = (tls, listener) else { return };
    let (recorder, own) = (user.station.recorder.clone(), host.clone());
    let service = Arc::new(move |request| answer(own.clone(), recorder.clone(), request));
    let (_stopper, stop) = host::stop_pair();
    let serve =
        wire::server::serve(host.clone(), listener, Some(tls), service, Limits::default(), stop);
    let _serving = host.spawn("webhook", serve);
    make_known(user).await;
    std::future::pending::<()>().await;
}

/// Tells the API servers of itself until they know.
async fn make_known(user: &User) {
    let servers = user.servers();
    let url = format!("https://client-{}:{PORT}/review", user.station.number);
    let body = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "consent"},
        "webhooks": [{
            "name": "consent.seaworthy.io", "failurePolicy": "Fail", "sideEffects": "None",
            "timeoutSeconds": 2, "admissionReviewVersions": ["v1"],
            "clientConfig": {"url": url, "caBundle": STANDARD.encode(AUTHORITY)},
            "rules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["secrets"], "scope": "Namespaced",
            }],
        }],
    });
    let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    let asked = Asked { method: "POST", path: path.into(), media: JSON, body, ..Asked::default() };
    while !matches!(ask(user, &servers, &asked).await.0, 200..300 | 409) {
        user.host().sleep(AGAIN).await;
    }
}

async fn answer(host: Host, recorder: Recorder, request: wire::Request) -> wire::Response {
    let mood = host.random.below(100);
    if mood < 12 {
        // Its patience ends after two seconds; some of these come in time.
        host.sleep(Duration::from_millis(host.random.below(4_000))).await;
    }
    let body = Limited::new(request.into_body(), REVIEW_BYTES_MAX).collect().await;
    let review = body.ok().and_then(|body| serde_json::from_slice::<Value>(&body.to_bytes()).ok());
    let Some(review) = review else { return said(400, &json!({})) };
    match mood {
        12..16 => return said(500, &json!({})),
        16..20 => return said(200, &json!({"kind": "AdmissionReview"})),
        20..24 => return said(200, &consent("another", true)),
        _ => {}
    }
    let asked = &review["request"];
    let token = token(&asked["object"]).unwrap_or_default();
    let allowed = !token.ends_with('7');
    if allowed {
        recorder.reviewed(token);
    }
    said(200, &consent(asked["uid"].as_str().unwrap_or_default(), allowed))
}

fn token(object: &Value) -> Option<&str> {
    let annotations = object["metadata"]["annotations"].as_object()?;
    annotations.iter().find(|(name, _)| name.starts_with(TOKEN))?.1.as_str()
}

fn consent(uid: &str, allowed: bool) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {"uid": uid, "allowed": allowed},
    })
}

fn said(code: u16, body: &Value) -> wire::Response {
    let mut response = wire::Response::new(wire::full(body.to_string()));
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

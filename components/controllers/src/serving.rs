//! Tells on a port of its own how the manager is: `/healthz`, `/livez`, `/readyz`, `/metrics`.
//!
//! Upstream: cmd/kube-controller-manager/app/server.go, apiserver/pkg/server/options/authentication.go.
//! Health is for everybody. Metrics are for whom the API server lets read them: it is asked who a
//! token is, and what they may.

use client::{Client, Resource, WriteOptions};
use host::{Host, Stop, event};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::{io, net::SocketAddr, sync::Arc};
use telemetry::Registry;
use wire::{
    Request, Response, full,
    server::Limits,
    tls::{ClientAuth, Identity, ServerTls},
};

/// Where and as whom the manager is asked.
#[derive(Clone, Debug)]
pub struct Serving {
    /// `--bind-address`, `--secure-port`.
    pub listen: SocketAddr,
    /// Chain of certificates, PEM.
    pub certificate: Vec<u8>,
    /// Its key, PEM.
    pub key: Vec<u8>,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServingError {
    /// The address is not to be had.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// Certificate and key do not fit.
    #[error("--tls-cert-file, --tls-private-key-file: {0}")]
    Tls(#[from] wire::tls::Error),
}

/// Listens; what it gives serves until `stop`.
pub(crate) async fn listen(
    host: &Host,
    serving: &Serving,
    client: Client,
    registry: Registry,
    stop: Stop,
) -> Result<impl Future<Output = ()> + Send + 'static, ServingError> {
    let identity = Identity::from_pem(host, &serving.certificate, &serving.key)?;
    let tls = ServerTls::new(host, &identity, ClientAuth::None)?;
    let listener = host.network.listen(serving.listen).await;
    let listener = listener.map_err(|error| ServingError::Listen(serving.listen, error))?;
    let desk = Arc::new(Desk { client, registry });
    let service = Arc::new(move |request: Request| {
        let desk = desk.clone();
        async move { desk.answer(request).await }
    });
    let limits = Limits { connections_max: 100, ..Limits::default() };
    Ok(wire::server::serve(host.clone(), listener, Some(tls), service, limits, stop))
}

struct Desk {
    client: Client,
    registry: Registry,
}

impl Desk {
    async fn answer(&self, request: Request) -> Response {
        if request.method() != Method::GET {
            return said(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
        }
        match request.uri().path() {
            "/healthz" | "/livez" | "/readyz" => said(StatusCode::OK, "ok"),
            "/metrics" => {
                let token = request.headers().get(header::AUTHORIZATION);
                let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
                match self.may_read(token.unwrap_or_default()).await {
                    true => said(StatusCode::OK, &self.registry.render()),
                    false => said(StatusCode::FORBIDDEN, "Forbidden\n"),
                }
            }
            _ => said(StatusCode::NOT_FOUND, "404 page not found\n"),
        }
    }

    /// Whether the API server lets the token's owner read metrics.
    async fn may_read(&self, token: &str) -> bool {
        let allowed = async {
            let user = self.who(token).await?;
            let review = json!({"apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview", "spec": {"user": user["username"],
                    "uid": user["uid"], "groups": user["groups"],
                    "nonResourceAttributes": {"path": "/metrics", "verb": "get"}}});
            self.review("authorization.k8s.io", "subjectaccessreviews", &review).await
        };
        allowed.await.is_some_and(|answer| answer["status"]["allowed"] == true)
    }

    async fn who(&self, token: &str) -> Option<Value> {
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
            "spec": {"token": token}});
        if token.is_empty() {
            return None;
        }
        let mut answer = self.review("authentication.k8s.io", "tokenreviews", &review).await?;
        let known = answer["status"]["authenticated"] == true;
        known.then(|| answer["status"]["user"].take())
    }

    async fn review(&self, group: &str, plural: &str, review: &Value) -> Option<Value> {
        let api = self.client.resource(Resource::new(group, "v1", plural));
        match api.create(review, &WriteOptions::default()).await {
            Ok(answer) => Some(answer),
            Err(error) => {
                let why = error.to_string();
                event!(self.client.host(), Info, "a caller could not be reviewed", why = &why);
                None
            }
        }
    }
}

fn said(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(full(text.to_owned()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

//! One request from its bytes to its answer.
//!
//! The order is upstream's (apiserver/pkg/server/config.go, DefaultBuildHandlerChain): who is it,
//! what does it ask for, may it, and then the registry.

mod answer;
mod authentication;
mod body;
mod component_statuses;
mod decoding;
mod discovery;
mod health;
mod negotiation;
mod objects;
mod openapi;
mod patch;
mod scale;
mod stream;
mod subresources;
mod table;

pub use authentication::{Tokens, User};

use crate::{
    admission::Notes, config::Config, failure::Failure, query::Query, registry::Registry,
    request_info::RequestInfo,
};
use authentication::Authenticator;
use host::{Host, Stop, event};
use http::{HeaderMap, Method, StatusCode, header};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use wire::{Peer, Request, Response};

/// What answers requests.
#[derive(Debug)]
pub(crate) struct Server {
    host: Host,
    config: Config,
    registry: Arc<Registry>,
    authenticator: Authenticator,
    /// Watches end at it.
    closing: Stop,
    leaving: AtomicBool,
    /// Written when they are first asked for.
    documents: openapi::Library,
}

/// A request, read as far as its body.
#[derive(Debug)]
struct Asked {
    method: Method,
    info: RequestInfo,
    query: Query,
    headers: HeaderMap,
    user: User,
    /// What admission says besides its verdict.
    notes: Notes,
}

impl Asked {
    fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn accept(&self) -> Option<&str> {
        self.header(header::ACCEPT)
    }
}

impl Server {
    pub(crate) fn new(host: &Host, config: Config, registry: Arc<Registry>, closing: Stop) -> Self {
        let authenticator =
            Authenticator { tokens: config.tokens.clone(), anonymous: config.anonymous };
        let (leaving, documents) = (AtomicBool::new(false), openapi::Library::default());
        Self { host: host.clone(), config, registry, authenticator, closing, leaving, documents }
    }

    /// From now on it is not ready.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Answers one request.
    pub(crate) async fn answer(self: Arc<Self>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let peer = parts.extensions.get::<Peer>();
        let Some(user) = self.authenticator.user(peer, &parts.headers) else {
            return answer::failure(&Failure::unauthorized());
        };
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let Some(path) = crate::query::path(parts.uri.path()) else {
            return answer::failure(&Failure::bad_request("the path cannot be decoded"));
        };
        let info = RequestInfo::of(&parts.method, &path, &query);
        let notes = Notes::default();
        let asked = Asked {
            method: parts.method,
            info,
            query,
            headers: parts.headers,
            user: user.clone(),
            notes: notes.clone(),
        };
        let (host, verb) = (self.host.clone(), asked.info.verb);
        let limit = self.config.request_timeout;
        let work = Box::pin(self.route(asked, body));
        let response = match verb {
            "watch" => work.await.unwrap_or_else(|error| answer::failure(&error)),
            _ => match host.timeout(limit, work).await {
                Ok(Ok(response)) => response,
                Ok(Err(failure)) => answer::failure(&failure),
                Err(host::Elapsed) => answer::failure(&timed_out()),
            },
        };
        let response = answer::warned(response, &notes.warnings());
        event!(
            host,
            Debug,
            "answered",
            user = &*user.name,
            verb = verb,
            path = &*path,
            code = u64::from(response.status().as_u16())
        );
        response
    }

    async fn route(
        self: Arc<Self>,
        asked: Asked,
        body: hyper::body::Incoming,
    ) -> Result<Response, Failure> {
        if asked.info.is_resource {
            return self.objects(asked, body).await;
        }
        let path = asked.info.path.trim_end_matches('/').to_owned();
        if !matches!(asked.method, Method::GET | Method::HEAD) {
            return Err(Failure::no_such_resource());
        }
        if let Some(response) = self.health(&path, &asked.query).await {
            return Ok(response);
        }
        if let Some(response) = self.discovery(&path, asked.accept()) {
            return Ok(response);
        }
        if let Some(response) = self.openapi(&asked, &path) {
            return response;
        }
        match path.as_str() {
            "/version" => Ok(answer::value(StatusCode::OK, &health::version())),
            _ => Err(Failure::no_such_resource()),
        }
    }
}

/// What apiserver's timeout filter says.
fn timed_out() -> Failure {
    let text = "Timeout: request did not complete within the allotted timeout";
    Failure::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", text)
}

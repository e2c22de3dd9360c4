//! One request from its bytes to its answer.
//!
//! [`Server::chain`] is the way that each takes.

mod answer;
mod body;
mod component_statuses;
mod compression;
mod decoding;
mod discovery;
mod encoding;
mod health;
mod impersonation;
mod negotiation;
mod objects;
mod openapi;
mod options;
mod patch;
mod reviews;
mod scale;
mod stream;
mod subresources;
mod table;
mod token_request;

use crate::{
    admission::Notes,
    audit::{self, Audit, Trail},
    authentication::Authenticator,
    authorization::{Attributes, Authorization, Requester},
    config::Config,
    failure::Failure,
    query::Query,
    registry::Registry,
    request_info::RequestInfo,
};
use futures_util::FutureExt;
use host::{Host, Stop, event};
use http::{HeaderMap, Method, StatusCode, header};
use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use wire::{Peer, Request, Response};

/// What answers requests.
#[derive(Debug)]
pub(crate) struct Server {
    host: Host,
    config: Config,
    registry: Arc<Registry>,
    authenticator: Authenticator,
    authorization: Arc<Authorization>,
    audit: Audit,
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
    /// Nobody, until authentication has said who it is.
    requester: Requester,
    /// What admission says besides its verdict.
    notes: Notes,
    /// What the audit log is told of it.
    trail: Trail,
}

impl Asked {
    fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn accept(&self) -> Option<&str> {
        self.header(header::ACCEPT)
    }

    /// What authorization judges.
    fn attributes(&self) -> Attributes {
        Attributes::of(self.requester.user.clone(), &self.info, &self.query)
    }
}

impl Server {
    pub(crate) fn new(host: &Host, config: Config, registry: Arc<Registry>, closing: Stop) -> Self {
        let authenticator = Authenticator::new(&config, &registry);
        let authorization = Arc::new(Authorization::new(&config.authorization, &registry));
        let audit = Audit::new(host, config.audit.clone());
        Self {
            host: host.clone(),
            config,
            registry,
            authenticator,
            authorization,
            audit,
            closing,
            leaving: AtomicBool::new(false),
            documents: openapi::Library::default(),
        }
    }

    /// From now on it is not ready.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Answers one request. A panic on its way is a bug of ours, and ends this request alone.
    pub(crate) async fn answer(self: Arc<Self>, request: Request) -> Response {
        let host = self.host.clone();
        let path = request.uri().path().to_owned();
        let work: host::BoxFuture<'_, _> = Box::pin(self.chain(request));
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(failure)) => answer::failure(&failure),
            Err(_) => {
                event!(host, Error, "a request panicked", path = &*path);
                panicked()
            }
        }
    }

    /// What happens to a request, in order: what is asked, who asks, who do they say they are, may
    /// they, and then the registry.
    ///
    /// Upstream: apiserver/pkg/server/config.go, DefaultBuildHandlerChain.
    async fn chain(self: Arc<Self>, request: Request) -> Result<Response, Failure> {
        let (parts, body) = request.into_parts();
        let peer = parts.extensions.get::<Peer>().cloned();
        let uri = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
        let mut asked = self.read(parts)?;
        self.authenticate(peer.as_ref(), &mut asked).await?;
        let from = peer.map(|peer| peer.remote.ip());
        let request = audit::Request { uri: &uri, headers: &asked.headers, from };
        let trail = self.audit.begin(&asked.attributes(), request).await;
        asked.trail = trail.clone();
        let notes = asked.notes.clone();
        let response = self.judged(asked, body).await;
        let response = response.unwrap_or_else(|failure| answer::failure(&failure));
        Ok(trail.answered(&notes, response).await)
    }

    /// What happens to a request whose sender is known.
    async fn judged(
        self: Arc<Self>,
        mut asked: Asked,
        body: hyper::body::Incoming,
    ) -> Result<Response, Failure> {
        self.impersonate(&mut asked).await?;
        let verdict = self.authorization.demand(&asked.attributes()).await;
        let decision = if verdict.is_ok() { "allow" } else { "forbid" };
        asked.notes.annotate("authorization.k8s.io/decision", decision);
        asked.notes.annotate("authorization.k8s.io/reason", verdict?);
        Ok(self.serve(asked, body).await)
    }

    /// Reads what is asked for.
    fn read(&self, parts: http::request::Parts) -> Result<Asked, Failure> {
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let path = crate::query::path(parts.uri.path())
            .ok_or_else(|| Failure::bad_request("the path cannot be decoded"))?;
        let info = RequestInfo::of(&parts.method, &path, &query);
        let requester =
            Requester { user: Arc::default(), authorization: self.authorization.clone() };
        Ok(Asked {
            method: parts.method,
            info,
            query,
            headers: parts.headers,
            requester,
            notes: Notes::default(),
            trail: Trail::default(),
        })
    }

    /// Finds out who asks.
    async fn authenticate(&self, peer: Option<&Peer>, asked: &mut Asked) -> Result<(), Failure> {
        let user = self.authenticator.user(peer, &asked.headers).await;
        asked.requester.user = Arc::new(user.ok_or_else(Failure::unauthorized)?);
        Ok(())
    }

    /// Answers what may be asked, within its time.
    async fn serve(self: Arc<Self>, asked: Asked, body: hyper::body::Incoming) -> Response {
        let notes = asked.notes.clone();
        let (host, verb) = (self.host.clone(), asked.info.verb);
        let (user, path) = (asked.requester.user.clone(), asked.info.path.clone());
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
        if let Some(response) = self.openid(&path) {
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

/// What apiserver's filter of panics says (server/filters/wrap.go).
fn panicked() -> Response {
    let text = "This request caused apiserver to panic. Look in the logs for details.\n";
    answer::text(StatusCode::INTERNAL_SERVER_ERROR, text)
}

/// What apiserver's timeout filter says.
fn timed_out() -> Failure {
    let text = "Timeout: request did not complete within the allotted timeout";
    Failure::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", text)
}

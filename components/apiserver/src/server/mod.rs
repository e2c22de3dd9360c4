//! One request from its bytes to its answer.
//!
//! [`Server::chain`] is the way that each takes.

mod answer;
mod body;
mod component_statuses;
mod compression;
mod connect;
mod decoding;
mod discovery;
mod encoding;
mod extended;
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
    aggregation::Aggregator,
    audit::{self, Audit, Trail},
    authentication::Authenticator,
    authorization::{Attributes, Authorization, Requester},
    config::Config,
    failure::Failure,
    kubelets::Kubelets,
    query::Query,
    registry::Registry,
    request_info::RequestInfo,
};
use futures_util::FutureExt;
use host::{Host, Stop, event};
use http::{HeaderMap, Method, StatusCode, header};
use std::{
    panic::{AssertUnwindSafe, resume_unwind},
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
    /// Who knows of other servers' groups; none: there are none.
    aggregator: Option<Arc<Aggregator>>,
    authenticator: Authenticator,
    authorization: Arc<Authorization>,
    audit: Audit,
    kubelets: Kubelets,
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
    /// As it came.
    uri: http::Uri,
    /// Who sent it.
    peer: Option<Peer>,
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

    /// As they came.
    fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("", http::uri::PathAndQuery::as_str)
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
    pub(crate) fn new(
        host: &Host,
        config: Config,
        registry: Arc<Registry>,
        (aggregator, kubelets): (Option<Arc<Aggregator>>, Kubelets),
        closing: Stop,
    ) -> Self {
        let authenticator = Authenticator::new(&config, &registry);
        let authorization = Arc::new(Authorization::new(
            &config.authorization,
            config.authorization_file.clone(),
            &registry,
        ));
        let audit = Audit::new(host, config.audit.clone());
        Self {
            host: host.clone(),
            config,
            registry,
            aggregator,
            authenticator,
            authorization,
            audit,
            kubelets,
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
        let body = body::Upload::new(&self.host, body);
        let peer = parts.extensions.get::<Peer>().cloned();
        let mut asked = self.read(parts)?;
        self.authenticate(peer.as_ref(), &mut asked).await?;
        let from = peer.map(|peer| peer.remote.ip());
        let request = audit::Request { uri: asked.path_and_query(), headers: &asked.headers, from };
        let trail = match self.audit.begin(&asked.attributes(), request).await {
            Ok(trail) => trail,
            Err(untold) => return Ok(broken(&asked, untold)),
        };
        asked.trail = trail.clone();
        let notes = asked.notes.clone();
        let work: host::BoxFuture<'_, _> = Box::pin(self.judged(asked, body));
        let response = match AssertUnwindSafe(work).catch_unwind().await {
            Ok(response) => response.unwrap_or_else(|failure| answer::failure(&failure)),
            Err(panic) => {
                trail.panicked(&notes, words(&*panic)).await;
                resume_unwind(panic)
            }
        };
        Ok(trail.answered(&notes, response).await)
    }

    /// What happens to a request whose sender is known.
    async fn judged(
        self: Arc<Self>,
        mut asked: Asked,
        body: body::Upload,
    ) -> Result<Response, Failure> {
        self.impersonate(&mut asked).await?;
        if let Some(refusal) = self.refused(&asked).await? {
            return Ok(refusal);
        }
        Ok(self.serve(asked, body).await)
    }

    /// The answer to what those who were to judge it could not judge; none: it may.
    ///
    /// Upstream: apiserver/pkg/endpoints/filters/authorization.go.
    async fn refused(&self, asked: &Asked) -> Result<Option<Response>, Failure> {
        const DECISION: &str = "authorization.k8s.io/decision";
        const REASON: &str = "authorization.k8s.io/reason";
        let attributes = asked.attributes();
        let said = self.authorization.decide(&attributes).await;
        if said.is_allowed() {
            asked.notes.annotate(DECISION, "allow");
            asked.notes.annotate(REASON, said.reason);
            return Ok(None);
        }
        if let Some(why) = said.fault {
            asked.notes.annotate(REASON, "internal error");
            return Ok(Some(broken(asked, why)));
        }
        asked.notes.annotate(DECISION, "forbid");
        asked.notes.annotate(REASON, said.reason.as_str());
        Err(attributes.forbidden(&said.reason))
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
            uri: parts.uri,
            peer: parts.extensions.get::<Peer>().cloned(),
            requester,
            notes: Notes::default(),
            trail: Trail::default(),
        })
    }

    /// Finds out who asks.
    async fn authenticate(&self, peer: Option<&Peer>, asked: &mut Asked) -> Result<(), Failure> {
        let work = self.authenticator.user(peer, &asked.headers, &asked.info.path);
        let user = self.host.timeout(self.config.request_timeout, Box::pin(work)).await;
        let user = user.ok().flatten().ok_or_else(Failure::unauthorized)?;
        asked.requester.user = Arc::new(user);
        self.authenticator.forget(&mut asked.headers);
        Ok(())
    }

    /// Answers what may be asked, within its time.
    async fn serve(self: Arc<Self>, asked: Asked, body: body::Upload) -> Response {
        let notes = asked.notes.clone();
        let (host, verb) = (self.host.clone(), asked.info.verb);
        let (user, path) = (asked.requester.user.clone(), asked.info.path.clone());
        let limit = self.config.request_timeout;
        let long = verb == "watch" || connect::is_long(&asked.info);
        let work = Box::pin(self.route(asked, body));
        let response = match long {
            true => work.await.unwrap_or_else(|error| answer::failure(&error)),
            false => match host.timeout(limit, work).await {
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

    async fn route(self: Arc<Self>, asked: Asked, body: body::Upload) -> Result<Response, Failure> {
        let others = self.aggregator.as_ref();
        if let Some(extension) = others.and_then(|all| all.of_path(&asked.info.path)) {
            return Ok(self.extended(asked, &extension, body).await);
        }
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

/// What apiserver says where a request cannot even be judged (responsewriters.InternalError).
fn broken(asked: &Asked, why: impl std::fmt::Display) -> Response {
    let text = format!("Internal Server Error: {:?}: {why}\n", asked.path_and_query());
    answer::text(StatusCode::INTERNAL_SERVER_ERROR, text)
}

/// What a panic says.
fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default()
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

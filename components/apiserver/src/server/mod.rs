//! One request from its bytes to its answer.
//!
//! [`Server::chain`] is the way that each takes.

mod admittance;
mod answer;
mod body;
mod component_statuses;
mod compression;
mod connect;
mod deadline;
mod debug;
mod decoding;
mod discovery;
mod encoding;
mod extended;
mod followed;
mod health;
mod impersonation;
mod leaving;
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
    flow::Gate,
    kubelets::Kubelets,
    metrics::{Labels, Metrics},
    query::Query,
    registry::Registry,
    request_info::RequestInfo,
};
use futures_util::FutureExt;
use host::{Host, Instant, Stop, event};
use http::{HeaderMap, Method, StatusCode, header};
use http_body::Body as _;
use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
    time::Duration,
};
use wire::{GoAway, Peer, Request, Response};

use admittance::Limiter;
use leaving::Leaving;

/// `--goaway-chance` is drawn out of so many.
const CHANCES: u64 = 1_000_000;

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
    leaving: Leaving,
    limiter: Limiter,
    metrics: Metrics,
    born: Instant,
    /// Written when they are first asked for.
    documents: openapi::Library,
}

/// A request, read as far as its body.
#[derive(Debug)]
struct Asked {
    method: Method,
    info: Arc<RequestInfo>,
    query: Query,
    headers: HeaderMap,
    /// As it came.
    uri: http::Uri,
    /// Who sent it.
    peer: Option<Peer>,
    /// When it arrived.
    received: Instant,
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
        metrics: Metrics,
        closing: Stop,
    ) -> Self {
        let authenticator = Authenticator::new(&config, &registry);
        let authorization = Arc::new(Authorization::new(
            &config.authorization,
            config.authorization_file.clone(),
            &registry,
        ));
        let audit = Audit::new(host, config.audit.clone());
        let limiter = Limiter::new(host, &config, &metrics);
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
            leaving: Leaving::default(),
            limiter,
            metrics,
            born: host.now(),
            documents: openapi::Library::default(),
        }
    }

    /// How far it is on its way out.
    pub(crate) fn leaving(&self) -> &Leaving {
        &self.leaving
    }

    /// What lets requests through in fair order; none: nothing does.
    pub(crate) fn gate(&self) -> Option<&Arc<Gate>> {
        self.limiter.gate()
    }

    /// Answers one request. A panic on its way is a bug of ours, and ends this request alone.
    pub(crate) async fn answer(self: Arc<Self>, request: Request) -> Response {
        let host = self.host.clone();
        let path = request.uri().path().to_owned();
        if let Some(refusal) = self.leaving.refusal(&path, request.headers()) {
            return refusal;
        }
        // Now and then a client is to look for another server.
        let away = self.config.goaway_chance > 0.0
            && request.version() == http::Version::HTTP_2
            && host.random.below(CHANCES) < (self.config.goaway_chance * CHANCES as f64) as u64;
        let work: host::BoxFuture<'_, _> = Box::pin(self.chain(request));
        let mut response = match AssertUnwindSafe(work).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(failure)) => answer::failure(&failure),
            Err(_) => {
                event!(host, Error, "a request panicked", path = &*path);
                panicked()
            }
        };
        if away {
            response.extensions_mut().insert(GoAway);
        }
        response
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
        let _served = (!asked.info.is_long_running()).then(|| self.leaving.serve());
        self.authenticate(peer.as_ref(), &mut asked).await?;
        let from = peer.map(|peer| peer.remote.ip());
        if self.config.audit.is_some() {
            self.metrics.chain.audited();
        }
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
        let limit = match asked.info.is_long_running() {
            true => self.config.request_timeout,
            false => deadline::limit(&asked.query, self.config.request_timeout)?,
        };
        self.impersonate(&mut asked).await?;
        let entered = match self.enter(&asked, limit).await {
            Ok(entered) => entered,
            Err(response) => return Ok(response),
        };
        let response = self.allowed(asked, body, (limit, entered.waited())).await;
        let response = response.unwrap_or_else(|failure| answer::failure(&failure));
        Ok(entered.marked(response))
    }

    /// What happens to a request whose turn it is; it has `limit` from its arrival on, and has waited.
    async fn allowed(
        self: Arc<Self>,
        asked: Asked,
        body: body::Upload,
        (limit, waited): (Duration, Duration),
    ) -> Result<Response, Failure> {
        let began = self.host.now();
        let refused = self.refused(&asked).await;
        let allowed = matches!(refused, Ok(None));
        self.metrics.chain.authorized(allowed, self.host.now().since(began));
        if let Some(refusal) = refused? {
            return Ok(refusal);
        }
        Ok(self.serve(asked, body, (limit, waited)).await)
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
            info: Arc::new(info),
            query,
            headers: parts.headers,
            uri: parts.uri,
            peer: parts.extensions.get::<Peer>().cloned(),
            received: self.host.now(),
            requester,
            notes: Notes::default(),
            trail: Trail::default(),
        })
    }

    /// Finds out who asks.
    async fn authenticate(&self, peer: Option<&Peer>, asked: &mut Asked) -> Result<(), Failure> {
        let work = self.authenticator.user(peer, &asked.headers, &asked.info.path);
        let user = self.host.timeout(self.config.request_timeout, Box::pin(work)).await;
        let user = user.ok().flatten();
        let took = self.host.now().since(asked.received);
        self.metrics.chain.authenticated(user.as_ref().map(|user| &*user.name), took);
        asked.requester.user = Arc::new(user.ok_or_else(Failure::unauthorized)?);
        self.authenticator.forget(&mut asked.headers);
        Ok(())
    }

    /// Answers what may be asked, within its time.
    async fn serve(
        self: Arc<Self>,
        asked: Asked,
        body: body::Upload,
        (limit, waited): (Duration, Duration),
    ) -> Response {
        let notes = asked.notes.clone();
        let (info, received, labels) = (asked.info.clone(), asked.received, self.labels(&asked));
        let (host, user) = (self.host.clone(), asked.requester.user.clone());
        let server = self.clone();
        let work = Box::pin(self.route(asked, body));
        let answered = match info.is_long_running() {
            true => work.await,
            false => {
                let left = limit.saturating_sub(host.now().since(received));
                let late = |_| {
                    server.metrics.requests.terminated(&labels, StatusCode::GATEWAY_TIMEOUT);
                    Err(deadline::timed_out())
                };
                host.timeout(left, work).await.unwrap_or_else(late)
            }
        };
        let response = answered.unwrap_or_else(|failure| answer::failure(&failure));
        let response = answer::warned(response, &notes.warnings());
        event!(
            host,
            Debug,
            "answered",
            user = &*user.name,
            verb = info.verb,
            path = &*info.path,
            code = u64::from(response.status().as_u16())
        );
        server.measured(&info, &labels, (received, waited), response)
    }

    /// Measures an answer, and follows it where it goes on.
    fn measured(
        &self,
        info: &RequestInfo,
        labels: &Labels,
        (received, waited): (Instant, Duration),
        response: Response,
    ) -> Response {
        let served = self.registry.resource(&info.group, &info.version, &info.resource).is_some();
        if !labels.are_told(served) {
            return response;
        }
        let (code, size) = (response.status(), response.body().size_hint().exact());
        let took = self.host.now().since(received);
        self.metrics.requests.answered(labels, (code, size), took, waited);
        if info.verb != "watch" || code != StatusCode::OK {
            return response;
        }
        let watching = self.gate().map(|gate| gate.watches().open(info));
        followed::follow(response, self.metrics.requests.opened(labels), watching)
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
        if let Some(response) = self.debug(&asked, &path) {
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

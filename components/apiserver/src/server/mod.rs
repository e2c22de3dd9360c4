//! One request from its bytes to its answer.
//!
//! [`Server::chain`] is the way that each takes.

mod admittance;
mod answer;
mod body;
mod component_statuses;
mod compression;
mod deadline;
mod debug;
mod decoding;
mod discovery;
mod encoding;
mod followed;
mod health;
mod impersonation;
mod leaving;
mod negotiation;
mod objects;
mod openapi;
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
    flow::Gate,
    metrics::{Labels, Metrics},
    query::Query,
    registry::Registry,
    request_info::RequestInfo,
};
use futures_util::FutureExt;
use host::{Host, Instant, Stop, event};
use http::{HeaderMap, Method, StatusCode, header};
use http_body::Body as _;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
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
    authenticator: Authenticator,
    authorization: Arc<Authorization>,
    audit: Audit,
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
        metrics: Metrics,
        closing: Stop,
    ) -> Self {
        let authenticator = Authenticator::new(&config, &registry);
        let authorization = Arc::new(Authorization::new(&config.authorization, &registry));
        let audit = Audit::new(host, config.audit.clone());
        let limiter = Limiter::new(host, &config, &metrics);
        Self {
            host: host.clone(),
            config,
            registry,
            authenticator,
            authorization,
            audit,
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
        let peer = parts.extensions.get::<Peer>().cloned();
        let uri = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
        let mut asked = self.read(parts)?;
        let _served = (!asked.info.is_long_running()).then(|| self.leaving.serve());
        self.authenticate(peer.as_ref(), &mut asked).await?;
        let from = peer.map(|peer| peer.remote.ip());
        if self.config.audit.is_some() {
            self.metrics.chain.audited();
        }
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
        body: hyper::body::Incoming,
        (limit, waited): (Duration, Duration),
    ) -> Result<Response, Failure> {
        let began = self.host.now();
        let verdict = self.authorization.demand(&asked.attributes()).await;
        self.metrics.chain.authorized(verdict.is_ok(), self.host.now().since(began));
        let decision = if verdict.is_ok() { "allow" } else { "forbid" };
        asked.notes.annotate("authorization.k8s.io/decision", decision);
        asked.notes.annotate("authorization.k8s.io/reason", verdict?);
        Ok(self.serve(asked, body, (limit, waited)).await)
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
            received: self.host.now(),
            requester,
            notes: Notes::default(),
            trail: Trail::default(),
        })
    }

    /// Finds out who asks.
    async fn authenticate(&self, peer: Option<&Peer>, asked: &mut Asked) -> Result<(), Failure> {
        let user = self.authenticator.user(peer, &asked.headers).await;
        let took = self.host.now().since(asked.received);
        self.metrics.chain.authenticated(user.as_ref().map(|user| &*user.name), took);
        asked.requester.user = Arc::new(user.ok_or_else(Failure::unauthorized)?);
        Ok(())
    }

    /// Answers what may be asked, within its time.
    async fn serve(
        self: Arc<Self>,
        asked: Asked,
        body: hyper::body::Incoming,
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

/// What apiserver's filter of panics says (server/filters/wrap.go).
fn panicked() -> Response {
    let text = "This request caused apiserver to panic. Look in the logs for details.\n";
    answer::text(StatusCode::INTERNAL_SERVER_ERROR, text)
}

//! The step of the chain at which a request waits for its turn, or is sent away.
//!
//! Upstream: apiserver/pkg/server/filters/{priority-and-fairness,maxinflight}.go.

use super::{Asked, Server, answer};
use crate::{
    config::Config,
    flow::{Classified, Comer, Gate, InFlight, Place, Seat, Stored, TurnedAway},
    metrics::{Labels, Metrics, Present},
};
use host::Host;
use http::{HeaderName, HeaderValue, StatusCode, header};
use std::{sync::Arc, time::Duration};
use wire::Response;

const SCHEMA: HeaderName = HeaderName::from_static("x-kubernetes-pf-flowschema-uid");
const LEVEL: HeaderName = HeaderName::from_static("x-kubernetes-pf-prioritylevel-uid");
/// No request waits longer.
const PATIENCE_MAX: Duration = Duration::from_secs(60);

/// What limits the requests that are served at one time.
#[derive(Debug)]
pub(super) enum Limiter {
    Fair(Arc<Gate>),
    Simple(InFlight),
}

/// A request that is let in. Dropping it makes room for others.
#[derive(Debug)]
pub(super) struct Entered {
    place: Held,
    _executing: Option<Present>,
}

#[derive(Debug)]
enum Held {
    Seat(Box<Seat>),
    Place(#[expect(dead_code, reason = "held until it is dropped")] Place),
    /// It stays open for long, and nothing limits it.
    Free,
}

impl Limiter {
    pub(super) fn new(host: &Host, config: &Config, metrics: &Metrics) -> Self {
        let (reading, writing) = (config.requests_max, config.writes_max);
        match config.fair {
            true => {
                let total = reading.saturating_add(writing);
                Self::Fair(Arc::new(Gate::new(host, metrics.registry(), total)))
            }
            false => Self::Simple(InFlight::new(reading, writing)),
        }
    }

    pub(super) fn gate(&self) -> Option<&Arc<Gate>> {
        match self {
            Self::Fair(gate) => Some(gate),
            Self::Simple(_) => None,
        }
    }
}

impl Entered {
    /// How long it waited.
    pub(super) fn waited(&self) -> Duration {
        match &self.place {
            Held::Seat(seat) => seat.waited(),
            Held::Place(_) | Held::Free => Duration::ZERO,
        }
    }

    /// Tells the client where it was sent.
    pub(super) fn marked(&self, response: Response) -> Response {
        match &self.place {
            Held::Seat(seat) => marked(response, seat.classified()),
            Held::Place(_) | Held::Free => response,
        }
    }
}

impl Server {
    /// Lets a request in when it is its turn.
    ///
    /// # Errors
    /// The answer to one that is sent away.
    pub(super) async fn enter(&self, asked: &Asked, limit: Duration) -> Result<Entered, Response> {
        let watches = asked.info.verb == "watch";
        if asked.info.is_long_running() && !(watches && self.limiter.gate().is_some()) {
            return Ok(Entered { place: Held::Free, _executing: None });
        }
        let writes = !matches!(asked.info.verb, "get" | "list" | "watch");
        let place = match &self.limiter {
            Limiter::Simple(simple) => {
                let place = simple.enter(writes, &asked.requester.user);
                place.map(Held::Place).ok_or_else(|| too_many(1))
            }
            Limiter::Fair(gate) => {
                let peak = &self.metrics.requests.waiting[usize::from(writes)];
                let _waiting = peak.enter(self.host.now());
                let seat = self.seat(gate, asked, limit).await;
                let refused =
                    |TurnedAway { classified, seconds }| marked(too_many(seconds), &classified);
                seat.map(|seat| Held::Seat(Box::new(seat))).map_err(refused)
            }
        };
        let place = place.inspect_err(|response| {
            self.metrics.requests.dropped(&self.labels(asked), response.status());
        })?;
        let peak = &self.metrics.requests.executing[usize::from(writes)];
        Ok(Entered { place, _executing: Some(peak.enter(self.host.now())) })
    }

    async fn seat(
        &self,
        gate: &Arc<Gate>,
        asked: &Asked,
        limit: Duration,
    ) -> Result<Seat, TurnedAway> {
        let (user, info) = (&asked.requester.user, &asked.info);
        let patience = (limit / 4).min(PATIENCE_MAX);
        let stored = || {
            let resource = self.registry.resource(&info.group, &info.version, &info.resource)?;
            let state = self.registry.cache_state(&resource)?;
            Some(Stored { objects: state.objects, bytes: state.bytes })
        };
        gate.enter(Comer { user, info, query: &asked.query, patience }, stored).await
    }

    /// A request as metrics tell it.
    pub(super) fn labels(&self, asked: &Asked) -> Labels {
        let user = &asked.requester.user;
        Labels::of(&asked.method, &asked.info, &asked.query, &asked.headers, user)
    }
}

fn marked(mut response: Response, classified: &Classified) -> Response {
    let (schema, level) = classified.uids();
    for (name, uid) in [(SCHEMA, schema), (LEVEL, level)] {
        if let Ok(value) = HeaderValue::from_str(uid) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// What upstream says to those who are sent away.
fn too_many(seconds: u64) -> Response {
    let text = "Too many requests, please try again later.\n";
    let mut response = answer::plain_error(StatusCode::TOO_MANY_REQUESTS, text);
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    response
}

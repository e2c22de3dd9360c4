//! Takes events from anywhere in a component and writes them when servers allow.
//!
//! Upstream: client-go/tools/record/event.go.

use super::{Correlator, Happening, Reference, Severity, Source, Verdict};
use crate::{Client, Error, Patch, Resource, WriteOptions};
use host::{Host, Stop, event};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::mpsc;

/// Events that wait to be written; more are dropped.
const WAITING_MAX: usize = 1000;
/// Attempts at one event, and the time between them (`maxTriesPerEvent`).
const ATTEMPTS: u32 = 12;
const BETWEEN: Duration = Duration::from_secs(10);

/// Where a component tells what happened. Cheap to clone; telling never waits.
#[derive(Clone, Debug)]
pub struct Recorder {
    host: Host,
    waiting: mpsc::Sender<Happening>,
}

impl Recorder {
    /// A recorder, and the work of writing what it is told, which is to be run until `stop`.
    pub fn new(
        client: &Client,
        source: Source,
        stop: Stop,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (waiting, told) = mpsc::channel(WAITING_MAX);
        let writer = Writer { client: client.clone(), correlator: Correlator::new(source) };
        let recorder = Self { host: client.host().clone(), waiting };
        (recorder, writer.run(told, stop))
    }

    /// Tells that something happened to an object.
    pub fn tell(&self, about: Reference, severity: Severity, reason: &str, message: String) {
        let reason = reason.to_owned();
        let happening = Happening { about, severity, reason, message };
        if let Err(error) = self.waiting.try_send(happening) {
            event!(self.host, Warn, "an event was dropped", why = &error.to_string());
        }
    }
}

struct Writer {
    client: Client,
    correlator: Correlator,
}

impl Writer {
    async fn run(mut self, mut told: mpsc::Receiver<Happening>, mut stop: Stop) {
        let host = self.client.host().clone();
        loop {
            let happening = host::select!(host, {
                happening = told.recv() => happening,
                () = stop.stopped() => None,
            });
            let Some(happening) = happening else { return };
            let verdict = self.correlator.take(host.now(), host.clock.wall(), &happening);
            let namespace = happening.about.event_namespace();
            host::select!(host, {
                () = Box::pin(self.write(namespace, verdict)) => (),
                () = stop.stopped() => return,
            });
        }
    }

    /// Until it is written, or a server refuses, or too many attempts found none.
    async fn write(&self, namespace: &str, verdict: Verdict) {
        let host = self.client.host();
        for attempt in 0..ATTEMPTS {
            match self.once(namespace, &verdict).await {
                Ok(()) => return,
                Err(error @ (Error::Refused(_) | Error::Request(_))) => {
                    // It is there already: an answer was lost on the way.
                    if !error.is_already_exists() {
                        event!(host, Warn, "an event was refused", why = &error.to_string());
                    }
                    return;
                }
                Err(error) => {
                    event!(host, Info, "an event was not written", why = &error.to_string());
                }
            }
            // The first wait is drawn, lest all components come back to a server at once.
            let wait = match attempt {
                0 => Duration::from_millis(host.random.below(10_000)),
                _ => BETWEEN,
            };
            host.sleep(wait).await;
        }
    }

    async fn once(&self, namespace: &str, verdict: &Verdict) -> Result<(), Error> {
        let api = self.client.resource(Resource::core("events")).within(namespace);
        let options = WriteOptions::default();
        let create = async |event: &Value| api.create(event, &options).await.map(drop);
        match verdict {
            Verdict::Drop => Ok(()),
            Verdict::Create(event) => create(event).await,
            Verdict::Again { name, patch, whole } => {
                let patch = Patch::Strategic(patch.clone());
                match api.patch(name, &patch, &options).await {
                    // Events live for an hour.
                    Err(error) if error.is_not_found() => create(whole).await,
                    other => other.map(drop),
                }
            }
        }
    }
}

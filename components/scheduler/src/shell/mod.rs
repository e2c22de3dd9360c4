//! Brings the API's changes to the core and carries its decisions out.
//!
//! One task owns the core: it takes in what informers noted, what errands came back with and what
//! time brought, and decides about one pod after the other. All that waits is an errand, a task of
//! its own that ends with a word to the first. Upstream: pkg/scheduler/scheduler.go.

mod bind;
mod errands;
mod extenders;
mod follow;
mod lead;
mod metrics;
mod preempt;
mod status;

use crate::config::Config;
use client::{
    Client,
    election::{Elector, Ended},
    events::{Recorder, Source},
};
use host::{Host, Stop, stop_pair};
use lead::Leader;
use metrics::Metrics;
use telemetry::Registry;

/// How events name who tells them, where a profile does not.
pub const COMPONENT: &str = "default-scheduler";

/// Why a scheduler cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// The times of the election do not fit together.
    #[error("leaderElection: {0}")]
    Timing(#[from] client::election::TimingError),
    /// It led, and does not any more; upstream's process ends then too.
    #[error("leaderelection lost")]
    Lost,
}

/// A scheduler and the cluster that it works for.
#[derive(Debug)]
pub struct Scheduler {
    client: Client,
    config: Config,
    identity: String,
    metrics: Metrics,
}

impl Scheduler {
    /// Builds; starts nothing. `identity` is no other replica's; what is counted goes to `registry`.
    pub fn new(client: Client, config: Config, identity: &str, registry: &Registry) -> Self {
        let metrics = Metrics::new(registry);
        Self { client, config, identity: identity.to_owned(), metrics }
    }

    /// Runs until it is told to stop.
    ///
    /// # Errors
    /// [`Fatal`].
    pub async fn run(self, mut stop: Stop) -> Result<(), Fatal> {
        let host = self.client.host().clone();
        let (inbox, informers) = follow::start(&self.client, &stop);
        let source = Source { component: COMPONENT.to_owned(), host: String::new() };
        let (recorder, writer) = Recorder::new(&self.client, source, stop.clone());
        let _writer = host.spawn("scheduler/events", writer);
        let leader = Leader::new(&self.client, &self.config, inbox, recorder, self.metrics.clone());
        if !self.config.elect {
            Box::pin(leader.run(stop)).await;
            drop(informers);
            return Ok(());
        }
        let elector = self.elector()?;
        let mut leading = elector.leading();
        let (stopper, end) = stop_pair();
        let election = host.spawn("scheduler/election", async move { elector.run(end).await });
        let led = host::select!(host, {
            led = leading.wait_for(|leads| *leads) => led.is_ok(),
            () = stop.stopped() => false,
        });
        if led {
            host::select!(host, {
                () = Box::pin(leader.run(stop.clone())) => (),
                _ = leading.wait_for(|leads| !*leads) => (),
            });
        }
        drop(informers);
        // Whatever needed a leader has ended: others need not wait for the lease.
        stopper.stop();
        match election.await {
            Ok(Ended::Stopped) if stop.is_stopped() => Ok(()),
            _ => Err(Fatal::Lost),
        }
    }

    fn elector(&self) -> Result<Elector, Fatal> {
        let (namespace, name) = &self.config.lease;
        let lease = (namespace.as_str(), name.as_str());
        Ok(Elector::new(&self.client, lease, &self.identity, self.config.timing)?)
    }
}

/// Seconds as objects write them.
fn seconds(host: &Host) -> String {
    let seconds = i64::try_from(host.clock.wall().seconds()).unwrap_or(i64::MAX);
    api::time::Moment { seconds, nanos: 0 }.to_second()
}

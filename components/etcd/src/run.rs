//! A member's life from boot to end.

use crate::{
    assemble::assemble,
    boot,
    config::Config,
    corruption,
    fatal::Fatal,
    keeper,
    member::Member,
    parts::Parts,
    serving::{self, Stops},
};
use host::{Host, Stop, event, stop_pair};
use std::sync::Arc;

/// One member of an etcd cluster.
#[derive(Debug)]
pub struct Etcd {
    host: Host,
    config: Arc<Config>,
    usage: Usage,
}

/// Metrics of the process and its machine, in Prometheus' text format.
pub(crate) type Usage = fn() -> String;

impl Etcd {
    /// A member that is not running yet.
    pub fn new(host: Host, config: Config) -> Self {
        Self { host, config: Arc::new(config), usage: String::new }
    }

    /// The same, with metrics of its process beside its own.
    #[must_use]
    pub fn with_usage(self, usage: fn() -> String) -> Self {
        Self { usage, ..self }
    }

    /// Runs until `stop`, or until the member cannot go on.
    ///
    /// # Errors
    /// Why it cannot go on. Everything it acknowledged is durable.
    pub async fn run(self, stop: Stop) -> Result<(), Fatal> {
        let booted = boot::boot(&self.host, &self.config).await?;
        let lock = booted.lock.clone();
        let mut parts = Parts::default();
        let member = assemble(&self.host, &self.config, booted, self.usage, &mut parts)?;
        let outcome = live(&member, &mut parts, stop).await;
        drop(parts);
        close(&member, outcome.is_ok()).await;
        drop(lock);
        outcome
    }
}

/// From the first request to the last.
async fn live(member: &Arc<Member>, parts: &mut Parts, mut stop: Stop) -> Result<(), Fatal> {
    corruption::compare_at_start(member).await?;
    let (end, ending) = stop_pair();
    let stops = Stops { clients: stop.clone(), streams: ending };
    let listening = serving::listen(member, stops).await?;
    event!(member.host, Fact, "process/serving");
    event!(member.host, Info, "ready to serve client requests");
    host::select!(member.host, {
        fatal = parts.first_end() => return Err(fatal),
        () = stop.stopped() => {}
    });
    step_aside(member).await;
    end.stop();
    listening.drained().await;
    // What was applied is in the log anyway; a last commit only spares the replay.
    member.keeper.job(keeper::Job::Commit).await;
    Ok(())
}

/// Closes the backend. Tasks that serve clients may hold it for a while yet, and must not touch
/// the file when the directory is another's: closing it writes.
async fn close(member: &Member, clean: bool) {
    let store = member.store.clone();
    member.host.disk_job(move |_| store.write().close(clean)).await;
}

/// A leader that stops hands over first, so that the cluster need not wait for an election.
async fn step_aside(member: &Member) {
    if !member.leads() {
        return;
    }
    let successor = member.raft_status().await.ok().and_then(|status| {
        let mut others: Vec<_> = status
            .peers
            .into_iter()
            .filter(|peer| peer.id != member.id && !peer.is_learner && peer.recent_active)
            .collect();
        others.sort_by_key(|peer| (peer.matched, peer.id));
        others.pop()
    });
    if let Some(successor) = successor {
        // Best effort: without a transfer the others elect by themselves.
        let _ = member.move_leader(successor.id).await;
    }
}

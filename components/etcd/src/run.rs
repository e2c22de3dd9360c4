//! A member's life from boot to end.

use crate::{
    assemble::assemble, boot, config::Config, fatal::Fatal, keeper, member::Member, monitor,
    parts::Parts, serving,
};
use host::{Host, Stop, event};
use std::sync::Arc;

/// One member of an etcd cluster.
#[derive(Debug)]
pub struct Etcd {
    host: Host,
    config: Arc<Config>,
}

impl Etcd {
    /// A member that is not running yet.
    pub fn new(host: Host, config: Config) -> Self {
        Self { host, config: Arc::new(config) }
    }

    /// Runs until `stop`, or until the member cannot go on.
    ///
    /// # Errors
    /// Why it cannot go on. Everything it acknowledged is durable.
    pub async fn run(self, mut stop: Stop) -> Result<(), Fatal> {
        let booted = boot::boot(&self.host, &self.config).await?;
        let lock = booted.lock.clone();
        let mut parts = Parts::default();
        let member = assemble(&self.host, &self.config, booted, &mut parts)?;
        monitor::compare_at_start(&member).await?;
        let listening = serving::listen(&member, stop.clone()).await?;
        event!(self.host, Fact, "process/serving");
        event!(self.host, Info, "ready to serve client requests");
        let end = host::select!(self.host, {
            fatal = parts.first_end() => Err(fatal),
            () = stop.stopped() => Ok(()),
        });
        if end.is_ok() {
            step_aside(&member).await;
            listening.drained().await;
            // What was applied is in the log anyway; a last commit only spares the replay.
            member.keeper.job(keeper::Job::Commit).await;
        }
        drop(parts);
        drop(lock);
        end
    }
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

//! Linearizable reads: makes sure that what is applied here includes everything that was committed
//! before a read was asked for.
//!
//! All reads that arrive while one round is under way share the next: one message to the quorum
//! serves them together. Upstream: server/etcdserver/v3_server.go, linearizableReadLoop.

use crate::{driver::Ask, driver::Leadership, request_ids::RequestIds};
use bytes::Bytes;
use etcd_api::errors::EtcdError;
use host::{Elapsed, Host, Instant, event, watch};
use raft::{ReadState, types::Index};
use std::{sync::Arc, time::Duration};
use telemetry::Counter;
use tokio::sync::{mpsc, oneshot};

/// A round is asked for again after this long without an answer.
const RETRY: Duration = Duration::from_millis(500);
/// Reads waiting for a round at most; further ones wait to enter.
const WAITING_MAX: usize = 10_000;

type Answer = oneshot::Sender<Result<(), EtcdError>>;

/// Where services ask.
#[derive(Clone, Debug)]
pub(crate) struct Reads(mpsc::Sender<Answer>);

impl Reads {
    /// Completes when a read of the store is linearizable.
    ///
    /// # Errors
    /// No quorum answered in time, or the leader changed meanwhile.
    pub(crate) async fn linearizable(&self) -> Result<(), EtcdError> {
        let (sender, receiver) = oneshot::channel();
        self.0.send(sender).await.map_err(|_| EtcdError::Stopped)?;
        receiver.await.unwrap_or(Err(EtcdError::Stopped))
    }
}

/// The loop behind [`Reads`].
pub(crate) struct ReadLoop {
    host: Host,
    waiting: mpsc::Receiver<Answer>,
    asks: mpsc::Sender<Ask>,
    states: mpsc::UnboundedReceiver<ReadState>,
    applied: watch::Receiver<Index>,
    leadership: watch::Receiver<Leadership>,
    ids: Arc<RequestIds>,
    limit: Duration,
    failed: Counter,
    slow: Counter,
}

/// What [`ReadLoop`] listens to.
pub(crate) struct ReadPorts {
    pub(crate) asks: mpsc::Sender<Ask>,
    pub(crate) states: mpsc::UnboundedReceiver<ReadState>,
    pub(crate) applied: watch::Receiver<Index>,
    pub(crate) leadership: watch::Receiver<Leadership>,
    pub(crate) ids: Arc<RequestIds>,
    /// Counts rounds without an answer.
    pub(crate) failed: Counter,
    /// Counts answers that come too late, and those that never come.
    pub(crate) slow: Counter,
}

/// The asking end and the loop; one round may take `limit`.
pub(crate) fn reads(host: Host, ports: ReadPorts, limit: Duration) -> (Reads, ReadLoop) {
    let (sender, waiting) = mpsc::channel(WAITING_MAX);
    let ReadPorts { asks, states, applied, leadership, ids, failed, slow } = ports;
    let reading =
        ReadLoop { host, waiting, asks, states, applied, leadership, ids, limit, failed, slow };
    (Reads(sender), reading)
}

enum Heard {
    State(Option<ReadState>),
    LeaderChanged,
    Silence,
}

impl ReadLoop {
    /// Runs until all askers or the driver are gone.
    pub(crate) async fn run(mut self) {
        while let Some(first) = self.waiting.recv().await {
            let mut round = vec![first];
            while let Ok(next) = self.waiting.try_recv() {
                round.push(next);
            }
            let outcome = self.round().await;
            if outcome.is_err() {
                self.failed.increment();
            }
            for answer in round {
                // A client that gave up needs no answer.
                let _ = answer.send(outcome);
            }
        }
    }

    async fn round(&mut self) -> Result<(), EtcdError> {
        let deadline = self.host.now() + self.limit;
        let index = self.confirmed_index(deadline).await?;
        let host = self.host.clone();
        let left = deadline - host.now();
        match host.timeout(left, self.applied.wait_for(|applied| *applied >= index)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(EtcdError::Stopped),
            Err(Elapsed) => Err(EtcdError::Timeout),
        }
    }

    async fn confirmed_index(&mut self, deadline: Instant) -> Result<Index, EtcdError> {
        let context = Bytes::copy_from_slice(&self.ids.next().to_be_bytes());
        self.leadership.mark_unchanged();
        if self.leadership.borrow().leader == 0 {
            self.leader_elected(deadline).await?;
        }
        self.ask(&context).await?;
        loop {
            match self.hear(deadline).await {
                Heard::State(Some(state)) if state.context == context => return Ok(state.index),
                // An answer to a round that was given up.
                Heard::State(Some(_)) => self.slow.increment(),
                Heard::State(None) => return Err(EtcdError::Stopped),
                Heard::LeaderChanged => return Err(EtcdError::LeaderChanged),
                Heard::Silence if self.host.now() >= deadline => {
                    event!(self.host, Debug, "timed out waiting for read index");
                    self.slow.increment();
                    return Err(EtcdError::Timeout);
                }
                Heard::Silence => self.ask(&context).await?,
            }
        }
    }

    /// Without a leader nobody can confirm anything: waits for one.
    async fn leader_elected(&mut self, deadline: Instant) -> Result<(), EtcdError> {
        let host = self.host.clone();
        let left = deadline - host.now();
        match host.timeout(left, self.leadership.wait_for(|now| now.leader != 0)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(EtcdError::Stopped),
            Err(Elapsed) => Err(EtcdError::Timeout),
        }
    }

    async fn ask(&self, context: &Bytes) -> Result<(), EtcdError> {
        self.asks.send(Ask::ReadIndex(context.clone())).await.map_err(|_| EtcdError::Stopped)
    }

    async fn hear(&mut self, deadline: Instant) -> Heard {
        let patience = RETRY.min(deadline - self.host.now());
        host::select!(self.host, {
            state = self.states.recv() => Heard::State(state),
            changed = self.leadership.changed() => match changed {
                Ok(()) => Heard::LeaderChanged,
                Err(_) => Heard::State(None),
            },
            () = self.host.sleep(patience) => Heard::Silence,
        })
    }
}

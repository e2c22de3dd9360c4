//! Drives the Raft core: the only owner of it, and the only place that carries out what it says.
//!
//! Inputs come from services, peers, the clock and the log writer; outputs go to the log writer, the
//! peers, the applier and whoever waits for a read index. The loop never waits for a disk.

use crate::{
    applier::{Apply, Outcome},
    facts,
    fatal::Fatal,
    heartbeats::Heartbeats,
    peers::Peers,
    persist::{LogWork, Persist},
    waiters::Waiters,
};
use bytes::Bytes;
use host::{Host, Interval, event, watch};
use raft::{
    Message, Raft, ReadState, Ready, Role, Status,
    types::{ConfState, Index, NodeId, Term},
};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Requests waiting for the driver at most; senders wait beyond.
pub(crate) const ASKS_MAX: usize = 4096;
/// Inputs taken between two looks at what Raft wants done.
const INPUTS_PER_ROUND: usize = 256;

/// What the rest of the member asks of Raft.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Replicate these bytes. When Raft drops them (no leader, too much pending) the waiter of
    /// `id` is told that they were refused.
    Propose {
        /// Who waits.
        id: u64,
        /// The encoded request.
        data: Bytes,
        /// Only as leader of this term: refused by any other, never forwarded.
        term: Option<Term>,
    },
    /// Replicate a change of the configuration; refused as in [`Ask::Propose`].
    ProposeConfChange {
        /// Who waits.
        id: u64,
        /// The change.
        change: raft::ConfChange,
    },
    /// A message of a peer.
    Step(Message),
    /// Find out the commit index for a linearizable read.
    ReadIndex(Bytes),
    /// A committed change takes effect; nothing (`None`) when it was refused at apply.
    ApplyConfChange {
        /// Of its entry.
        index: Index,
        /// The change.
        change: Option<raft::ConfChange>,
        /// The configuration from here on.
        reply: oneshot::Sender<ConfState>,
    },
    /// Entries up to here are applied.
    Applied(Index),
    /// The log below is needed no more.
    Compact(Index),
    /// A message could not be delivered.
    Unreachable(NodeId),
    /// A snapshot was, or was not, delivered.
    SnapshotSent(NodeId, bool),
    /// A peer says that this member was removed from the cluster.
    Removed,
    /// Hand leadership over.
    TransferLeader(NodeId),
    /// How things stand.
    Status(oneshot::Sender<Status>),
}

/// Who leads, as far as this member knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leadership {
    /// The leader; zero for none.
    pub(crate) leader: NodeId,
    /// The term.
    pub(crate) term: Term,
    /// Whether this member leads.
    pub(crate) leading: bool,
}

enum Input {
    Ask(Option<Ask>),
    Durable(Option<u64>),
    Tick,
}

/// Owner of the Raft core.
pub(crate) struct Driver {
    pub(crate) host: Host,
    pub(crate) raft: Raft,
    pub(crate) asks: mpsc::Receiver<Ask>,
    pub(crate) durable: mpsc::UnboundedReceiver<u64>,
    pub(crate) log: mpsc::UnboundedSender<LogWork>,
    pub(crate) apply: mpsc::UnboundedSender<Apply>,
    pub(crate) read_states: mpsc::UnboundedSender<ReadState>,
    pub(crate) leadership: watch::Sender<Leadership>,
    pub(crate) committed: watch::Sender<Index>,
    pub(crate) peers: Arc<Peers>,
    pub(crate) waiters: Arc<Waiters<Outcome>>,
    pub(crate) tick: std::time::Duration,
    /// Ticks that are counted as passed at the start.
    pub(crate) ticks_ahead: u32,
    pub(crate) heartbeats: Heartbeats,
}

impl Driver {
    /// Runs until every sender of asks is gone.
    ///
    /// # Errors
    /// [`Fatal::Removed`].
    pub(crate) async fn run(mut self) -> Result<(), Fatal> {
        let mut ticks = self.host.interval(self.tick);
        (0..self.ticks_ahead).for_each(|_| self.raft.tick(self.host.random.next_u64()));
        facts::configuration(&self.host, self.raft.applied(), self.raft.conf_state());
        self.lead_if_alone();
        self.carry_out_all();
        while let Some(input) = self.next_input(&mut ticks).await {
            self.take(input)?;
            for _ in 1..INPUTS_PER_ROUND {
                let Ok(ask) = self.asks.try_recv() else { break };
                self.take(Input::Ask(Some(ask)))?;
            }
            self.carry_out_all();
        }
        Ok(())
    }

    /// The only voter has nobody to hear of first. Upstream lets it wait for an election timeout.
    fn lead_if_alone(&mut self) {
        let raft = &mut self.raft;
        if raft.conf_state().all_voters() == [raft.id()] {
            raft.campaign(self.host.random.next_u64());
        }
    }

    async fn next_input(&mut self, ticks: &mut Interval) -> Option<Input> {
        let input = host::select!(self.host, {
            ask = self.asks.recv() => Input::Ask(ask),
            number = self.durable.recv() => Input::Durable(number),
            () = ticks.tick() => Input::Tick,
        });
        match input {
            Input::Ask(None) | Input::Durable(None) => None,
            input => Some(input),
        }
    }

    fn take(&mut self, input: Input) -> Result<(), Fatal> {
        match input {
            Input::Tick => self.raft.tick(self.host.random.next_u64()),
            Input::Durable(Some(number)) => self.raft.persisted(number),
            Input::Ask(Some(Ask::Removed)) => return Err(Fatal::Removed),
            Input::Ask(Some(ask)) => self.answer(ask),
            Input::Ask(None) | Input::Durable(None) => {}
        }
        Ok(())
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Propose { id, data, term } => {
                let wanted = term.is_none_or(|term| self.leads_in(term));
                if !wanted || self.raft.propose(vec![data]).is_err() {
                    self.waiters.complete(id, Outcome::Refused);
                }
            }
            Ask::ProposeConfChange { id, change } => {
                if self.raft.propose_conf_change(change).is_err() {
                    self.waiters.complete(id, Outcome::Refused);
                }
            }
            Ask::Step(message) => self.step(message),
            // Nobody to ask is as good as no answer: the asker asks again.
            Ask::ReadIndex(context) => drop(self.raft.read_index(context)),
            Ask::ApplyConfChange { index, change, reply } => {
                let conf = self.configuration(change.as_ref());
                facts::configuration(&self.host, index, &conf);
                let _ = reply.send(conf);
            }
            Ask::Applied(index) => self.raft.applied_to(index),
            Ask::Compact(index) => self.raft.compact(index),
            Ask::Unreachable(peer) => self.raft.report_unreachable(peer),
            Ask::SnapshotSent(peer, arrived) => self.raft.report_snapshot(peer, arrived),
            // Taken before: it ends the driver.
            Ask::Removed => {}
            Ask::TransferLeader(to) => self.raft.transfer_leader(to),
            Ask::Status(reply) => {
                let _ = reply.send(self.raft.status());
            }
        }
    }

    fn leads_in(&self, term: Term) -> bool {
        self.raft.term() == term && self.raft.soft_state().role == Role::Leader
    }

    /// A refused change is given to Raft as one of nobody.
    fn configuration(&mut self, change: Option<&raft::ConfChange>) -> ConfState {
        let Some(change) = change else { return self.raft.conf_state().clone() };
        match self.raft.apply_conf_change(change) {
            Ok(conf) => conf,
            Err(error) => {
                let why = error.to_string();
                event!(self.host, Error, "raft refused a valid change", why = &why);
                self.raft.conf_state().clone()
            }
        }
    }

    fn step(&mut self, message: Message) {
        let from = message.from;
        if let Err(error) = self.raft.step(message, self.host.random.next_u64()) {
            let why = error.to_string();
            event!(self.host, Debug, "ignored a raft message", from = from, why = &why);
        }
    }

    fn carry_out_all(&mut self) {
        while let Some(ready) = self.raft.ready() {
            self.carry_out(ready);
        }
    }
}

/// What Raft wants done, carried out.
impl Driver {
    fn carry_out(&mut self, ready: Ready) {
        self.tell(&ready);
        if let Some(state) = &ready.soft_state {
            let term = self.raft.term();
            let leading = state.role == Role::Leader;
            if leading {
                self.host.point("driver/elected");
            }
            let leadership = Leadership { leader: state.leader, term, leading };
            self.leadership
                .send_if_modified(|now| std::mem::replace(now, leadership) != leadership);
        }
        self.heartbeats.sent(&ready.messages, self.host.now());
        self.peers.send(ready.messages);
        for read in ready.read_states {
            // The receiver lives as long as the member does.
            let _ = self.read_states.send(read);
        }
        if let Some(last) = ready.committed.last() {
            self.committed.send_replace(last.index);
            let _ = self.apply.send(Apply::Entries(ready.committed));
        }
        let _ = self.log.send(LogWork::Save(Persist {
            number: ready.number,
            hard_state: ready.hard_state,
            entries: ready.entries,
            snapshot: ready.snapshot,
            must_sync: ready.must_sync,
            messages: ready.messages_after_persist,
        }));
    }

    fn tell(&self, ready: &Ready) {
        facts::ready(&self.host, &self.raft, ready);
        if let Some(state) = &ready.soft_state {
            let (role, term) = (facts::role_name(state.role), self.raft.term());
            event!(self.host, Info, "raft role", role = role, term = term, leader = state.leader);
        }
    }
}

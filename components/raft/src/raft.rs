//! The node: its state, its making, its clock, and its outbox.
//!
//! What it does lies beside: `step` (terms), `election`, `follower`, `replication` (the leader's
//! side), `proposal`, `read_only`, `transfer`, `membership`, `ready`.

use std::collections::VecDeque;

use crate::{
    config::{Config, ConfigError, Restored},
    election::Campaign,
    log::Log,
    message::{Body, Message},
    read_only::Reads,
    ready::Write,
    tracker::Tracker,
    types::{ConfState, EntryId, HardState, Index, NodeId, ReadState, Role, SoftState, Term},
};

/// One node of a group.
#[derive(Debug)]
pub struct Raft {
    pub(crate) config: Config,
    pub(crate) term: Term,
    pub(crate) vote: NodeId,
    pub(crate) leader: NodeId,
    pub(crate) role: Role,
    pub(crate) log: Log,
    pub(crate) tracker: Tracker,
    pub(crate) reads: Reads,
    /// To whom leadership is being handed; zero for nobody.
    pub(crate) transferee: NodeId,
    /// No change of membership may be proposed before this much is applied.
    pub(crate) pending_conf_index: Index,
    /// A change of membership was applied that `log.applied` does not yet include.
    pub(crate) conf_ahead: bool,
    /// Payload proposed and not yet committed; kept by a leader.
    pub(crate) uncommitted_bytes: u64,
    pub(crate) timer: Timer,
    pub(crate) outbox: Outbox,
    /// What was last told to the shell.
    pub(crate) told: (SoftState, HardState),
    /// The number of the last Ready.
    pub(crate) number: u64,
    pub(crate) writes: VecDeque<Write>,
    /// The latest chance given.
    pub(crate) chance: u64,
}

/// Counts ticks.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    /// Follower: since it heard from its leader. Leader: since it last checked its quorum.
    pub(crate) election_elapsed: u32,
    pub(crate) heartbeat_elapsed: u32,
    /// When a follower stands: between one and two election timeouts.
    pub(crate) election_timeout: u32,
}

/// What waits for the next Ready.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) now: Vec<Message>,
    pub(crate) after_persist: Vec<Message>,
    /// Our own votes; they too count only once durable.
    pub(crate) to_self: Vec<Message>,
    pub(crate) read_states: Vec<ReadState>,
}

impl Raft {
    /// A follower, as its disk left it. `chance` decides when it first stands.
    ///
    /// # Errors
    /// When the settings make no sense or the disk's content contradicts itself.
    pub fn new(config: Config, restored: Restored, chance: u64) -> Result<Self, ConfigError> {
        config.check()?;
        let hard_state = check_restored(&restored)?;
        let Restored { snapshot, entries, applied, .. } = restored;
        let log = Log::new(snapshot.id(), entries, hard_state.commit, applied);
        let tracker = Tracker::new(config.max_inflight_messages, config.max_inflight_bytes);
        let mut raft = Self {
            term: hard_state.term,
            vote: hard_state.vote,
            leader: 0,
            role: Role::Follower,
            log,
            tracker,
            reads: Reads::default(),
            transferee: 0,
            pending_conf_index: 0,
            conf_ahead: false,
            uncommitted_bytes: 0,
            timer: Timer::default(),
            outbox: Outbox::default(),
            told: (SoftState::default(), hard_state),
            number: 0,
            writes: VecDeque::new(),
            chance,
            config,
        };
        raft.restore_conf(&snapshot.conf_state)?;
        raft.become_follower(hard_state.term, 0);
        Ok(raft)
    }

    /// Lets one tick pass.
    pub fn tick(&mut self, chance: u64) {
        self.chance = chance;
        if self.role == Role::Leader {
            self.tick_leader();
        } else {
            self.tick_follower();
        }
    }

    fn tick_follower(&mut self) {
        self.timer.election_elapsed += 1;
        if self.promotable() && self.timer.election_elapsed >= self.timer.election_timeout {
            self.timer.election_elapsed = 0;
            self.stand();
        }
    }

    fn tick_leader(&mut self) {
        self.timer.heartbeat_elapsed += 1;
        self.timer.election_elapsed += 1;
        if self.timer.election_elapsed >= self.config.election_ticks {
            self.timer.election_elapsed = 0;
            if self.config.check_quorum {
                self.check_quorum();
            }
            // A transfer that takes an election timeout has failed: take proposals again.
            self.transferee = 0;
        }
        if self.role == Role::Leader && self.timer.heartbeat_elapsed >= self.config.heartbeat_ticks
        {
            self.timer.heartbeat_elapsed = 0;
            self.broadcast_heartbeat();
        }
    }

    /// Stands for election now, as if it had waited for an election timeout.
    pub fn campaign(&mut self, chance: u64) {
        self.chance = chance;
        self.stand();
    }

    fn stand(&mut self) {
        let kind = if self.config.pre_vote { Campaign::PreElection } else { Campaign::Election };
        self.hup(kind);
    }

    /// Everything up to `index` is applied.
    pub fn applied_to(&mut self, index: Index) {
        self.log.applied_to(index);
        self.conf_ahead = false;
        self.maybe_leave_joint();
    }

    /// Drops the log up to `index` from memory, as far as it is applied. Peers that still need it
    /// are sent a snapshot; so keep some.
    pub fn compact(&mut self, index: Index) {
        self.log.compact(index);
    }

    /// Our id.
    pub fn id(&self) -> NodeId {
        self.config.id
    }

    /// The current term.
    pub fn term(&self) -> Term {
        self.term
    }

    /// Our role and leader.
    pub fn soft_state(&self) -> SoftState {
        SoftState { leader: self.leader, role: self.role }
    }

    /// What must survive a crash.
    pub fn hard_state(&self) -> HardState {
        HardState { term: self.term, vote: self.vote, commit: self.log.committed }
    }

    /// The last entry, durable or not.
    pub fn last(&self) -> EntryId {
        self.log.last()
    }

    /// The last index applied.
    pub fn applied(&self) -> Index {
        self.log.applied
    }

    /// The first index still in memory.
    pub fn first_index(&self) -> Index {
        self.log.first_index()
    }

    /// The term of an entry, if it is in memory or the one before.
    pub fn term_at(&self, index: Index) -> Option<Term> {
        self.log.term(index)
    }

    /// The configuration as of the last change applied.
    pub fn conf_state(&self) -> &ConfState {
        &self.tracker.conf
    }

    /// True from taking a snapshot message until its Ready is reported persisted.
    pub fn is_installing(&self) -> bool {
        self.log.snapshot.is_some()
    }

    /// Puts a message of our own into the outbox, under our term where it needs one.
    pub(crate) fn send(&mut self, to: NodeId, body: Body) {
        self.send_in_term(to, self.term, body);
    }

    pub(crate) fn send_in_term(&mut self, to: NodeId, term: Term, body: Body) {
        self.post(Message { to, from: self.config.id, term, body });
    }

    pub(crate) fn post(&mut self, message: Message) {
        if message.to == self.config.id {
            self.outbox.to_self.push(message);
        } else if message.body.waits_for_disk() {
            self.outbox.after_persist.push(message);
        } else {
            self.outbox.now.push(message);
        }
    }
}

/// A brand-new node has no hard state; what its snapshot includes is committed all the same.
fn check_restored(restored: &Restored) -> Result<HardState, ConfigError> {
    let Restored { snapshot, entries, applied, .. } = restored;
    let mut hard_state = restored.hard_state;
    let first = snapshot.index;
    let mut before = snapshot.id();
    for entry in entries {
        if entry.index != before.index + 1 || entry.term < before.term {
            return Err(ConfigError::Gap(entry.index));
        }
        before = entry.id();
    }
    if hard_state == HardState::default() {
        hard_state.commit = first;
        hard_state.term = snapshot.term;
    }
    let HardState { commit, .. } = hard_state;
    if !(first..=before.index).contains(&commit) {
        return Err(ConfigError::Commit { commit, first, last: before.index });
    }
    if !(first..=commit).contains(applied) {
        return Err(ConfigError::Applied { applied: *applied, first, committed: commit });
    }
    Ok(hard_state)
}

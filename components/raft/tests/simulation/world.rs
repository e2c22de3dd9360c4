//! The machines, the network between them, and what chance does to both.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use host::Defects;
use raft::{
    Body, Change, ChangeKind, Codec, ConfChange, Message, NodeId, Raft, Role, StepError, Transition,
};

use crate::{
    dice::Dice,
    node::{Node, config},
    rules::Rules,
};

/// How a run goes.
pub(crate) struct Plan {
    pub(crate) steps: usize,
    pub(crate) conf_changes: bool,
    /// Leaders are deposed all the time, and changes of membership come in bursts.
    pub(crate) restless: bool,
    /// Of the bits that choose settings, which are fixed, and how.
    pub(crate) settings: (u64, u64),
}

impl Default for Plan {
    fn default() -> Self {
        Self { steps: 6000, conf_changes: true, restless: false, settings: (0, 0) }
    }
}

pub(crate) struct World {
    dice: Dice,
    nodes: BTreeMap<NodeId, Node>,
    network: Vec<Message>,
    blocked: BTreeSet<(NodeId, NodeId)>,
    pub(crate) rules: Rules,
    conf_changes: bool,
    restless: bool,
    proposals: u64,
    loss: usize,
    crashes: usize,
}

const MAX_IN_NETWORK: usize = 60;

impl World {
    pub(crate) fn new(seed: u64, plan: &Plan, defects: &Defects) -> Self {
        let mut dice = Dice::new(seed);
        let (fixed, how) = plan.settings;
        let bits = dice.roll() & !fixed | how;
        let size = if plan.conf_changes {
            5
        } else if plan.restless {
            3
        } else {
            3 + 2 * dice.below(2) as NodeId
        };
        let founders = if plan.conf_changes { 1 + dice.below(4) as NodeId } else { size };
        let founders: Vec<_> = (1..=founders).map(|id| (id, Bytes::new())).collect();
        let mut nodes = BTreeMap::new();
        for id in 1..=size {
            let mut node = Node::new(id, config(id, bits, defects), &founders);
            node.start(&mut dice).expect("a fresh node starts");
            nodes.insert(id, node);
        }
        Self {
            loss: [0, 2, 10][dice.below(3)],
            crashes: [2, 10, 40][dice.below(3)],
            dice,
            nodes,
            network: Vec::new(),
            blocked: BTreeSet::new(),
            rules: Rules::default(),
            conf_changes: plan.conf_changes,
            restless: plan.restless,
            proposals: 0,
        }
    }

    pub(crate) fn chaos(&mut self, steps: usize) -> Result<(), String> {
        for _ in 0..steps {
            let id = self.any_node();
            if self.restless && self.dice.percent(2) {
                self.coup()?;
            }
            if self.restless && self.dice.percent(1) {
                let id = self.leader().unwrap_or(id);
                self.change_voter(id)?;
                self.change_voter(id)?;
            }
            match self.dice.below(1000) {
                0..480 => self.deliver()?,
                480..680 => self.disk_step(id)?,
                680..780 => self.apply_step(id)?,
                780..880 => self.on_raft(id, |raft, roll| raft.tick(roll))?,
                880..930 => self.propose(id)?,
                930..950 => self.read(id)?,
                950..970 if self.dice.percent(self.crashes) => self.crash(id),
                950..970 => self.restart(id)?,
                970..978 => self.change_conf(id)?,
                978..986 => self.compact(id),
                986..988 => self.transfer(id)?,
                997..999 => self.coup()?,
                988..993 => self.partition(),
                993..997 => self.blocked.clear(),
                _ => self.on_raft(id, |raft, roll| raft.report_unreachable(roll % 6))?,
            }
        }
        Ok(())
    }

    fn any_node(&mut self) -> NodeId {
        1 + self.dice.below(self.nodes.len()) as NodeId
    }

    /// Lets a node's core do something, then usually looks what came of it.
    fn on_raft(&mut self, id: NodeId, act: impl FnOnce(&mut Raft, u64)) -> Result<(), String> {
        let roll = self.dice.roll();
        if let Some(raft) = &mut self.node(id).raft {
            act(raft, roll);
        }
        if self.dice.percent(70) { self.collect(id) } else { Ok(()) }
    }

    fn node(&mut self, id: NodeId) -> &mut Node {
        self.nodes.get_mut(&id).expect("ids are dense")
    }

    fn collect(&mut self, id: NodeId) -> Result<(), String> {
        let node = self.nodes.get_mut(&id).expect("ids are dense");
        let messages = node.collect(&mut self.rules)?;
        self.send(messages)
    }

    fn send(&mut self, messages: Vec<Message>) -> Result<(), String> {
        for message in messages {
            self.rules.on_send(&message)?;
            let decoded = Message::decode(message.encode());
            if decoded.as_ref() != Ok(&message) {
                return Err(format!("{message:?} came out of the codec as {decoded:?}"));
            }
            self.network.push(message);
        }
        while self.network.len() > MAX_IN_NETWORK {
            let lost = self.dice.below(self.network.len());
            self.lose(lost);
        }
        Ok(())
    }

    fn lose(&mut self, at: usize) {
        let message = self.network.swap_remove(at);
        if let Body::Snapshot { .. } = message.body {
            self.report_snapshot(&message, false);
        }
    }

    fn report_snapshot(&mut self, message: &Message, ok: bool) {
        if let Some(raft) = self.nodes.get_mut(&message.from).and_then(|node| node.raft.as_mut()) {
            raft.report_snapshot(message.to, ok);
        }
    }

    fn deliver(&mut self) -> Result<(), String> {
        if self.network.is_empty() {
            return Ok(());
        }
        // Mostly in order, so that things happen.
        let at = if self.dice.percent(60) { 0 } else { self.dice.below(self.network.len()) };
        let Message { from, to, .. } = self.network[at];
        if self.blocked.contains(&(from, to)) || self.dice.percent(self.loss) {
            self.lose(at);
            return Ok(());
        }
        let message = self.network[at].clone();
        if !self.dice.percent(5) {
            self.network.remove(at);
        }
        if let Body::Snapshot { .. } = message.body {
            self.report_snapshot(&message, true);
        }
        self.step(message)
    }

    fn step(&mut self, message: Message) -> Result<(), String> {
        let (id, roll) = (message.to, self.dice.roll());
        let Some(raft) = self.nodes.get_mut(&id).and_then(|node| node.raft.as_mut()) else {
            return Ok(());
        };
        match raft.step(message, roll) {
            Ok(()) | Err(StepError::PeerNotFound | StepError::ProposalDropped(_)) => {}
            Err(error) => return Err(format!("node {id}: {error}")),
        }
        if self.dice.percent(70) { self.collect(id) } else { Ok(()) }
    }

    fn disk_step(&mut self, id: NodeId) -> Result<(), String> {
        let node = self.nodes.get_mut(&id).expect("ids are dense");
        let messages = node.disk_step(&mut self.rules)?;
        self.send(messages)?;
        self.collect(id)
    }

    fn apply_step(&mut self, id: NodeId) -> Result<(), String> {
        let count = 1 + self.dice.below(4);
        let node = self.nodes.get_mut(&id).expect("ids are dense");
        node.apply_step(count, &mut self.rules)?;
        self.collect(id)
    }

    fn propose(&mut self, id: NodeId) -> Result<(), String> {
        self.proposals += 1;
        let data = Bytes::from(format!("value {}", self.proposals));
        self.on_raft(id, |raft, _| {
            let _ = raft.propose(vec![data]);
        })
    }

    fn read(&mut self, id: NodeId) -> Result<(), String> {
        self.proposals += 1;
        let context = Bytes::from(format!("read {}", self.proposals));
        self.rules.ask_read(context.clone());
        self.on_raft(id, |raft, _| {
            raft.read_index(context);
        })
    }

    fn crash(&mut self, id: NodeId) {
        self.rules.rare.crashes += 1;
        let Self { nodes, dice, .. } = self;
        nodes.get_mut(&id).expect("ids are dense").crash(dice);
    }

    fn restart(&mut self, id: NodeId) -> Result<(), String> {
        let Self { nodes, dice, .. } = self;
        let node = nodes.get_mut(&id).expect("ids are dense");
        if node.raft.is_none() { node.start(dice) } else { Ok(()) }
    }

    fn change_conf(&mut self, id: NodeId) -> Result<(), String> {
        if !self.conf_changes {
            return Ok(());
        }
        let count = [0, 1, 1, 1, 2, 3][self.dice.below(6)];
        let transitions = [Transition::Auto, Transition::JointImplicit, Transition::JointExplicit];
        let transition = transitions[self.dice.below(if count == 0 { 1 } else { 3 })];
        let kinds = [ChangeKind::AddVoter, ChangeKind::AddLearner, ChangeKind::Remove];
        let changes = (0..count)
            .map(|_| Change { kind: kinds[self.dice.below(3)], node: self.any_node() })
            .collect();
        let change = ConfChange { transition, changes, context: Bytes::new() };
        self.on_raft(id, |raft, _| {
            let _ = raft.propose_conf_change(change);
        })
    }

    fn change_voter(&mut self, id: NodeId) -> Result<(), String> {
        let kinds = [ChangeKind::AddVoter, ChangeKind::Remove, ChangeKind::Remove];
        let change = ConfChange::single(kinds[self.dice.below(3)], self.any_node());
        let allowed = self.conf_changes;
        self.on_raft(id, |raft, _| {
            if allowed {
                let _ = raft.propose_conf_change(change);
            }
        })
    }

    fn compact(&mut self, id: NodeId) {
        let keep = [0, 2, 10][self.dice.below(3)];
        self.node(id).compact(keep);
    }

    fn transfer(&mut self, id: NodeId) -> Result<(), String> {
        let to = self.any_node();
        self.on_raft(id, |raft, _| raft.transfer_leader(to))
    }

    /// Blocks some directions of some links.
    fn partition(&mut self) {
        let some: Vec<_> = (0..6).map(|_| (self.any_node(), self.any_node())).collect();
        if self.dice.percent(50) {
            self.blocked.extend(some);
            return;
        }
        let alone = some[0].0;
        for other in 1..=self.nodes.len() as NodeId {
            self.blocked.extend([(alone, other), (other, alone)]);
        }
    }

    /// Cuts the leader off from most others, one of whom stands.
    fn coup(&mut self) -> Result<(), String> {
        let Some(leader) = self.leader() else { return Ok(()) };
        let spared = self.any_node();
        self.blocked.clear();
        for other in (1..=self.nodes.len() as NodeId).filter(|other| *other != spared) {
            self.blocked.extend([(leader, other), (other, leader)]);
        }
        let rival = self.any_node();
        self.on_raft(rival, |raft, roll| raft.campaign(roll))
    }

    /// Nothing fails any more, but a minority may be gone for good: soon there must be a leader,
    /// and everyone must have everything.
    pub(crate) fn heal(&mut self) -> Result<(), String> {
        const ROUNDS: usize = 600;
        self.blocked.clear();
        self.loss = 0;
        let size = self.nodes.len() as NodeId;
        let lost = if self.conf_changes { 0 } else { self.dice.below(size as usize) as NodeId / 2 };
        let first_lost = self.any_node();
        for id in 1..=size {
            if (first_lost..first_lost + lost).any(|lost| lost % size == id % size) {
                self.crash(id);
            } else {
                self.restart(id)?;
            }
        }
        for round in 0..ROUNDS {
            self.calm_round()?;
            if round % 20 == 19 {
                self.nudge()?;
            }
            if round > 100 && self.converged() {
                return Ok(());
            }
        }
        if self.is_stranded() { Ok(()) } else { Err(format!("no progress: {}", self.account())) }
    }

    /// Configurations take effect when applied, so a group can lock itself out: who applied its
    /// own removal will not stand, and if its log is longest those who have not applied it cannot
    /// win without it. Upstream has this too; its operators move leadership first.
    fn is_stranded(&self) -> bool {
        let rafts = || self.nodes.values().filter_map(|node| node.raft.as_ref());
        rafts().any(|gone| {
            let id = gone.id();
            let missed = rafts().any(|raft| raft.conf_state().is_voter(id));
            self.conf_changes && !gone.conf_state().is_voter(id) && missed
        })
    }

    fn calm_round(&mut self) -> Result<(), String> {
        for id in 1..=self.nodes.len() as NodeId {
            let roll = self.dice.roll();
            if let Some(raft) = &mut self.node(id).raft {
                raft.tick(roll);
            }
            self.settle(id)?;
        }
        for _ in 0..5 {
            for message in std::mem::take(&mut self.network) {
                let id = message.to;
                if let Body::Snapshot { .. } = message.body {
                    self.report_snapshot(&message, true);
                }
                self.step(message)?;
                self.settle(id)?;
            }
        }
        Ok(())
    }

    fn settle(&mut self, id: NodeId) -> Result<(), String> {
        self.collect(id)?;
        while self.node(id).busy() {
            self.disk_step(id)?;
            self.apply_step(id)?;
        }
        Ok(())
    }

    /// A client that keeps trying, and an operator who does not leave things joint.
    fn nudge(&mut self) -> Result<(), String> {
        let Some(leader) = self.leader() else { return Ok(()) };
        let conf = self.nodes[&leader].raft.as_ref().expect("a leader is up").conf_state();
        let same = |id: &NodeId| self.nodes[id].raft.as_ref().map(Raft::conf_state) == Some(conf);
        if !conf.members().contains(&leader) && conf.members().iter().all(same) {
            // It has done its last duty; as upstream, its server stops.
            self.crash(leader);
            return Ok(());
        }
        let raft = self.node(leader).raft.as_mut().expect("a leader is up");
        if raft.conf_state().is_joint() {
            let _ = raft.propose_conf_change(ConfChange::default());
        }
        self.propose(leader)
    }

    fn leader(&self) -> Option<NodeId> {
        let leads = |raft: &Raft| raft.soft_state().role == Role::Leader;
        let leaders = self.nodes.values().filter(|node| node.raft.as_ref().is_some_and(leads));
        leaders.max_by_key(|node| node.raft.as_ref().map(Raft::term)).map(|node| node.id)
    }

    fn converged(&self) -> bool {
        let Some(leader) = self.leader() else { return false };
        let Some(raft) = self.nodes[&leader].raft.as_ref() else { return false };
        let members = raft.conf_state().members();
        raft.hard_state().commit == raft.last().index
            && raft.term_at(raft.last().index) == Some(raft.term())
            && members
                .iter()
                .map(|id| &self.nodes[id])
                .all(|node| node.raft.is_none() || node.applied == raft.last().index)
    }

    fn account(&self) -> String {
        let lines = self.nodes.values().filter_map(|node| node.raft.as_ref());
        lines.map(|raft| format!("\n  {:?}", raft.status())).collect()
    }
}

//! A group of our nodes.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use raft::{
    Change, ChangeKind, Codec, ConfChange, ConfState, Config, Entry, EntryKind, Message, Raft,
    ReadOnly, Restored, Role, SnapshotMeta, Transition,
};

use crate::{Group, Order, SIZE, Step, VOTERS, View, number};

struct Node {
    raft: Raft,
    log: Vec<Entry>,
}

pub(crate) struct Ours {
    nodes: BTreeMap<u64, Node>,
    network: Vec<Message>,
    cut: BTreeSet<u64>,
    asked: u64,
    reads: BTreeSet<(u64, u64)>,
    kinds: BTreeSet<&'static str>,
}

impl Ours {
    pub(crate) fn new(pre_vote: bool) -> Self {
        let conf_state = ConfState { voters: VOTERS.into(), ..ConfState::default() };
        let snapshot = SnapshotMeta { conf_state, ..SnapshotMeta::default() };
        let restored = Restored { snapshot, ..Restored::default() };
        let node = |id| {
            let config = Config {
                election_ticks: 100_000,
                check_quorum: false,
                pre_vote,
                read_only: ReadOnly::Safe,
                ..Config::new(id)
            };
            let raft = Raft::new(config, restored.clone(), 0).expect("a sound start");
            (id, Node { raft, log: Vec::new() })
        };
        Self {
            nodes: (1..=SIZE).map(node).collect(),
            network: Vec::new(),
            cut: BTreeSet::new(),
            asked: 0,
            reads: BTreeSet::new(),
            kinds: BTreeSet::new(),
        }
    }

    fn raft(&mut self, id: u64) -> &mut Raft {
        &mut self.nodes.get_mut(&id).expect("ids are dense").raft
    }

    fn run(&mut self, id: u64) {
        let node = self.nodes.get_mut(&id).expect("ids are dense");
        while let Some(ready) = node.raft.ready() {
            if let Some(first) = ready.entries.first() {
                node.log.truncate(first.index as usize - 1);
            }
            node.log.extend(ready.entries);
            self.reads.extend(ready.read_states.iter().map(|r| (number(&r.context), r.index)));
            self.network.extend(ready.messages);
            self.network.extend(ready.messages_after_persist);
            node.raft.persisted(ready.number);
            for entry in &ready.committed {
                if entry.kind == EntryKind::ConfChange {
                    let change = ConfChange::decode(entry.data.clone()).expect("we encoded it");
                    let _ = node.raft.apply_conf_change(&change);
                }
                node.raft.applied_to(entry.index);
            }
        }
    }
}

impl Group for Ours {
    fn order(&mut self, order: &Order) {
        match order {
            Order::Campaign(id) => self.raft(*id).campaign(0),
            Order::Propose(id, value) => {
                let _ = self.raft(*id).propose(vec![Bytes::copy_from_slice(&[*value])]);
            }
            Order::Transfer(at, to) => self.raft(*at).transfer_leader(*to),
            Order::Read(id) => {
                self.asked += 1;
                let context = self.asked.to_be_bytes();
                self.raft(*id).read_index(Bytes::copy_from_slice(&context));
            }
            Order::Cut(id) => {
                self.cut.insert(*id);
            }
            Order::Join(id) => {
                self.cut.remove(id);
            }
            Order::Change(id, steps) => {
                let change = |(step, node): &(Step, u64)| Change {
                    kind: match step {
                        Step::AddVoter => ChangeKind::AddVoter,
                        Step::AddLearner => ChangeKind::AddLearner,
                        Step::Remove => ChangeKind::Remove,
                    },
                    node: *node,
                };
                let changes = steps.iter().map(change).collect();
                let transition = Transition::JointExplicit;
                let change = ConfChange { transition, changes, context: Bytes::new() };
                let _ = self.raft(*id).propose_conf_change(change);
            }
            Order::LeaveJoint(id) => {
                let _ = self.raft(*id).propose_conf_change(ConfChange::default());
            }
        }
    }

    fn settle(&mut self) {
        for id in 1..=SIZE {
            self.run(id);
        }
        while !self.network.is_empty() {
            for message in std::mem::take(&mut self.network) {
                self.kinds.insert(message.body.name());
                let Message { from, to, .. } = message;
                if !self.cut.contains(&from) && !self.cut.contains(&to) {
                    let _ = self.raft(to).step(message, 0);
                    self.run(to);
                }
            }
        }
    }

    fn beat(&mut self) {
        for id in 1..=SIZE {
            if self.raft(id).soft_state().role == Role::Leader {
                self.raft(id).tick(0);
            }
        }
    }

    fn views(&self) -> Vec<View> {
        self.nodes.values().map(view).collect()
    }

    fn take_kinds(&mut self) -> BTreeSet<&'static str> {
        std::mem::take(&mut self.kinds)
    }

    fn reads(&self) -> &BTreeSet<(u64, u64)> {
        &self.reads
    }
}

fn view(node: &Node) -> View {
    let (soft, hard) = (node.raft.soft_state(), node.raft.hard_state());
    let conf = node.raft.conf_state();
    let payload = |entry: &Entry| match entry.kind {
        EntryKind::Normal => entry.data.to_vec(),
        EntryKind::ConfChange => b"change".to_vec(),
    };
    View {
        role: match soft.role {
            Role::Follower => "follower",
            Role::PreCandidate => "pre-candidate",
            Role::Candidate => "candidate",
            Role::Leader => "leader",
        },
        leader: soft.leader,
        term: hard.term,
        vote: hard.vote,
        commit: hard.commit,
        log: node.log.iter().map(|entry| (entry.term, payload(entry))).collect(),
        voters: conf.voters.iter().copied().collect(),
        outgoing: conf.voters_outgoing.iter().copied().collect(),
        learners: conf.learners.iter().copied().collect(),
    }
}

//! A group of raft-rs nodes.

use std::collections::{BTreeMap, BTreeSet};

use raft_rs::{
    Config, GetEntriesContext, RawNode, StateRole, Storage,
    eraftpb::{
        ConfChangeSingle, ConfChangeTransition, ConfChangeType, ConfChangeV2, Entry, EntryType,
        Message, MessageType,
    },
    storage::MemStorage,
};

use crate::{Group, Order, SIZE, Step, VOTERS, View, number};

type Node = RawNode<MemStorage>;

pub(crate) struct Theirs {
    nodes: BTreeMap<u64, Node>,
    network: Vec<Message>,
    cut: BTreeSet<u64>,
    asked: u64,
    reads: BTreeSet<(u64, u64)>,
    kinds: BTreeSet<&'static str>,
}

impl Theirs {
    pub(crate) fn new(pre_vote: bool) -> Self {
        let silent = slog::Logger::root(slog::Discard, slog::o!());
        let node = |id| {
            let config = Config {
                id,
                election_tick: 100_000,
                heartbeat_tick: 1,
                pre_vote,
                max_size_per_msg: 1 << 20,
                max_inflight_msgs: 512,
                ..Config::default()
            };
            let storage = MemStorage::new_with_conf_state((VOTERS.to_vec(), vec![]));
            (id, RawNode::new(&config, storage, &silent).expect("a sound start"))
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

    fn node(&mut self, id: u64) -> &mut Node {
        self.nodes.get_mut(&id).expect("ids are dense")
    }

    fn run(&mut self, id: u64) {
        let node = self.nodes.get_mut(&id).expect("ids are dense");
        while node.has_ready() {
            let mut ready = node.ready();
            let reads = ready.take_read_states();
            self.reads.extend(reads.iter().map(|r| (number(&r.request_ctx), r.index)));
            self.network.extend(ready.take_messages());
            let store = node.store().clone();
            store.wl().append(ready.entries()).expect("entries follow upon the log");
            if let Some(hard_state) = ready.hs() {
                store.wl().set_hardstate(hard_state.clone());
            }
            self.network.extend(ready.take_persisted_messages());
            let mut committed = ready.take_committed_entries();
            let mut light = node.advance_append(ready);
            self.network.extend(light.take_messages());
            committed.extend(light.take_committed_entries());
            for entry in committed {
                apply(node, &entry);
                node.advance_apply_to(entry.index);
            }
        }
    }
}

/// etcd's name of the kind.
fn kind(kind: MessageType) -> &'static str {
    match kind {
        MessageType::MsgPropose => "MsgProp",
        MessageType::MsgAppend => "MsgApp",
        MessageType::MsgAppendResponse => "MsgAppResp",
        MessageType::MsgRequestVote => "MsgVote",
        MessageType::MsgRequestPreVote => "MsgPreVote",
        MessageType::MsgRequestVoteResponse => "MsgVoteResp",
        MessageType::MsgRequestPreVoteResponse => "MsgPreVoteResp",
        MessageType::MsgSnapshot => "MsgSnap",
        MessageType::MsgHeartbeat => "MsgHeartbeat",
        MessageType::MsgHeartbeatResponse => "MsgHeartbeatResp",
        MessageType::MsgTransferLeader => "MsgTransferLeader",
        MessageType::MsgTimeoutNow => "MsgTimeoutNow",
        MessageType::MsgReadIndex => "MsgReadIndex",
        MessageType::MsgReadIndexResp => "MsgReadIndexResp",
        _ => "local",
    }
}

fn apply(node: &mut Node, entry: &Entry) {
    if entry.get_entry_type() == EntryType::EntryConfChangeV2 {
        let mut change = ConfChangeV2::default();
        protobuf::Message::merge_from_bytes(&mut change, &entry.data).expect("they encoded it");
        if let Ok(conf_state) = node.apply_conf_change(&change) {
            node.store().wl().set_conf_state(conf_state);
        }
    }
}

impl Group for Theirs {
    fn order(&mut self, order: &Order) {
        match order {
            Order::Campaign(id) => {
                let _ = self.node(*id).campaign();
            }
            Order::Propose(id, value) => {
                let _ = self.node(*id).propose(vec![], vec![*value]);
            }
            Order::Transfer(at, to) => self.node(*at).transfer_leader(*to),
            Order::Read(id) => {
                self.asked += 1;
                let context = self.asked.to_be_bytes().to_vec();
                self.node(*id).read_index(context);
            }
            Order::Cut(id) => {
                self.cut.insert(*id);
            }
            Order::Join(id) => {
                self.cut.remove(id);
            }
            Order::Change(id, steps) => {
                let mut change = ConfChangeV2::default();
                change.set_transition(ConfChangeTransition::Explicit);
                for (step, node) in steps {
                    let mut single = ConfChangeSingle::default();
                    single.set_change_type(match step {
                        Step::AddVoter => ConfChangeType::AddNode,
                        Step::AddLearner => ConfChangeType::AddLearnerNode,
                        Step::Remove => ConfChangeType::RemoveNode,
                    });
                    single.node_id = *node;
                    change.mut_changes().push(single);
                }
                let _ = self.node(*id).propose_conf_change(vec![], change);
            }
            Order::LeaveJoint(id) => {
                let _ = self.node(*id).propose_conf_change(vec![], ConfChangeV2::default());
            }
        }
    }

    fn settle(&mut self) {
        for id in 1..=SIZE {
            self.run(id);
        }
        while !self.network.is_empty() {
            for message in std::mem::take(&mut self.network) {
                self.kinds.insert(kind(message.get_msg_type()));
                let (from, to) = (message.from, message.to);
                if !self.cut.contains(&from) && !self.cut.contains(&to) {
                    let _ = self.node(to).step(message);
                    self.run(to);
                }
            }
        }
    }

    fn beat(&mut self) {
        for node in self.nodes.values_mut() {
            if node.raft.state == StateRole::Leader {
                node.tick();
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
    let raft = &node.raft;
    let last = node.store().last_index().expect("in memory");
    let entries = match last {
        0 => Ok(Vec::new()),
        _ => node.store().entries(1, last + 1, None, GetEntriesContext::empty(false)),
    };
    let payload = |entry: &Entry| match entry.get_entry_type() {
        EntryType::EntryNormal => entry.data.to_vec(),
        _ => b"change".to_vec(),
    };
    let conf = raft.prs().conf().to_conf_state();
    View {
        role: match raft.state {
            StateRole::Follower => "follower",
            StateRole::PreCandidate => "pre-candidate",
            StateRole::Candidate => "candidate",
            StateRole::Leader => "leader",
        },
        leader: raft.leader_id,
        term: raft.term,
        vote: raft.vote,
        commit: raft.raft_log.committed,
        log: entries.expect("in memory").iter().map(|e| (e.term, payload(e))).collect(),
        voters: conf.voters.iter().copied().collect(),
        outgoing: conf.voters_outgoing.iter().copied().collect(),
        learners: conf.learners.iter().copied().collect(),
    }
}

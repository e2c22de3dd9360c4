//! The group that a transcript commands, and the verbs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use raft::{
    Body, Change, ChangeKind, Codec, ConfChange, ConfState, Config, Entry, EntryKind, HardState,
    Index, Message, NodeId, Raft, ReadOnly, Ready, Restored, SnapshotMeta, Transition,
};

use crate::say;

struct Node {
    raft: Raft,
    config: Config,
    disk: Restored,
    writes: VecDeque<Ready>,
}

#[derive(Default)]
pub(crate) struct Group {
    nodes: BTreeMap<NodeId, Node>,
    network: Vec<Message>,
    cut: BTreeSet<NodeId>,
}

/// Words after the verb: plain ones and `name=value`.
struct Words<'a>(Vec<&'a str>);

impl Words<'_> {
    fn number(&self, at: usize) -> u64 {
        self.0[at].parse().unwrap_or_else(|_| panic!("{} is no number", self.0[at]))
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    fn list(&self, name: &str) -> Vec<u64> {
        let items = self.value(name).unwrap_or_default().split(',').filter(|item| !item.is_empty());
        items.map(|item| item.parse().expect("a number")).collect()
    }

    fn option<T: std::str::FromStr>(&self, name: &str, usual: T) -> T {
        self.value(name).map_or(usual, |value| value.parse().ok().expect("a value"))
    }
}

fn result<E: std::fmt::Display>(result: Result<(), E>) -> String {
    result.map_or_else(|error| format!("error: {error}\n"), |()| String::new())
}

impl Group {
    pub(crate) fn perform(&mut self, command: &str) -> String {
        let mut words = command.split_whitespace();
        let verb = words.next().expect("a verb");
        let words = Words(words.collect());
        match verb {
            "nodes" => self.add_nodes(&words),
            "campaign" => self.on(&words, |raft| raft.campaign(0)),
            "tick" => {
                let count = words.number(1);
                self.on(&words, |raft| (0..count).for_each(|_| raft.tick(0)))
            }
            "propose" => {
                let data = words.0[1..].iter().map(|word| Bytes::copy_from_slice(word.as_bytes()));
                let data = data.collect();
                result(self.raft(words.number(0)).propose(data))
            }
            "conf" => self.propose_conf(&words),
            "read" => {
                let asked = self.raft(words.number(0)).read_index(words.0[1].to_owned().into());
                if asked { String::new() } else { "nobody to ask\n".into() }
            }
            "transfer" => {
                let to = words.number(1);
                self.on(&words, |raft| raft.transfer_leader(to))
            }
            "compact" => {
                let index = words.number(1);
                self.on(&words, |raft| raft.compact(index))
            }
            "unreachable" => {
                let peer = words.number(1);
                self.on(&words, |raft| raft.report_unreachable(peer))
            }
            "snapshot-lost" => {
                let peer = words.number(1);
                self.on(&words, |raft| raft.report_snapshot(peer, false))
            }
            "status" => say::status(&self.raft(words.number(0)).status()),
            "ready" => self.ready(words.number(0)),
            "persist" => self.persist(words.number(0)),
            "deliver" => self.deliver(words.number(0)),
            "drop" => self.drop(words.number(0)),
            "cut" => self.set_cut(words.number(0), true),
            "join" => self.set_cut(words.number(0), false),
            "crash" => self.crash(words.number(0)),
            "stabilize" => self.stabilize(words.value("quiet").is_none()),
            other => panic!("unknown verb {other}"),
        }
    }

    fn raft(&mut self, id: NodeId) -> &mut Raft {
        &mut self.nodes.get_mut(&id).unwrap_or_else(|| panic!("no node {id}")).raft
    }

    fn on(&mut self, words: &Words<'_>, act: impl FnOnce(&mut Raft)) -> String {
        act(self.raft(words.number(0)));
        String::new()
    }

    /// `nodes 1,2,3 [voters=] [learners=] [log=1,1,2] [term=] [options]`: nodes that start with a
    /// configuration (by default all of them vote) and a log of the given terms, or else a
    /// snapshot at index 10; with no voters they are blank and wait to be added.
    fn add_nodes(&mut self, words: &Words<'_>) -> String {
        let ids: Vec<NodeId> = words.0[0].split(',').map(|id| id.parse().expect("an id")).collect();
        let voters =
            if words.value("voters").is_some() { words.list("voters") } else { ids.clone() };
        let conf_state =
            ConfState { voters, learners: words.list("learners"), ..ConfState::default() };
        let entries: Vec<Entry> = (1..)
            .zip(words.list("log"))
            .map(|(index, term)| Entry { term, index, ..Entry::default() })
            .collect();
        let last = entries.last().map_or(0, |entry| entry.term);
        let mut snapshot = SnapshotMeta { conf_state, ..SnapshotMeta::default() };
        if entries.is_empty() && !snapshot.conf_state.voters.is_empty() {
            (snapshot.term, snapshot.index) = (1, 10);
        }
        let (term, commit) = (words.option("term", last.max(snapshot.term)), snapshot.index);
        let hard_state = HardState { term, vote: 0, commit };
        let disk = Restored { hard_state, applied: commit, snapshot, entries };
        for id in ids {
            let config = config(id, words);
            let raft = Raft::new(config.clone(), disk.clone(), 0).expect("a sound start");
            self.nodes
                .insert(id, Node { raft, config, disk: disk.clone(), writes: VecDeque::new() });
        }
        String::new()
    }

    /// `conf 1 voter=4 learner=5 remove=2 [transition=]`; nothing means leave.
    fn propose_conf(&mut self, words: &Words<'_>) -> String {
        let mut changes = Vec::new();
        for (name, kind) in [
            ("voter", ChangeKind::AddVoter),
            ("learner", ChangeKind::AddLearner),
            ("remove", ChangeKind::Remove),
        ] {
            changes.extend(words.list(name).into_iter().map(|node| Change { kind, node }));
        }
        let transition = match words.value("transition") {
            Some("implicit") => Transition::JointImplicit,
            Some("explicit") => Transition::JointExplicit,
            _ => Transition::Auto,
        };
        let change = ConfChange { transition, changes, context: Bytes::new() };
        result(self.raft(words.number(0)).propose_conf_change(change))
    }

    /// Takes a Ready: sends and applies at once, leaves the write to `persist`.
    fn ready(&mut self, id: NodeId) -> String {
        let Some(ready) = self.raft(id).ready() else { return "nothing\n".into() };
        let mut said = format!("{id}: {}", say::ready(&ready));
        self.network.extend(ready.messages.iter().cloned());
        said += &self.apply(id, &ready.committed);
        self.nodes.get_mut(&id).expect("it was ready").writes.push_back(ready);
        said
    }

    fn apply(&mut self, id: NodeId, committed: &[Entry]) -> String {
        let mut said = String::new();
        let raft = self.raft(id);
        for entry in committed.iter().filter(|entry| entry.kind == EntryKind::ConfChange) {
            let change = ConfChange::decode(entry.data.clone()).expect("we encoded it");
            said += &match raft.apply_conf_change(&change) {
                Ok(conf) => format!("{id}: now {}\n", say::conf(&conf)),
                Err(error) => format!("{id}: {error}\n"),
            };
        }
        if let Some(last) = committed.last() {
            raft.applied_to(last.index);
        }
        said
    }

    fn persist(&mut self, id: NodeId) -> String {
        let node = self.nodes.get_mut(&id).unwrap_or_else(|| panic!("no node {id}"));
        let Some(ready) = node.writes.pop_front() else { return "nothing to write\n".into() };
        if let Some(meta) = ready.snapshot {
            node.disk.applied = meta.index;
            node.disk.snapshot = meta;
            node.disk.entries.clear();
        }
        if let Some(first) = ready.entries.first() {
            let keep: Index = first.index - node.disk.snapshot.index - 1;
            node.disk.entries.truncate(keep as usize);
            node.disk.entries.extend(ready.entries);
        }
        node.disk.hard_state = ready.hard_state.unwrap_or(node.disk.hard_state);
        node.raft.persisted(ready.number);
        self.network.extend(ready.messages_after_persist);
        format!("{id}: {} is durable\n", ready.number)
    }

    fn deliver(&mut self, id: NodeId) -> String {
        let (due, rest) =
            std::mem::take(&mut self.network).into_iter().partition(|message| message.to == id);
        self.network = rest;
        let mut said = String::new();
        for message in due as Vec<Message> {
            said += &format!("{}\n", say::message(&message));
            if self.cut.contains(&id) || self.cut.contains(&message.from) {
                said += "  lost\n";
            } else if let Some(node) = self.nodes.get_mut(&id) {
                let (from, streamed) =
                    (message.from, matches!(message.body, Body::Snapshot { .. }));
                said += &result(node.raft.step(message, 0));
                if streamed && let Some(sender) = self.nodes.get_mut(&from) {
                    sender.raft.report_snapshot(id, true);
                }
            }
        }
        said
    }

    fn drop(&mut self, id: NodeId) -> String {
        let before = self.network.len();
        self.network.retain(|message| message.to != id);
        format!("{} lost\n", before - self.network.len())
    }

    fn set_cut(&mut self, id: NodeId, cut: bool) -> String {
        if cut {
            self.cut.insert(id)
        } else {
            self.cut.remove(&id)
        };
        String::new()
    }

    /// Loses everything not persisted and starts again.
    fn crash(&mut self, id: NodeId) -> String {
        let node = self.nodes.get_mut(&id).unwrap_or_else(|| panic!("no node {id}"));
        node.writes.clear();
        node.raft = Raft::new(node.config.clone(), node.disk.clone(), 0).expect("a sound disk");
        self.perform(&format!("status {id}"))
    }

    /// Goes on until nobody has anything to say.
    fn stabilize(&mut self, aloud: bool) -> String {
        const MAX_ROUNDS: usize = 100;
        let mut said = String::new();
        for _ in 0..MAX_ROUNDS {
            let before = said.len();
            for id in self.nodes.keys().copied().collect::<Vec<_>>() {
                said += &self.deliver(id);
                while self.raft(id).has_ready() || !self.nodes[&id].writes.is_empty() {
                    if self.raft(id).has_ready() {
                        said += &self.ready(id);
                    }
                    self.persist(id);
                }
            }
            if said.len() == before {
                return if aloud { said } else { String::new() };
            }
        }
        said + "still busy\n"
    }
}

fn config(id: NodeId, words: &Words<'_>) -> Config {
    Config {
        election_ticks: 5,
        check_quorum: words.option("check_quorum", false),
        pre_vote: words.option("pre_vote", false),
        max_inflight_messages: words.option("inflight", 16),
        max_message_bytes: words.option("message_bytes", 1 << 20),
        max_uncommitted_bytes: words.option("uncommitted", u64::MAX),
        read_only: match words.value("reads") {
            Some("lease") => ReadOnly::LeaseBased,
            _ => ReadOnly::Safe,
        },
        ..Config::new(id)
    }
}

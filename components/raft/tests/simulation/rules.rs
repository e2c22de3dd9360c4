//! Raft's promises, checked against the truth of all machines.

use std::collections::BTreeMap;

use bytes::Bytes;
use raft::{
    Body, ConfState, Entry, EntryKind, Index, Message, NodeId, Raft, Ready, Role, SnapshotMeta,
    Term,
};

/// Paths that a good run should have taken.
#[derive(Debug, Default)]
pub(crate) struct Rare {
    pub(crate) snapshots: u64,
    pub(crate) joint: u64,
    pub(crate) reads: u64,
    pub(crate) crashes: u64,
    pub(crate) overwritten: u64,
    pub(crate) leaders: u64,
}

impl Rare {
    pub(crate) fn add(&mut self, other: &Self) {
        self.snapshots += other.snapshots;
        self.joint += other.joint;
        self.reads += other.reads;
        self.crashes += other.crashes;
        self.overwritten += other.overwritten;
        self.leaders += other.leaders;
    }

    pub(crate) fn all_seen(&self) -> bool {
        let seen =
            [self.snapshots, self.joint, self.reads, self.crashes, self.overwritten, self.leaders];
        seen.into_iter().all(|count| count > 0)
    }
}

#[derive(Debug, PartialEq, Clone)]
struct Written {
    before: Option<Term>,
    kind: EntryKind,
    data: Bytes,
}

#[derive(Default)]
pub(crate) struct Rules {
    leaders: BTreeMap<Term, (NodeId, u64)>,
    votes: BTreeMap<(NodeId, Term), NodeId>,
    written: BTreeMap<(Index, Term), Written>,
    applied: BTreeMap<Index, (Entry, Option<ConfState>)>,
    commits: BTreeMap<(NodeId, u64), Index>,
    /// The highest commit index of any node, ever.
    pub(crate) committed: Index,
    reads: BTreeMap<Bytes, Index>,
    last_index: BTreeMap<NodeId, Index>,
    pub(crate) rare: Rare,
}

impl Rules {
    pub(crate) fn on_ready(
        &mut self,
        id: NodeId,
        incarnation: u64,
        raft: &Raft,
        ready: &Ready,
    ) -> Result<(), String> {
        if ready.soft_state.is_some_and(|state| state.role == Role::Leader) {
            self.on_leader(id, incarnation, raft)?;
        }
        self.on_commit(id, incarnation, raft.hard_state().commit)?;
        for entry in &ready.entries {
            let before = raft.term_at(entry.index - 1);
            self.on_written(id, entry, before)?;
        }
        for read in &ready.read_states {
            self.on_read(&read.context, read.index)?;
        }
        Ok(())
    }

    fn on_leader(&mut self, id: NodeId, incarnation: u64, raft: &Raft) -> Result<(), String> {
        self.rare.leaders += 1;
        let first = *self.leaders.entry(raft.term()).or_insert((id, incarnation));
        if first != (id, incarnation) {
            return Err(format!("two leaders in term {}: {first:?} and {id}", raft.term()));
        }
        // Leader completeness; log matching extends it to all before.
        match self.applied.last_key_value() {
            Some((index, (entry, _))) if *index >= raft.first_index() => {
                match raft.term_at(*index) == Some(entry.term) {
                    true => Ok(()),
                    false => Err(format!("leader {id} lacks applied entry {index}")),
                }
            }
            _ => Ok(()),
        }
    }

    fn on_commit(&mut self, id: NodeId, incarnation: u64, commit: Index) -> Result<(), String> {
        let before = self.commits.entry((id, incarnation)).or_default();
        if commit < *before {
            return Err(format!("node {id}: commit went back from {before} to {commit}"));
        }
        *before = commit;
        self.committed = self.committed.max(commit);
        Ok(())
    }

    /// Log matching: an index and a term name one entry, and one entry before it.
    fn on_written(
        &mut self,
        id: NodeId,
        entry: &Entry,
        before: Option<Term>,
    ) -> Result<(), String> {
        let last = self.last_index.entry(id).or_default();
        self.rare.overwritten += u64::from(entry.index <= *last);
        *last = entry.index;
        let written = Written { before, kind: entry.kind, data: entry.data.clone() };
        let first = self.written.entry((entry.index, entry.term)).or_insert(written.clone());
        if *first != written {
            return Err(format!("logs do not match at {:?} on node {id}", entry.id()));
        }
        Ok(())
    }

    /// State machine safety, in entries and in configurations.
    pub(crate) fn on_apply(
        &mut self,
        id: NodeId,
        entry: &Entry,
        conf: Option<&ConfState>,
    ) -> Result<(), String> {
        let (first, first_conf) =
            self.applied.entry(entry.index).or_insert((entry.clone(), conf.cloned()));
        if first != entry {
            return Err(format!("node {id} applied {entry:?}, others {first:?}"));
        }
        let Some(conf) = conf else { return Ok(()) };
        self.rare.joint += u64::from(conf.is_joint());
        match first_conf.get_or_insert(conf.clone()) {
            first if first == conf => Ok(()),
            first => Err(format!("node {id} is at {conf:?} at {}, others {first:?}", entry.index)),
        }
    }

    pub(crate) fn on_install(&mut self, id: NodeId, meta: &SnapshotMeta) -> Result<(), String> {
        self.rare.snapshots += 1;
        match self.applied.get(&meta.index) {
            Some((entry, Some(conf))) if entry.term == meta.term && *conf == meta.conf_state => {
                Ok(())
            }
            other => Err(format!("node {id} installs {meta:?}, others have {other:?}")),
        }
    }

    pub(crate) fn ask_read(&mut self, context: Bytes) {
        self.reads.insert(context, self.committed);
    }

    fn on_read(&mut self, context: &Bytes, index: Index) -> Result<(), String> {
        self.rare.reads += 1;
        match self.reads.get(context) {
            Some(committed) if index < *committed => {
                Err(format!("stale read: {index} although {committed} was committed before"))
            }
            Some(_) => Ok(()),
            None => Err("answer to a read that nobody asked".into()),
        }
    }

    /// One vote a term, over all lives of a node; its own candidacy is one.
    pub(crate) fn on_send(&mut self, message: &Message) -> Result<(), String> {
        let (voter, candidate) = match message.body {
            Body::VoteResponse { pre: false, reject: false } => (message.from, message.to),
            Body::Vote { pre: false, .. } => (message.from, message.from),
            _ => return Ok(()),
        };
        let first = *self.votes.entry((voter, message.term)).or_insert(candidate);
        if first != candidate {
            return Err(format!("{voter} voted for {first} and {candidate} in {}", message.term));
        }
        Ok(())
    }

    pub(crate) fn digest(&self) -> String {
        format!("{:?} {:?} {:?}", self.leaders, self.votes, self.applied)
    }
}

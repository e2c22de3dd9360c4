//! What a member states for oracles: names and fields as sim/oracles/README.md lists them.
//!
//! Facts cost nothing in production, where nobody wants them.

use crate::persist::Persist;
use etcd_api::internal::internal_request::Request;
use etcd_store::{Response, Store, members};
use host::{Host, Level, event};
use raft::{
    Body, Message, Raft, Ready, Role,
    types::{ConfState, Entry, EntryId, EntryKind, HardState, Index, NodeId},
};
use std::time::Duration;

/// Entries between two hashes of the whole state.
const HASH_EVERY: Index = 64;
/// The small tables are cheap to hash.
const TABLES_EVERY: Index = 8;

/// The word for a role in facts and logs.
pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Follower => "follower",
        Role::PreCandidate => "precandidate",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
    }
}

fn list(ids: &[NodeId]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

/// FNV-1a: two entries with the same hash are the same entry as far as oracles can tell.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A member has read its disk.
pub(crate) fn start(
    host: &Host,
    (id, election): (NodeId, Duration),
    state: HardState,
    last: Index,
    applied: Index,
) {
    let election = u64::try_from(election.as_millis()).unwrap_or(u64::MAX);
    event!(
        host,
        Fact,
        "raft/start",
        id = id,
        term = state.term,
        vote = state.vote,
        commit = state.commit,
        index = last,
        applied = applied,
        election_ms = election
    );
}

/// What a Ready changes in Raft.
pub(crate) fn ready(host: &Host, raft: &Raft, ready: &Ready) {
    if !host.probe.wants(Level::Fact) {
        return;
    }
    if let Some(snapshot) = &ready.snapshot {
        event!(host, Fact, "raft/snapshot", index = snapshot.index, term = snapshot.term);
        configuration(host, snapshot.index, &snapshot.conf_state);
    }
    for entry in &ready.entries {
        let (hash, change) = (hash(&entry.data), entry.kind == EntryKind::ConfChange);
        let (index, term) = (entry.index, entry.term);
        event!(host, Fact, "raft/log", index = index, term = term, entry = hash, change = change);
    }
    if let Some(state) = &ready.soft_state {
        let (role, term) = (role_name(state.role), raft.term());
        event!(host, Fact, "raft/state", term = term, role = role, leader = state.leader);
    }
    if let Some(state) = &ready.hard_state
        && state.commit > 0
        && let Some(term) = raft.term_at(state.commit)
    {
        event!(host, Fact, "raft/commit", index = state.commit, term = term);
    }
}

/// A configuration came into force.
pub(crate) fn configuration(host: &Host, index: Index, conf: &ConfState) {
    if !host.probe.wants(Level::Fact) {
        return;
    }
    let (voters, outgoing) = (list(&conf.voters), list(&conf.voters_outgoing));
    let learners = list(&conf.learners);
    event!(
        host,
        Fact,
        "raft/conf",
        index = index,
        voters = &voters,
        outgoing = &outgoing,
        learners = &learners
    );
}

/// A sync returned. `last` names the entry that the log ends with on the disk: in memory it may have
/// been replaced meanwhile.
pub(crate) fn durable(host: &Host, last: EntryId, state: HardState) {
    let HardState { term, vote, commit } = state;
    event!(
        host,
        Fact,
        "wal/durable",
        index = last.index,
        log_term = last.term,
        term = term,
        vote = vote,
        commit = commit
    );
}

/// A candidate's vote for itself counts once it is written.
pub(crate) fn own_vote(host: &Host, term: u64, id: NodeId) {
    event!(host, Fact, "raft/vote", term = term, to = id);
}

/// Messages are handed to the network that promise something.
pub(crate) fn promises(host: &Host, save: &Persist) {
    if host.probe.wants(Level::Fact) {
        save.messages.iter().for_each(|message| promise(host, message));
    }
}

fn promise(host: &Host, message: &Message) {
    let (to, term) = (message.to, message.term);
    match message.body {
        Body::AppendResponse { index, reject: None } => {
            event!(host, Fact, "raft/ack", to = to, term = term, index = index);
        }
        Body::VoteResponse { pre: false, reject: false } => {
            event!(host, Fact, "raft/vote", term = term, to = to);
        }
        _ => {}
    }
}

/// An entry was applied.
pub(crate) fn applied(host: &Host, store: &Store, entry: &Entry) {
    if !host.probe.wants(Level::Fact) {
        return;
    }
    let (hash, revision) = (hash(&entry.data), store.revision());
    event!(
        host,
        Fact,
        "etcd/apply",
        index = entry.index,
        term = entry.term,
        entry = hash,
        revision = revision
    );
    if entry.index.is_multiple_of(TABLES_EVERY) {
        tables(host, store);
    }
    if entry.index.is_multiple_of(HASH_EVERY) {
        state(host, store);
    }
}

/// The hash of all that is replicated.
pub(crate) fn state(host: &Host, store: &Store) {
    if !host.probe.wants(Level::Fact) {
        return;
    }
    // A backend that cannot be read has no hash to compare; it will be heard of otherwise.
    let Ok(keys) = store.hash_kv(0) else { return };
    let text = format!("{keys:?} {}", small_tables(store));
    event!(host, Fact, "etcd/hash", index = store.applied().index, hash = hash(text.as_bytes()));
}

/// The hash of what is replicated beside the keys.
fn tables(host: &Host, store: &Store) {
    let (index, hash) = (store.applied().index, hash(small_tables(store).as_bytes()));
    event!(host, Fact, "etcd/tables", index = index, hash = hash);
}

/// Users, leases, alarms and members as they are in memory.
fn small_tables(store: &Store) -> String {
    let mut text = format!("{:?} {} ", store.auth().replicated(), store.compact_revision());
    for (user, permissions) in store.auth().permissions() {
        text.push_str(&format!("{user} {permissions} "));
    }
    for lease in store.lessor().replicated() {
        text.push_str(&format!("{lease:?} "));
    }
    let alarms = store.alarms().get(etcd_api::etcdserverpb::AlarmType::None);
    let members: Vec<_> = store.members().iter().collect();
    text.push_str(&format!("{alarms:?} {members:?}"));
    text
}

/// The member table changed or was loaded.
pub(crate) fn member_list(host: &Host, store: &Store) {
    if !host.probe.wants(Level::Fact) {
        return;
    }
    let ids = |learners| {
        let chosen = store.members().iter().filter(|m| members::is_learner(m) == learners);
        list(&chosen.map(|member| member.id).collect::<Vec<_>>())
    };
    let (voters, learners) = (ids(false), ids(true));
    let index = store.applied().index;
    event!(host, Fact, "member/list", index = index, voters = &voters, learners = &learners);
}

/// What a request did to leases.
pub(crate) fn leases(host: &Host, request: Option<&Request>, result: &Response) {
    match (request, result) {
        (_, Response::LeaseGrant(granted)) => {
            event!(host, Fact, "lease/grant", id = granted.id, ttl = granted.ttl);
        }
        (Some(Request::LeaseRevoke(revoke)), Response::LeaseRevoke(_)) => {
            event!(host, Fact, "lease/revoke", id = revoke.id);
        }
        _ => {}
    }
}

/// An answer that rests on an entry is about to be sent.
pub(crate) fn acknowledged(host: &Host, index: Index, revision: i64) {
    event!(host, Fact, "etcd/ack", index = index, revision = revision);
}

/// The lessor takes over the expiry of leases; `interval` of checkpoints, zero for none.
pub(crate) fn promoted(host: &Host, term: u64, interval: Duration) {
    let checkpoint_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
    event!(host, Fact, "lease/primary", term = term, checkpoint_ms = checkpoint_ms);
}

/// The lessor gives up the expiry of leases.
pub(crate) fn demoted(host: &Host) {
    event!(host, Fact, "lease/demote");
}

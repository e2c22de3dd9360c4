//! How transcripts put things.

use raft::{Body, Codec, ConfChange, ConfState, Entry, EntryId, EntryKind, Message, Ready, Status};

fn id(id: &EntryId) -> String {
    format!("{}/{}", id.term, id.index)
}

fn entry(entry: &Entry) -> String {
    let what = match entry.kind {
        EntryKind::Normal => format!("{:?}", String::from_utf8_lossy(&entry.data)),
        EntryKind::ConfChange => conf_change(&entry.data),
    };
    format!("{} {what}", id(&entry.id()))
}

fn conf_change(data: &bytes::Bytes) -> String {
    let change = ConfChange::decode(data.clone()).expect("we encoded it");
    let steps = change.changes.iter();
    let steps: Vec<_> = steps.map(|step| format!("{:?}({})", step.kind, step.node)).collect();
    format!("{:?}[{}]", change.transition, steps.join(" "))
}

fn entries(entries: &[Entry]) -> String {
    format!("[{}]", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
}

pub(crate) fn conf(conf: &ConfState) -> String {
    let mut said = format!("voters={:?}", conf.voters);
    for (name, set) in [
        ("outgoing", &conf.voters_outgoing),
        ("learners", &conf.learners),
        ("learners_next", &conf.learners_next),
    ] {
        if !set.is_empty() {
            said += &format!(" {name}={set:?}");
        }
    }
    said + if conf.auto_leave { " autoleave" } else { "" }
}

pub(crate) fn message(message: &Message) -> String {
    let Message { from, to, term, body } = message;
    let what = match body {
        Body::Propose { entries: es } => entries(es),
        Body::Append { prev, entries: es, commit } => {
            format!("prev={} {} commit={commit}", id(prev), entries(es))
        }
        Body::AppendResponse { index, reject: None } => format!("index={index}"),
        Body::AppendResponse { index, reject: Some(hint) } => {
            format!("index={index} rejected hint={}", id(hint))
        }
        Body::Vote { last, transfer, .. } => {
            format!("last={}{}", id(last), if *transfer { " transfer" } else { "" })
        }
        Body::VoteResponse { reject, .. } => if *reject { "no" } else { "yes" }.into(),
        Body::Snapshot { meta } => format!("{} {}", id(&meta.id()), conf(&meta.conf_state)),
        Body::Heartbeat { commit, reads } => format!("commit={commit} reads={reads}"),
        Body::HeartbeatResponse { reads } => format!("reads={reads}"),
        Body::TransferLeader | Body::TimeoutNow => String::new(),
        Body::ReadIndex { context } => String::from_utf8_lossy(context).into(),
        Body::ReadIndexResponse { index, context } => {
            format!("index={index} {}", String::from_utf8_lossy(context))
        }
    };
    format!("{from}->{to} {} term={term} {what}", body.name()).trim_end().into()
}

pub(crate) fn ready(ready: &Ready) -> String {
    let mut said =
        format!("Ready {}{}\n", ready.number, if ready.must_sync { " sync" } else { "" });
    if let Some(soft) = ready.soft_state {
        said += &format!("  {:?}, leader {}\n", soft.role, soft.leader);
    }
    if let Some(hard) = ready.hard_state {
        said += &format!("  term={} vote={} commit={}\n", hard.term, hard.vote, hard.commit);
    }
    if let Some(meta) = &ready.snapshot {
        said += &format!("  install {} {}\n", id(&meta.id()), conf(&meta.conf_state));
    }
    for (what, list) in [("write", &ready.entries), ("apply", &ready.committed)] {
        if !list.is_empty() {
            said += &format!("  {what} {}\n", entries(list));
        }
    }
    for (what, list) in [("now", &ready.messages), ("then", &ready.messages_after_persist)] {
        for item in list {
            said += &format!("  {what}  {}\n", message(item));
        }
    }
    for read in &ready.read_states {
        let context = String::from_utf8_lossy(&read.context);
        said += &format!("  read {context} at {}\n", read.index);
    }
    said
}

pub(crate) fn status(status: &Status) -> String {
    let Status { soft_state: soft, hard_state: hard, .. } = status;
    let mut said = format!(
        "{:?} leader={} term={} vote={} commit={} applied={} last={} {}\n",
        soft.role,
        soft.leader,
        hard.term,
        hard.vote,
        hard.commit,
        status.applied,
        id(&status.last),
        conf(&status.conf_state),
    );
    for peer in &status.peers {
        said +=
            &format!("  {}: {:?} match={} next={}", peer.id, peer.state, peer.matched, peer.next);
        for (flag, word) in [
            (peer.paused, " paused"),
            (peer.is_learner, " learner"),
            (!peer.recent_active, " silent"),
        ] {
            said += if flag { word } else { "" };
        }
        said += &match peer.inflight {
            0 => String::from("\n"),
            count => format!(" inflight={count}\n"),
        };
    }
    said
}

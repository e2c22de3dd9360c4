//! A member votes once in a term, also when it crashes in between.

use std::collections::BTreeMap;

use crate::{Broken, Kind, Observation, Oracle, raft::Members};

/// A member gives at most one vote in a given term.
#[derive(Debug, Default)]
pub struct VoteOnce {
    members: Members,
    votes: BTreeMap<(u64, u64), u64>,
}

impl Oracle for VoteOnce {
    const NAME: &'static str = "raft_vote_once";
    const KIND: Kind = Kind::Always;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "Each server will vote for at most one candidate in a given \
        term (Raft 5.2), across restarts";
    const FACTS: Option<&'static [&'static str]> =
        Some(&["raft/start", "raft/vote", "wal/durable"]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Some((fact, member)) = self.members.follow(observation)? else { return Ok(()) };
        if fact.name == "raft/start" {
            let (id, durable) = (member.id, member.durable);
            // A candidacy that did not reach the disk was not told to anybody.
            self.votes.retain(|&(voter, term), to| {
                voter != id
                    || *to != id
                    || (term, id) == (durable.term, durable.vote)
                    || term < durable.term
            });
        }
        if fact.name != "raft/vote" {
            return Ok(());
        }
        let (term, to) = (fact.number("term")?, fact.number("to")?);
        let other = *self.votes.entry((member.id, term)).or_insert(to);
        if other != to {
            let text = format!("{} voted for {other} and {to} in term {term}", member.id);
            return Err(Broken::new(fact.at, text).with(fact));
        }
        Ok(())
    }
}

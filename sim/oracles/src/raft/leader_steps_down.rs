//! A leader that nobody follows any more does not go on as one.

use std::collections::BTreeMap;

use crate::{
    Broken, Kind, Observation, Oracle, World, facts::SECOND, history::Time, raft::Members,
};

/// Once another leads a later term, a leader of an earlier one steps down within three times its
/// election timeout and [`SLACK`].
///
/// It hears from no quorum, for a quorum is in the later term. Upstream looks at that once in an
/// election timeout (`MsgCheckQuorum`), so that after two it knows.
#[derive(Debug, Default)]
pub struct LeaderStepsDown {
    members: Members,
    /// By machine: what its election timeout is.
    elections: BTreeMap<String, Time>,
    /// By machine: since when its clocks go, and since when its processes do.
    awake: BTreeMap<String, [Option<Time>; 2]>,
    /// When each term got its leader.
    terms: BTreeMap<u64, Time>,
}

/// What a busy machine may be late.
const SLACK: Time = SECOND / 2;

impl Oracle for LeaderStepsDown {
    const NAME: &'static str = "raft_leader_steps_down";
    const KIND: Kind = Kind::Always;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "CheckQuorum: a leader steps down when a quorum is not active \
        for an election timeout";
    const FACTS: Option<&'static [&'static str]> =
        Some(&["raft/start", "raft/state", "raft/commit"]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        if let Observation::World { at, event } = *observation {
            let (machine, stands, what) = match event {
                World::Clock { machine, stands } => (machine, stands, 0),
                World::Paused { machine, stands } => (machine, stands, 1),
                _ => return self.members.follow(observation).map(drop),
            };
            let awake = self.awake.entry(machine.to_owned()).or_insert([Some(0); 2]);
            awake[what] = (!stands).then_some(at);
            return Ok(());
        }
        let Some((fact, member)) = self.members.follow(observation)? else { return Ok(()) };
        if let ("raft/start", Ok(election)) = (fact.name, fact.number("election_ms")) {
            self.elections.insert(fact.machine.to_owned(), election * (SECOND / 1000));
        }
        if member.leads {
            self.terms.entry(member.term).or_insert(fact.at);
        }
        self.late(fact.at)
    }
}

impl LeaderStepsDown {
    fn late(&self, now: Time) -> Result<(), Broken> {
        let Some((newest, _)) = self.terms.last_key_value() else { return Ok(()) };
        for member in self.members.iter().filter(|member| member.leads && member.running) {
            if member.term >= *newest {
                continue;
            }
            let Some(election) = self.elections.get(&member.machine) else { continue };
            let awake = self.awake.get(&member.machine).copied().unwrap_or([Some(0); 2]);
            let later = self.terms.range(member.term + 1..).next();
            let ([Some(clock), Some(process)], Some((term, since))) = (awake, later) else {
                continue;
            };
            let due = clock.max(process).max(*since) + 3 * election + SLACK;
            if now > due {
                let text = format!(
                    "{} still leads term {} though term {term} has had a leader since {:.3}s",
                    member.machine,
                    member.term,
                    *since as f64 / SECOND as f64
                );
                return Err(Broken::new(now, text));
            }
        }
        Ok(())
    }
}

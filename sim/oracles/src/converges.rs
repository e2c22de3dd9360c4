//! When faults heal, the cluster heals.

use std::collections::BTreeMap;

use crate::{
    Broken, Fact, History, Kind, Observation, Oracle, World,
    facts::SECOND,
    history::{Outcome, Time},
    raft::Members,
};

/// Within [`CONVERGENCE_MAX`] of healing there is a leader, every member serves and has applied
/// what was committed, and every request is answered.
#[derive(Debug, Default)]
pub struct Converges {
    members: Members,
    healed: Option<Time>,
    end: Time,
    /// By machine: when its process began, and whether it serves.
    processes: BTreeMap<String, Process>,
    /// `(time, index)`: the highest commit index known to anybody, as it grew.
    commits: Vec<(Time, u64)>,
    unanswered: Option<Broken>,
}

#[derive(Debug, Default)]
struct Process {
    is_member: bool,
    running: bool,
    serves: bool,
    applied: u64,
}

/// How long a healed cluster may take: several elections, a snapshot, clients' back-off.
pub(crate) const CONVERGENCE_MAX: Time = 30 * SECOND;

impl Oracle for Converges {
    const NAME: &'static str = "converges";
    const KIND: Kind = Kind::Eventually;
    const OF_ONE_CLUSTER: bool = true;
    const PROMISE: &'static str = "A cluster whose majority can talk has a leader, serves, and \
        brings every member up to date";
    const FACTS: Option<&'static [&'static str]> = Some(&[
        "raft/start",
        "raft/state",
        "raft/snapshot",
        "raft/commit",
        "etcd/apply",
        "process/serving",
    ]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        match observation {
            Observation::Fact(fact) => self.fact(fact)?,
            Observation::World { at, event } => self.world(*at, *event),
            Observation::History(record) => self.unanswered = self.unanswered(record.history),
        }
        self.members.follow(observation).map(drop)
    }

    fn finish(&mut self) -> Result<(), Broken> {
        let due = self.healed.and_then(|healed| healed.checked_add(CONVERGENCE_MAX));
        if due.is_none_or(|due| due > self.end) || self.commits.is_empty() {
            return Ok(());
        }
        self.has_leader()?;
        self.has_caught_up()?;
        self.unanswered.take().map_or(Ok(()), Err)
    }
}

impl Converges {
    fn fact(&mut self, fact: &Fact<'_>) -> Result<(), Broken> {
        match fact.name {
            "raft/start" => self.process(fact.machine).is_member = true,
            "process/serving" => self.process(fact.machine).serves = true,
            "etcd/apply" => self.process(fact.machine).applied = fact.number("index")?,
            "raft/snapshot" => {
                let index = fact.number("index")?;
                let process = self.process(fact.machine);
                process.applied = process.applied.max(index);
            }
            "raft/commit" => {
                let index = fact.number("index")?;
                if self.commits.last().is_none_or(|(_, last)| index > *last) {
                    self.commits.push((fact.at, index));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn world(&mut self, at: Time, event: World<'_>) {
        match event {
            World::Boot { machine } => {
                let process = self.process(machine);
                // What it applied before it crashed is applied still, or will be again.
                (process.running, process.serves) = (true, false);
            }
            World::Crash { machine, .. }
            | World::Exit { machine, .. }
            | World::Panic { machine, .. } => self.process(machine).running = false,
            World::Wiped { machine } => *self.process(machine) = Process::default(),
            World::Clock { .. } | World::Paused { .. } | World::Restored => {}
            World::Healed => self.healed = Some(at),
            World::End => self.end = at,
        }
    }

    fn process(&mut self, machine: &str) -> &mut Process {
        if !self.processes.contains_key(machine) {
            self.processes.insert(machine.to_owned(), Process::default());
        }
        self.processes.get_mut(machine).expect("it was put there just now")
    }

    fn has_leader(&self) -> Result<(), Broken> {
        match self.members.iter().any(|member| member.running && member.leads) {
            true => Ok(()),
            false => Err(Broken::new(self.end, "nobody leads a healed cluster")),
        }
    }

    fn has_caught_up(&self) -> Result<(), Broken> {
        let due = self.end - CONVERGENCE_MAX;
        let known = self.commits.partition_point(|(at, _)| *at <= due);
        let wanted = known.checked_sub(1).map_or(0, |last| self.commits[last].1);
        for (machine, process) in &self.processes {
            if !process.running || !process.is_member {
                continue;
            }
            if !process.serves {
                return Err(Broken::new(self.end, format!("{machine} runs and does not serve")));
            }
            if process.applied < wanted {
                let text = format!("{machine} stands at {} of {wanted}", process.applied);
                return Err(Broken::new(self.end, text));
            }
        }
        Ok(())
    }

    fn unanswered(&self, history: &History) -> Option<Broken> {
        let from = self.healed?.checked_add(CONVERGENCE_MAX)?;
        let until = self.end.checked_sub(CONVERGENCE_MAX)?;
        let due = history.operations.iter().filter(|op| (from..until).contains(&op.called));
        // Who is told that space is out has an answer, whether or not it was carried out.
        let lost = |outcome: &Outcome| matches!(outcome, Outcome::Unknown { text, .. } if !text.contains("space exceeded"));
        due.clone().find(|op| lost(&op.outcome)).map(|operation| {
            let text = "a healed cluster left a request without an answer";
            let line = serde_json::to_string(operation).unwrap_or_default();
            Broken::new(operation.called, text).with(line)
        })
    }
}

//! The guest reaches the verdict that every engine has to reach.

use crate::{apart, guest};
use engines::{Engine, Program, cluster, echo};
use guest::Guest;
use machine::{MachineId, RuleId, Stations, TraceHash};
use std::{collections::BTreeMap, time::Duration};

const PROCESS: &str = "main";

struct Tokio {
    guest: Guest,
    programs: BTreeMap<MachineId, Program>,
    rules: Vec<RuleId>,
}

impl Tokio {
    fn new(seed: u64) -> Self {
        Self { guest: guest(seed), programs: BTreeMap::new(), rules: vec![] }
    }

    fn machine(&self, name: &str) -> MachineId {
        self.guest.world().machine_named(name).unwrap()
    }
}

impl Engine for Tokio {
    fn install(&mut self, machine: &str, program: Program) {
        let id = self.guest.world().add_machine(machine);
        self.guest.start(id, PROCESS, &program);
        self.programs.insert(id, program);
    }

    fn kill(&mut self, machine: &str) {
        self.guest.world().kill(self.machine(machine), PROCESS);
    }

    fn start(&mut self, machine: &str) {
        let id = self.machine(machine);
        self.guest.start(id, PROCESS, &self.programs[&id]);
    }

    fn isolate(&mut self, machine: &str) {
        let one = [self.machine(machine)];
        let network = self.guest.world().network();
        self.rules.push(network.partition(Stations::only(one), Stations::except(one)));
    }

    fn heal(&mut self) {
        for rule in self.rules.drain(..) {
            self.guest.world().network().remove_rule(rule);
        }
    }

    fn run_for(&mut self, duration: Duration) {
        self.guest.run_for(duration).unwrap();
    }
}

#[test]
fn echo() {
    assert_eq!(echo::run(&mut Tokio::new(1)), echo::Verdict::expected());
}

#[test]
fn one_member_survives_a_crash() {
    let outcome = cluster::single_member(&mut Tokio::new(2));
    assert_eq!(outcome.verdict, cluster::Verdict::KEPT, "{}", outcome.figures);
}

fn three_members(seed: u64) -> (String, TraceHash) {
    let mut engine = Tokio::new(seed);
    let outcome = cluster::three_members(&mut engine);
    assert_eq!(outcome.verdict, cluster::Verdict::KEPT, "seed {seed}: {}", outcome.figures);
    (outcome.figures, engine.guest.world().hash())
}

#[test]
fn three_members_survive_their_leader_the_same_way_twice() {
    let first = apart(|| three_members(3));
    assert_eq!(first, apart(|| three_members(3)));
    assert_ne!(first.1, apart(|| three_members(4)).1);
}

//! Our own engine reaches the verdict that every engine has to reach.

use engines::{Engine, Program, cluster, echo};
use machine::{MachineId, RuleId, Stations, World, WorldConfig};
use std::time::Duration;

const PROCESS: &str = "main";

struct Own {
    world: World,
    rules: Vec<RuleId>,
}

impl Own {
    fn new(seed: u64) -> Self {
        Self { world: World::new(WorldConfig { seed, ..WorldConfig::default() }), rules: vec![] }
    }

    fn machine(&self, name: &str) -> MachineId {
        self.world.machine_named(name).expect("the machine was installed")
    }
}

impl Engine for Own {
    fn install(&mut self, machine: &str, program: Program) {
        let id = self.world.add_machine(machine);
        self.world.install(id, PROCESS, program);
        self.world.start(id, PROCESS);
    }

    fn kill(&mut self, machine: &str) {
        self.world.kill(self.machine(machine), PROCESS);
    }

    fn start(&mut self, machine: &str) {
        self.world.start(self.machine(machine), PROCESS);
    }

    fn isolate(&mut self, machine: &str) {
        let one = [self.machine(machine)];
        let rule = self.world.network().partition(Stations::only(one), Stations::except(one));
        self.rules.push(rule);
    }

    fn heal(&mut self) {
        for rule in self.rules.drain(..) {
            self.world.network().remove_rule(rule);
        }
    }

    fn run_for(&mut self, duration: Duration) {
        self.world.run_for(duration).expect("no livelock");
    }
}

#[test]
fn echo() {
    assert_eq!(echo::run(&mut Own::new(1)), echo::Verdict::expected());
}

#[test]
fn one_member_survives_a_crash() {
    let outcome = cluster::single_member(&mut Own::new(2));
    assert_eq!(outcome.verdict, cluster::Verdict::KEPT, "{}", outcome.figures);
}

#[test]
fn three_members_survive_their_leader() {
    for seed in 3..6 {
        let outcome = cluster::three_members(&mut Own::new(seed));
        assert_eq!(outcome.verdict, cluster::Verdict::KEPT, "seed {seed}: {}", outcome.figures);
    }
}

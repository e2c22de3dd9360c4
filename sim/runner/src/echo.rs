//! The smallest world there is: servers that send back what clients send, under faults.
//!
//! It proves the machine room without etcd: the same loop of schedule, director and hands, a
//! verdict, and a hash.

mod programs;
mod witness;

use faults::{Hands, Left, Machine, Member, Role, Roster, Span, StrikeId};
use host::Defects;
use machine::{MachineId, Time, World, WorldConfig};
use programs::{CLIENT, SERVER, client, server};
use record::{Broken, Fail, Lane, LaneKind, RunOptions, RunRecord, Verdict};
use scenario::{Due, Scenario, Schedule, What};
use stage::Strikes;
use std::sync::Arc;
use witness::Witness;

/// The oracle: an answer is what was asked.
const SAME: &str = "echo_is_the_same";
/// The oracle: after everything healed, every client gets an answer.
const ANSWERS: &str = "echo_answers";

/// Runs an explicit scenario.
pub(crate) fn run(scenario: &Scenario, seed: u64, options: RunOptions) -> RunRecord {
    let mut echo = Echo::new(scenario, seed, options.keep);
    let limit = |at: Span| options.until_nanos.map_or(at, |until| at.min(Span(until)));
    let result = echo.chaos(scenario, limit(scenario.duration));
    let healed = echo.heal_all();
    let end = limit(healed.plus(scenario.promises.within()));
    let result = result.and_then(|()| echo.run_until(end));
    echo.judge(result, healed, options.until_nanos.is_some());
    echo.record
}

struct Echo {
    world: World,
    machines: Vec<MachineId>,
    roster: Roster<Machine>,
    strikes: Strikes,
    hands: Hands,
    witness: Arc<Witness>,
    record: RunRecord,
}

impl Echo {
    fn new(scenario: &Scenario, seed: u64, keep: bool) -> Self {
        let world = World::new(WorldConfig {
            seed,
            record: keep,
            defects: Defects::named(scenario.defects.iter().cloned()),
            ..WorldConfig::default()
        });
        let witness = Arc::new(Witness::default());
        world.observe(witness.clone());
        let mut echo = Self {
            world,
            machines: Vec::new(),
            roster: Roster(Vec::new()),
            strikes: Strikes::new(seed, scenario.budget),
            hands: Hands::default(),
            witness,
            record: RunRecord::new(&scenario.title, seed),
        };
        let members = scenario.cluster.members;
        for n in 0..members {
            let id = echo.add(&format!("echo-{n}"), "echo", Role::Voter, LaneKind::Member);
            echo.world.install(id, SERVER, server());
        }
        let operations = scenario.traffic.operations / u32::from(scenario.traffic.clients.max(1));
        for n in 0..scenario.traffic.clients {
            let id = echo.add(&format!("client-{n}"), "client", Role::Plain, LaneKind::Client);
            let to = format!("echo-{}", n % members);
            echo.world.install(id, CLIENT, client(to, operations, scenario.traffic.pause));
        }
        for id in &echo.machines {
            echo.world.start_all(*id);
        }
        echo
    }

    fn add(&mut self, name: &str, group: &str, role: Role, kind: LaneKind) -> MachineId {
        let machine = Machine(u16::try_from(self.machines.len()).unwrap_or(u16::MAX));
        let id = self.world.add_machine(name);
        self.machines.push(id);
        self.roster.0.push(Member { machine, group: group.to_owned(), role });
        self.record.timeline.lanes.push(Lane { name: name.to_owned(), kind });
        id
    }

    fn now(&self) -> Span {
        Span(self.world.now().0)
    }

    fn run_until(&mut self, at: Span) -> Result<(), String> {
        self.world.run_until(Time(at.0)).map_err(|stuck| stuck.to_string())
    }

    /// Runs until `end`, doing what is due on the way.
    fn chaos(&mut self, scenario: &Scenario, end: Span) -> Result<(), String> {
        let mut schedule = Schedule::new(scenario);
        while let Some(at) = schedule.next().filter(|at| *at <= end) {
            self.run_until(at)?;
            for due in schedule.due(at, |_| false) {
                match due {
                    Due::Heal(strike) => self.heal(strike),
                    Due::Step(What::Heal) => drop(self.heal_all()),
                    Due::Step(What::Fault(fault)) => self.strike(&fault, &mut schedule),
                    // Echo clients have nothing else to do than to ask.
                    Due::Step(What::Traffic(_)) => {}
                }
            }
        }
        self.run_until(end)
    }

    fn strike(&mut self, fault: &faults::Fault, schedule: &mut Schedule) {
        let now = self.now();
        let acts = self.strikes.strike(now, fault, &self.roster, schedule, &mut self.record);
        let Some(acts) = acts else { return };
        self.carry_out(acts);
    }

    fn heal(&mut self, strike: StrikeId) {
        let acts = self.strikes.heal(self.now(), strike, &mut self.record);
        self.carry_out(acts);
    }

    /// Ends every strike and starts what is down; gives the time.
    fn heal_all(&mut self) -> Span {
        let now = self.now();
        let acts = self.strikes.heal_all(now, &mut self.record);
        self.carry_out(acts);
        now
    }

    fn carry_out(&mut self, acts: Vec<faults::Act>) {
        for act in acts {
            let id = |machine: Machine| self.machines[usize::from(machine.0)];
            match self.hands.carry_out(&self.world, SERVER, id, act) {
                // Nothing is kept on the disk of an echo server: an empty one is as good.
                Some(Left::Replace(machine)) => {
                    self.world.reimage(self.machines[usize::from(machine.0)]);
                    self.world.power_on(self.machines[usize::from(machine.0)]);
                }
                Some(Left::Maintain(_)) | None => {}
            }
        }
    }

    fn judge(&mut self, ran: Result<(), String>, healed: Span, cut_short: bool) {
        let seen = self.witness.take();
        let record = &mut self.record;
        record.hash = self.world.hash().to_string();
        record.simulated_nanos = self.world.now().0;
        let (polls, timed) = self.world.counts();
        record.events = polls + timed;
        record.count("answers", seen.answers.values().map(|times| times.count).sum());
        record.count("failed requests", seen.failures);
        seen.draw(&mut record.timeline);
        let names: Vec<_> = self.machines.iter().map(|id| self.world.name(*id)).collect();
        record.trace = stage::trace(&self.world, &names);
        stage::draw_messages(&self.world, &mut record.timeline);
        let broken = match ran {
            Err(stuck) => Some(Broken::new(Fail::Crash, "stuck", stuck)),
            Ok(()) => seen.broken(&self.roster, healed, cut_short),
        };
        if let Some(mut broken) = broken {
            broken.event = record.events;
            record.verdict = Verdict::Failed(broken);
        }
    }
}

//! The smallest world there is: servers that send back what clients send, under faults.
//!
//! It proves the machine room without etcd: the same loop of schedule, director and hands, a
//! verdict, and a hash.

mod programs;
mod witness;

use faults::{Director, Hands, Left, Machine, Member, Outcome, Role, Roster, Span, StrikeId};
use host::Defects;
use machine::{MachineId, Time, World, WorldConfig};
use programs::{CLIENT, SERVER, client, server};
use record::{BandKind, Broken, Fail, Lane, LaneKind, MarkKind, RunOptions, RunRecord, Verdict};
use scenario::{Due, Scenario, Schedule, What};
use std::{collections::BTreeMap, sync::Arc};
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
    director: Director,
    hands: Hands,
    witness: Arc<Witness>,
    /// The fault bands of each strike.
    bands: BTreeMap<StrikeId, Vec<usize>>,
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
            director: Director::new(seed, scenario.budget),
            hands: Hands::default(),
            witness,
            bands: BTreeMap::new(),
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
        let struck = match self.director.strike(now, fault, &self.roster) {
            Outcome::Struck(struck) => struck,
            Outcome::NotHere => return self.record.count("faults without a target", 1),
            Outcome::Refused(_) => return self.record.count("faults refused", 1),
        };
        self.record.count("faults struck", 1);
        if let Some(until) = struck.until {
            schedule.heal_at(until, struck.id);
        }
        for machine in &struck.on {
            let (lane, timeline) = (usize::from(machine.0), &mut self.record.timeline);
            if struck.until.is_some() {
                let band = timeline.begin(lane, now.0, BandKind::Fault, fault.name(), "");
                self.bands.entry(struck.id).or_default().push(band);
            } else {
                timeline.mark(lane, now.0, MarkKind::Blow, fault.name());
            }
        }
        self.carry_out(struck.acts);
    }

    fn heal(&mut self, strike: StrikeId) {
        let now = self.now();
        for band in self.bands.remove(&strike).unwrap_or_default() {
            self.record.timeline.end(band, now.0);
        }
        let acts = self.director.heal(strike);
        self.carry_out(acts);
    }

    /// Ends every strike and starts what is down; gives the time.
    fn heal_all(&mut self) -> Span {
        let strikes: Vec<StrikeId> = self.bands.keys().copied().collect();
        strikes.into_iter().for_each(|strike| self.heal(strike));
        let acts = self.director.heal_all();
        self.carry_out(acts);
        let now = self.now();
        self.record.timeline.healed_nanos = Some(now.0);
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

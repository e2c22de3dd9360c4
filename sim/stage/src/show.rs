//! The loop: what is due is carried out, then the world runs on.

mod restoring;

use crate::{
    evidence,
    gallery::Gallery,
    operator::{self, Errand, Errands},
    placement::Placement,
    strikes::Strikes,
};
use cluster::{
    apiserver,
    etcd::{PROCESS, Place},
};
use faults::{
    Act, Family, Fault, Hands, Left, Machine, Maintenance, Member, Role, Roster, Span, StrikeId,
};
use host::Defects;
use machine::{Time, World, WorldConfig};
use oracles::World as Happening;
use record::{Broken, Fail, RunOptions, RunRecord, Verdict};
use restoring::Restoring;
use scenario::{Cluster, Condition, Due, Scenario, Schedule, Traffick, What};
use std::{sync::Arc, time::Duration};
use traffic::Recorder;

/// How often a condition is looked at.
const LOOK: Span = Span::millis(100);

/// One scenario being played.
pub(crate) struct Show {
    world: World,
    placement: Placement,
    strikes: Strikes,
    hands: Hands,
    gallery: Arc<Gallery>,
    recorder: Recorder,
    errands: Errands,
    restoring: Option<Restoring>,
    record: RunRecord,
    options: RunOptions,
}

impl Show {
    /// Builds the world of a scenario; the members are founded, the clients ready.
    pub(crate) fn new(scenario: &Scenario, seed: u64, options: RunOptions) -> Self {
        let defects = Defects::named(scenario.defects.iter().cloned());
        assert!(kernel::interpose::is_armed(), "libc answers in the world's place");
        let world = World::new(WorldConfig {
            seed,
            stalls: stalls(seed),
            record: options.keep,
            defects: defects.clone(),
            ..WorldConfig::default()
        });
        let wanted = oracles::ALL.iter().filter(|entry| scenario.promises.want(entry.name));
        let gallery =
            Arc::new(Gallery::new(wanted.map(|entry| (entry.new)()).collect(), defects.clone()));
        world.observe(gallery.clone());
        let kernel = world.kernel().clone();
        let recorder = Recorder::new(move || kernel.now().0).with_defects(defects);
        let mut record = RunRecord::new(&scenario.title, seed);
        let errands = Errands::default();
        let names = 0..scenario.cluster.members;
        let scheme = if scenario.cluster.tls { "https" } else { "http" };
        let port = cluster::etcd::CLIENT_PORT;
        let endpoints = names.map(|n| format!("{scheme}://etcd-{n}:{port}"));
        let operator = operator::program(errands.clone(), endpoints.collect(), recorder.clone());
        let placement = Placement::new(&world, scenario, &mut record.timeline, &recorder, operator);
        let show = Self {
            strikes: Strikes::new(seed, scenario.budget),
            hands: Hands::default(),
            world,
            placement,
            gallery,
            recorder,
            errands,
            restoring: None,
            record,
            options,
        };
        for (_, id) in show.placement.all() {
            show.world.start_all(id);
        }
        show
    }

    /// Plays it to the end.
    pub(crate) fn play(mut self, scenario: &Scenario) -> RunRecord {
        let until = self.options.until_nanos.map(Span);
        let limit = |at: Span| until.map_or(at, |until| at.min(until));
        let mut ran = self.chaos(scenario, limit(scenario.duration));
        let healed = self.heal_all();
        self.gallery.announce(Time(healed.0), Happening::Healed);
        if ran.is_ok() && !self.gallery.is_broken() {
            ran = self.run_until(limit(healed.plus(scenario.promises.within())));
        }
        self.gallery.announce(self.world.now(), Happening::End);
        self.judge(ran, until.is_some());
        self.record
    }

    fn now(&self) -> Span {
        Span(self.world.now().0)
    }

    fn run_until(&mut self, at: Span) -> Result<(), String> {
        self.world.run_until(Time(at.0)).map_err(|stuck| stuck.to_string())
    }

    fn chaos(&mut self, scenario: &Scenario, end: Span) -> Result<(), String> {
        let mut schedule = Schedule::new(scenario);
        loop {
            let look =
                (schedule.waits() || self.restoring.is_some()).then(|| self.now().plus(LOOK));
            let next = schedule.next().into_iter().chain(look).min().unwrap_or(end).min(end);
            self.run_until(next)?;
            if self.gallery.is_broken() {
                return Ok(());
            }
            self.go_on_restoring();
            let known = self.gallery.known();
            for due in schedule.due(next, |condition| self.holds(condition, &known)) {
                match due {
                    Due::Heal(strike) => self.heal(strike),
                    Due::Step(What::Heal) => drop(self.heal_all()),
                    Due::Step(What::Fault(fault)) => self.strike(&fault, &mut schedule),
                    Due::Step(What::Traffic(told)) => self.traffic(told),
                }
            }
            if next >= end {
                return Ok(());
            }
        }
    }

    fn holds(&self, condition: Condition, known: &crate::gallery::Known) -> bool {
        match condition {
            Condition::LeaderElected => known.leader.is_some(),
            Condition::LeaderLost => known.leader.is_none(),
            Condition::MembersUp => {
                let up = |place: &Place| known.serving.contains(&place.machine.0);
                self.restoring.is_none() && self.placement.members().all(|(_, place)| up(place))
            }
            Condition::Revision(least) => known.revision >= least,
            Condition::Operations(least) => {
                self.recorder.history().operations.len() as u64 >= least
            }
            Condition::SnapshotSent => self.gallery.has_counted("snapshots installed"),
            Condition::Compacted => self.gallery.has_counted("compactions applied"),
            Condition::LearnerReady => {
                let mut members = self.placement.members();
                members.any(|(_, place)| known.votes(place.machine) == Some(false))
            }
            Condition::LeaseExpired => self.gallery.has_counted("leases revoked"),
            Condition::Healed => self.strikes.is_empty(),
        }
    }

    /// Clients are told to stand still, or to go on.
    fn traffic(&mut self, told: Traffick) {
        match told {
            Traffick::Resume if self.restoring.is_some() => self.resume_after_restore(),
            Traffick::Resume => self.placement.clients().for_each(|id| self.world.resume(id)),
            Traffick::Pause => self.placement.clients().for_each(|id| self.world.pause(id)),
        }
    }

    fn roster(&self) -> Roster<Machine> {
        let known = self.gallery.known();
        let all = self.placement.all().map(|(machine, id)| {
            if self.placement.is_apiserver(id) {
                let group = Cluster::APISERVERS.into();
                return Member { machine, group, role: Role::Replica };
            }
            let Some(place) = self.placement.member(machine) else {
                return Member { machine, group: "client".into(), role: Role::Plain };
            };
            let role = match known.votes(place.machine) {
                _ if known.leader == Some(id) => Role::Leader,
                Some(true) => Role::Voter,
                Some(false) => Role::Learner,
                None => Role::Plain,
            };
            Member { machine, group: "etcd".into(), role }
        });
        Roster(all.collect())
    }

    fn strike(&mut self, fault: &Fault, schedule: &mut Schedule) {
        let now = self.now();
        let roster = self.roster();
        let acts = self.strikes.strike(now, fault, &roster, schedule, &mut self.record);
        let Some(acts) = acts else { return };
        // A disk that is slow, or whole again with the power, is no reason to give up.
        let harmless = matches!(fault, Fault::SlowDisk(_) | Fault::PowerCut(_));
        if fault.family() == Family::Disk && !harmless {
            self.gallery.disk_trouble();
        }
        self.carry_out(acts);
    }

    fn heal(&mut self, strike: StrikeId) {
        let acts = self.strikes.heal(self.now(), strike, &mut self.record);
        self.carry_out(acts);
    }

    /// Ends every strike and starts what is down; gives the time.
    fn heal_all(&mut self) -> Span {
        self.abandon_restore();
        let now = self.now();
        let acts = self.strikes.heal_all(now, &mut self.record);
        self.carry_out(acts);
        for (_, id) in self.placement.all() {
            self.world.disarm_points(id);
        }
        now
    }

    fn carry_out(&mut self, acts: Vec<Act>) {
        for act in acts {
            if let Act::Clock(machine, state) = &act {
                self.tell_of_clock(*machine, state.frozen);
            }
            let id = |machine: Machine| self.placement.id(machine);
            let process = match &act {
                Act::Kill(on) if self.placement.is_apiserver(id(*on)) => apiserver::PROCESS,
                _ => PROCESS,
            };
            match self.hands.carry_out(&self.world, process, id, act) {
                Some(Left::Replace(machine)) => self.replace(machine),
                Some(Left::Maintain(asked)) => self.maintain(&asked),
                None => {}
            }
        }
    }

    fn tell_of_clock(&self, machine: Machine, stands: bool) {
        if let Some(place) = self.placement.member(machine) {
            let event = Happening::Clock { machine: &place.name, stands };
            self.gallery.announce(Time(self.now().0), event);
        }
    }

    fn replace(&mut self, machine: Machine) {
        let Some(place) = self.placement.member(machine).cloned() else { return };
        self.placement.join(&self.world, &place, false);
        self.world.reimage(place.machine);
        self.world.power_on(place.machine);
    }

    fn maintain(&mut self, asked: &Maintenance) {
        let member = |machine: &Machine| self.placement.member(*machine).cloned();
        let name = |machine: &Machine| member(machine).map(|place| place.name);
        let errand = match asked {
            Maintenance::Compact { keep, physical } => {
                Some(Errand::Compact { keep: *keep, physical: *physical })
            }
            Maintenance::Defragment(on) => {
                member(on).map(|place: Place| Errand::Defragment { endpoint: place.client_url() })
            }
            Maintenance::MoveLeader(to) => name(to).map(|to| Errand::MoveLeader { to }),
            Maintenance::RemoveMember(on) => name(on).map(|name| Errand::Remove { name }),
            Maintenance::Promote(on) => name(on).map(|name| Errand::Promote { name }),
            Maintenance::AddMember { learner } => {
                let timeline = &mut self.record.timeline;
                let id = self.placement.add_joining(&self.world, timeline, *learner);
                self.world.start_all(id);
                None
            }
            Maintenance::Restore { from } => {
                self.begin_restore(*from);
                None
            }
        };
        if let Some(errand) = errand {
            self.errands.ask(errand);
        }
    }

    fn judge(&mut self, ran: Result<(), String>, cut_short: bool) {
        let history = self.recorder.take();
        let record = &mut self.record;
        record.hash = self.world.hash().to_string();
        record.simulated_nanos = self.world.now().0;
        let (polls, timed) = self.world.counts();
        record.events = polls + timed;
        record.count("operations", history.operations.len() as u64);
        record.count("watches", history.watches.len() as u64);
        let leaks = self.world.kernel().leaks();
        for (what, count) in
            [(record::CLOCK_LEAKS, leaks.time), (record::RANDOM_LEAKS, leaks.random)]
        {
            if count > 0 {
                record.count(what, count);
            }
        }
        for (mark, count) in self.world.marks() {
            record.sometimes.insert(mark.to_owned(), count);
        }
        let names: Vec<Arc<str>> =
            self.placement.all().map(|(_, id)| self.world.name(id)).collect();
        record.trace = evidence::trace(&self.world, &names);
        let broken = match ran {
            Err(stuck) => Some(Broken::new(Fail::Crash, "stuck", stuck)),
            Ok(()) if cut_short => None,
            Ok(()) => self.gallery.verdict(&history).map(|found| of_oracle(found, &names)),
        };
        for (what, count) in self.gallery.draw(&mut record.timeline) {
            record.count(what, count);
        }
        evidence::draw_messages(&self.world, &mut record.timeline);
        if let Some(mut broken) = broken {
            broken.event = record.events;
            record.verdict = Verdict::Failed(broken);
        }
        if self.options.keep {
            record.history = serde_json::to_value(&history).ok();
        }
    }
}

fn of_oracle(
    (found, machine): (oracles::Broken, Option<machine::MachineId>),
    names: &[Arc<str>],
) -> Broken {
    let kind = match found.oracle.as_str() {
        "converges" => Fail::NoConvergence,
        "no_panic" => Fail::Crash,
        _ => Fail::Promise,
    };
    let mut broken = Broken::new(kind, &found.oracle, found.text);
    broken.evidence.extend(found.evidence);
    broken.at_nanos = found.at;
    broken.lane = machine.and_then(|id| {
        let lane = usize::try_from(id.0).ok()?;
        (lane < names.len()).then_some(lane)
    });
    broken
}

/// Every seed draws how often wake-ups are late: none at all for some, often for others.
fn stalls(seed: u64) -> kernel::Stalls {
    let mut chance = faults::Chance::new(seed, "stalls", 0);
    let share = [0.0, 0.0, 0.005, 0.02, 0.1];
    kernel::Stalls {
        probability: *chance.pick(&share).unwrap_or(&0.0),
        max: Duration::from_millis(2),
    }
}

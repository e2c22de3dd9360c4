//! Strikes and heals: turns faults into acts, keeps the budget, adds up what overlaps.
//!
//! Pure: the roster and chance come in, acts go out. The cluster carries the acts out, writes them
//! to the trace, and heals each strike when its time is over.

use crate::{
    Act, Allowed, Blow, Budget, Chance, ClockState, DiskState, Effect, Fault, Harm, LinkState,
    Machine, OverBudget, Role, Roster, Span,
};
use std::collections::{BTreeMap, BTreeSet};

/// The name of one strike, in the order in which they happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StrikeId(pub u32);

/// What became of a strike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It struck.
    Struck(Struck),
    /// This cluster cannot suffer it now: nobody has the role, or it makes no sense here.
    NotHere,
    /// It would break more than the budget allows.
    Refused(OverBudget),
}

/// A strike that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Struck {
    /// Its name, for healing.
    pub id: StrikeId,
    /// Whom it hit.
    pub on: Vec<Machine>,
    /// When it must be healed; `None` when it fell once and is over, or never heals.
    pub until: Option<Span>,
    /// What to carry out, in this order.
    pub acts: Vec<Act>,
}

/// Keeps account of what is broken.
#[derive(Debug)]
pub struct Director {
    seed: u64,
    budget: Budget,
    next: u32,
    active: BTreeMap<StrikeId, Active>,
    /// Machines that lost their disks and have not joined again, whatever became of the strike:
    /// how long that takes is up to the cluster.
    replaced: BTreeSet<Machine>,
}

#[derive(Debug)]
struct Active {
    harm: Harm,
    for_good: bool,
    on: Vec<Machine>,
    effects: Vec<Effect>,
    after: Vec<Blow>,
}

/// Enough must be left for the cluster to come back.
const LEFT: Budget = Budget { away: Allowed::Minority, lost: Allowed::None };

impl Active {
    fn broken(&self) -> impl Iterator<Item = (Machine, Harm)> {
        self.on.iter().map(|machine| (*machine, self.harm))
    }
}

impl Director {
    /// Nothing is broken yet. The seed decides which machines a role such as `random` means.
    pub fn new(seed: u64, budget: Budget) -> Self {
        Self { seed, budget, next: 0, active: BTreeMap::new(), replaced: BTreeSet::new() }
    }

    /// Strikes now, unless the roster or the budget forbid it.
    pub fn strike(&mut self, now: Span, fault: &Fault, roster: &Roster<Machine>) -> Outcome {
        let strike = fault.strike();
        let mut chance = Chance::new(self.seed, fault.name(), now.0);
        let on = roster.resolve(fault.target(), &mut chance);
        if on.is_empty() || !strike.applies(roster) {
            return Outcome::NotHere;
        }
        self.replaced.retain(|machine| !has_joined(roster, *machine));
        let voters = self.voters(roster, &fault.target().group);
        if let Err(over) = self.affords(fault.harm(), &on, roster, voters) {
            return Outcome::Refused(over);
        }
        if strike.is_for_good()
            && let Err(over) = LEFT.allows(Harm::Away, &on, &self.gone(), voters)
        {
            return Outcome::Refused(over);
        }
        let injected = strike.inject(&on, roster, &mut chance);
        self.replaced.extend(injected.blows.iter().filter_map(replaces));
        let id = StrikeId(self.next);
        self.next += 1;
        let mut acts = Vec::new();
        let lasts = fault.lasts() > Span(0);
        if lasts || strike.is_for_good() {
            let active = Active {
                harm: fault.harm(),
                for_good: strike.is_for_good(),
                on: on.clone(),
                effects: injected.effects,
                after: strike.after(&on),
            };
            acts = self.change(|all| drop(all.insert(id, active)));
        }
        acts.extend(injected.blows.into_iter().map(Act::Blow));
        Outcome::Struck(Struck { id, on, until: lasts.then(|| now.plus(fault.lasts())), acts })
    }

    /// Whether the budget allows it; machines that keep nothing cost nothing.
    fn affords(
        &self,
        harm: Harm,
        on: &[Machine],
        roster: &Roster<Machine>,
        voters: usize,
    ) -> Result<(), OverBudget> {
        let on: Vec<Machine> = on.iter().copied().filter(|it| !roster.is_replica(*it)).collect();
        let mut broken = self.broken();
        broken.retain(|(machine, _)| !roster.is_replica(*machine));
        match on.is_empty() {
            true => Ok(()),
            false => self.budget.allows(harm, &on, &broken, voters),
        }
    }

    /// Ends a strike. Nothing happens if it is over already.
    pub fn heal(&mut self, id: StrikeId) -> Vec<Act> {
        let Some(ended) = self.active.get(&id) else { return Vec::new() };
        let mut revived: Vec<Machine> = ended.effects.iter().filter_map(revives).collect();
        self.replaced.extend(ended.after.iter().filter_map(replaces));
        let after: Vec<Act> = ended.after.iter().cloned().map(Act::Blow).collect();
        let mut acts = self.change(|all| drop(all.remove(&id)));
        acts.extend(after);
        revived.sort_unstable();
        revived.dedup();
        // A process may have ended by itself: a failed fsync, a full disk, an ambush.
        for machine in revived {
            let now = self.sum(machine);
            let started = acts.contains(&Act::Start(machine));
            if !now.dead && !now.off && !started {
                acts.push(Act::PowerOn(machine));
                acts.push(Act::Start(machine));
            }
        }
        acts
    }

    /// Ends all strikes but those for good, the oldest first.
    pub fn heal_all(&mut self) -> Vec<Act> {
        let heals = self.active.iter().filter(|(_, active)| !active.for_good);
        let all: Vec<StrikeId> = heals.map(|(id, _)| *id).collect();
        all.into_iter().flat_map(|id| self.heal(id)).collect()
    }

    /// The machines that cannot be counted on now, with the reason.
    pub fn broken(&self) -> Vec<(Machine, Harm)> {
        let replaced = self.replaced.iter().map(|machine| (*machine, Harm::Lost));
        self.active.values().flat_map(Active::broken).chain(replaced).collect()
    }

    /// How many vote, or will again when they have joined.
    fn voters(&self, roster: &Roster<Machine>, group: &str) -> usize {
        let members = roster.group(group);
        let replaced = members.filter(|member| self.replaced.contains(&member.machine));
        roster.voters(group) + replaced.count()
    }

    /// The machines that never come back.
    fn gone(&self) -> Vec<(Machine, Harm)> {
        let for_good = self.active.values().filter(|active| active.for_good);
        for_good.flat_map(Active::broken).collect()
    }

    /// Changes the set of strikes and tells what that changes in the world.
    fn change(&mut self, change: impl FnOnce(&mut BTreeMap<StrikeId, Active>)) -> Vec<Act> {
        let (machines, links) = (self.machines(), self.links());
        change(&mut self.active);
        let (machines_now, links_now) = (self.machines(), self.links());
        let mut acts = Vec::new();
        for (pair, state) in merged_keys(&links, &links_now) {
            if links.get(&pair) != links_now.get(&pair) {
                acts.push(Act::Link(pair.0, pair.1, state));
            }
        }
        for (machine, now) in merged_keys(&machines, &machines_now) {
            let before = machines.get(&machine).cloned().unwrap_or_default();
            acts.extend(now.acts_from(&before, machine));
        }
        acts
    }

    fn sum(&self, machine: Machine) -> Sum {
        self.machines().remove(&machine).unwrap_or_default()
    }

    fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.active.values().flat_map(|active| active.effects.iter())
    }

    pub(crate) fn links(&self) -> BTreeMap<(Machine, Machine), LinkState> {
        let mut links = BTreeMap::<_, LinkState>::new();
        for effect in self.effects() {
            if let Effect::Link(from, to, state) = effect {
                let sum = links.entry((*from, *to)).or_default();
                *sum = sum.with(*state);
            }
        }
        links
    }

    pub(crate) fn machines(&self) -> BTreeMap<Machine, Sum> {
        let mut machines = BTreeMap::<_, Sum>::new();
        for effect in self.effects() {
            match effect {
                Effect::Dead(on) => machines.entry(*on).or_default().dead = true,
                Effect::Off(on) => machines.entry(*on).or_default().off = true,
                Effect::Paused(on) => machines.entry(*on).or_default().paused = true,
                Effect::NoNames(on) => machines.entry(*on).or_default().no_names = true,
                Effect::Disk(on, state) => {
                    let sum = machines.entry(*on).or_default();
                    sum.disk = sum.disk.with(*state);
                }
                Effect::Clock(on, state) => {
                    let sum = machines.entry(*on).or_default();
                    sum.clock = sum.clock.with(*state);
                }
                Effect::SlowCpu(on, each) => {
                    let sum = machines.entry(*on).or_default();
                    sum.slow_cpu = sum.slow_cpu.max(*each);
                }
                Effect::Link(..) | Effect::Ambushed(_) => {}
            }
        }
        machines
    }
}

/// True when the machine takes part in its group, as far as the world can tell.
fn has_joined(roster: &Roster<Machine>, machine: Machine) -> bool {
    let found = roster.0.iter().find(|member| member.machine == machine);
    found.is_some_and(|member| member.role != Role::Plain)
}

/// The machine that begins anew with an empty disk by this blow, if any.
fn replaces(blow: &Blow) -> Option<Machine> {
    match blow {
        Blow::Reimage(machine) => Some(*machine),
        Blow::KillAtPoint { .. }
        | Blow::PowerCutAt { .. }
        | Blow::Rot { .. }
        | Blow::Jump(..)
        | Blow::Maintain(_) => None,
    }
}

/// The machine that is started again when this effect ends, if any.
fn revives(effect: &Effect) -> Option<Machine> {
    match effect {
        Effect::Dead(on) | Effect::Off(on) | Effect::Ambushed(on) | Effect::Disk(on, _) => {
            Some(*on)
        }
        Effect::Paused(_)
        | Effect::Link(..)
        | Effect::Clock(..)
        | Effect::SlowCpu(..)
        | Effect::NoNames(_) => None,
    }
}

/// Every key of either map, with its value in the second or the default.
fn merged_keys<K: Ord + Copy, V: Default + Clone>(
    before: &BTreeMap<K, V>,
    now: &BTreeMap<K, V>,
) -> BTreeMap<K, V> {
    let gone = before.keys().map(|key| (*key, V::default()));
    gone.chain(now.iter().map(|(key, value)| (*key, value.clone()))).collect()
}

/// All that is wrong with one machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    dead: bool,
    off: bool,
    paused: bool,
    no_names: bool,
    disk: DiskState,
    clock: ClockState,
    slow_cpu: Span,
}

impl Sum {
    /// What must be done to get here from `before`. Troubles are set before a process starts, and
    /// taken away after it was stopped.
    fn acts_from(&self, before: &Sum, on: Machine) -> Vec<Act> {
        let mut acts = Vec::new();
        let mut when = |changed: bool, act: Act| {
            if changed {
                acts.push(act);
            }
        };
        when(self.off && !before.off, Act::PowerOff(on));
        when(self.dead && !before.dead && !self.off, Act::Kill(on));
        when(self.disk != before.disk, Act::Disk(on, self.disk));
        when(self.clock != before.clock, Act::Clock(on, self.clock));
        when(self.slow_cpu != before.slow_cpu, Act::Cpu(on, self.slow_cpu));
        when(self.no_names != before.no_names, Act::Names(on, !self.no_names));
        when(self.paused && !before.paused, Act::Pause(on));
        when(before.paused && !self.paused, Act::Resume(on));
        let (stopped, stops) = (before.off || before.dead, self.off || self.dead);
        // An ambush may have taken the power while the process was held down.
        when((before.off && !self.off) || (stopped && !stops), Act::PowerOn(on));
        when(before.off && !self.off && self.dead, Act::Kill(on));
        // Power brings a paused machine back awake.
        when(before.off && !self.off && self.paused, Act::Pause(on));
        when(stopped && !stops, Act::Start(on));
        acts
    }
}

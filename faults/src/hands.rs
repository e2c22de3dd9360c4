//! Carries acts out on a simulated world.

use crate::{Act, Blow, Chance, ClockState, DiskState, LinkState, Machine, Maintenance, Shift};
use disk::{DiskModel, Faults};
use machine::{Crash, Effect, MachineId, Rule, RuleId, Stations, World};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What only the cluster can do: it knows who is a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// Ask this of the cluster through its own API.
    Maintain(Maintenance),
    /// Wipe the machine and let it join with a new identity.
    Replace(Machine),
}

/// Remembers what was laid on a world, to take it away again.
#[derive(Debug, Default)]
pub struct Hands {
    links: BTreeMap<(Machine, Machine), Vec<RuleId>>,
    names: BTreeMap<Machine, RuleId>,
    /// How each disk behaved before it was touched.
    good_disks: BTreeMap<Machine, Faults>,
    skews: BTreeMap<Machine, Shift>,
}

impl Hands {
    /// Carries one act out. `process` is the one that is killed: the member itself. `id` gives the
    /// world's name of a machine.
    pub fn carry_out(
        &mut self,
        world: &World,
        process: &str,
        id: impl Fn(Machine) -> MachineId,
        act: Act,
    ) -> Option<Left> {
        match act {
            Act::Kill(on) => drop(world.kill(id(on), process)),
            Act::Start(on) => start(world, id(on)),
            Act::PowerOff(on) => drop(world.power_off(id(on))),
            Act::PowerOn(on) => drop(world.power_on(id(on))),
            Act::Pause(on) => world.pause(id(on)),
            Act::Resume(on) => world.resume(id(on)),
            Act::Link(from, to, state) => self.link(world, (from, to), (id(from), id(to)), state),
            Act::Disk(on, state) => self.disk(world, on, id(on), state),
            Act::Clock(on, state) => self.clock(world, on, id(on), state),
            Act::Cpu(on, each) => world.set_cpu_slowdown(id(on), each.duration()),
            Act::Names(on, found) => self.names(world, on, id(on), found),
            Act::Blow(blow) => return blows(world, id, blow),
        }
        None
    }

    fn link(
        &mut self,
        world: &World,
        pair: (Machine, Machine),
        (from, to): (MachineId, MachineId),
        state: LinkState,
    ) {
        let delay = state.delay.duration();
        let effects = [
            state.cut.then_some(Effect::Block),
            state.clogged.then_some(Effect::Clog),
            (state.loss.0 > 0).then(|| Effect::Lose(state.loss.probability())),
            (!delay.is_zero()).then_some(Effect::Delay { min: delay / 2, max: delay }),
        ];
        let rule = |effect| Rule {
            from: Stations::only([from]),
            to: Stations::only([to]),
            both_ways: false,
            effect,
        };
        let network = world.network();
        let new = effects.into_iter().flatten().map(|effect| network.add_rule(rule(effect)));
        let new: Vec<RuleId> = new.collect();
        // The old ones go last, so that nothing slips through between them.
        for old in self.links.remove(&pair).unwrap_or_default() {
            network.remove_rule(old);
        }
        if !new.is_empty() {
            self.links.insert(pair, new);
        }
    }

    fn names(&mut self, world: &World, on: Machine, id: MachineId, found: bool) {
        if let Some(old) = self.names.remove(&on) {
            world.network().remove_rule(old);
        }
        if !found {
            let rule = Rule {
                from: Stations::only([id]),
                to: Stations::All,
                both_ways: false,
                effect: Effect::NameTimeOut,
            };
            self.names.insert(on, world.network().add_rule(rule));
        }
    }

    fn disk(&mut self, world: &World, on: Machine, id: MachineId, state: DiskState) {
        world.disk(id, |disk| {
            let good = self.good_disks.entry(on).or_insert_with(|| disk.faults.clone()).clone();
            let capacity = if state.full { disk.used_bytes() } else { good.capacity_bytes };
            let mut faults = good;
            faults.capacity_bytes = capacity;
            faults.latency.operation += state.delay.duration();
            faults.latency.sync_min += state.delay.duration();
            faults.latency.sync_max += state.delay.duration();
            faults.read_error = faults.read_error.max(state.errors.probability());
            faults.write_error = faults.write_error.max(state.errors.probability());
            faults.sync_error = faults.sync_error.max(state.sync_failures.probability());
            faults.lost_write = faults.lost_write.max(state.lost_writes.probability());
            let misdirected = state.misdirected_writes.probability();
            faults.misdirected_write = faults.misdirected_write.max(misdirected);
            disk.faults = faults;
        });
        if state == DiskState::default() {
            self.good_disks.remove(&on);
        }
    }

    fn clock(&mut self, world: &World, on: Machine, id: MachineId, state: ClockState) {
        if state == ClockState::default() {
            self.skews.remove(&on);
            return world.correct_clock(id);
        }
        let before = self.skews.insert(on, state.skew).unwrap_or_default();
        let by = state.skew.nanos().saturating_sub(before.nanos());
        if by != 0 {
            world.jump_clock(id, by > 0, Duration::from_nanos(by.unsigned_abs()));
        }
        if state.frozen {
            world.freeze_clock(id);
        } else {
            world.set_clock_drift(id, i64::from(state.drift_ppm) * 1_000);
        }
    }
}

/// Starts what is not running, and takes ambushes away first.
fn start(world: &World, id: MachineId) {
    world.disarm_points(id);
    world.disk(id, |disk| {
        if !disk.is_off() {
            disk.power_on();
        }
    });
    world.start_all(id);
}

fn blows(world: &World, id: impl Fn(Machine) -> MachineId, blow: Blow) -> Option<Left> {
    match blow {
        Blow::KillAtPoint { machine, point, passing, power, pick } => {
            let machine = id(machine);
            let point = if point.is_empty() { any_point(world, machine, pick)? } else { point };
            let crash = if power { Crash::Power } else { Crash::Process };
            world.crash_at_point(machine, &point, u64::from(passing), crash);
        }
        Blow::PowerCutAt { machine, operation } => {
            let before = u64::from(operation.saturating_sub(1));
            world.disk(id(machine), |disk| disk.power_fails_after(before));
        }
        Blow::Jump(machine, by) => world.jump_clock(id(machine), !by.back, by.by.duration()),
        Blow::Rot { machine, places, files, pick } => {
            let mut chance = Chance::new(pick, "rot", 0);
            world.disk(id(machine), |disk| rot(disk, places, &files, &mut chance));
        }
        Blow::Reimage(machine) => return Some(Left::Replace(machine)),
        Blow::Maintain(asked) => return Some(Left::Maintain(asked)),
    }
    None
}

/// A point that this machine has passed before, or another: then it may come here too.
fn any_point(world: &World, machine: MachineId, pick: u64) -> Option<String> {
    let mut chance = Chance::new(pick, "point", 0);
    let of = |machine: MachineId| world.points(machine).into_keys();
    let points: BTreeSet<&str> = match chance.one_in(2) {
        true => of(machine).collect(),
        false => world.machines().into_iter().flat_map(of).collect(),
    };
    let points: Vec<&str> = points.into_iter().collect();
    chance.pick(&points).map(|name| (*name).to_owned())
}

/// Sectors at the end of the last file that every other time rot alone.
const NEWEST: usize = 4;

/// Only where there is data: the tail that a log reserves for itself holds none, and is most of it.
/// The last sector is spared: nobody can tell a rotten end of a log from a write that was torn.
fn rot(disk: &mut DiskModel, places: u16, within: &str, chance: &mut Chance) {
    let paths = disk.tree().into_iter().map(|(path, _)| path).filter(|path| path.contains(within));
    let files: Vec<(String, Vec<u64>)> = paths
        .map(|path| {
            let mut sectors = disk.data_sectors(&path);
            sectors.pop();
            (path, sectors)
        })
        .filter(|(_, sectors)| !sectors.is_empty())
        .collect();
    // What was written last is what nothing else on the disk can vouch for. Files of a log are named
    // in the order in which they are written.
    let newest = chance.one_in(2);
    let (files, most) = match files.last() {
        Some(last) if newest => (std::slice::from_ref(last), NEWEST),
        Some(_) | None => (&files[..], usize::MAX),
    };
    for _ in 0..places {
        let Some((path, sectors)) = chance.pick(files) else { return };
        let sectors = &sectors[sectors.len().saturating_sub(most)..];
        let sector = chance.pick(sectors).copied().unwrap_or_default();
        let mask = 1 << chance.below(8);
        // The file was there a line ago, and ends within the sector at worst: then nothing rots.
        drop(disk.rot(path, sector + chance.below(disk::SECTOR as u64), mask));
    }
}

//! Chaos becomes strikes: which faults, when, and which of them together.

use crate::{Chaos, Cluster, Intensity, Promises, Scenario, Step, System, What, When};
use faults::{
    Allowed, Chance, DrawFrom, Drawn, Entry, Family, Fault, Harm, Span, Target, Which,
    disk::{BitRot, PowerCut, SlowDisk},
    machine::{PowerLoss, Retire},
    maintenance::{Defragment, MoveLeader},
    network::{Direction, Isolate, Partition},
    process::{Crash, CrashAt, Pause},
};

/// How soon after one strike another follows that is meant to meet what the first began.
const SOON: Span = Span::millis(300);

/// Faults after which another member may be needed.
const CHANGES_OF_MEMBERS: [&str; 4] = ["add_member", "remove_member", "promote", "reimage"];

/// Puts drawn strikes among the steps that the scenario has, by time.
pub(super) fn draw(scenario: &mut Scenario, seed: u64) {
    let Some(chaos) = scenario.chaos.take() else { return };
    let mut chance = Chance::new(seed, "schedule", 0);
    let a_minute = match chaos.intensity {
        Intensity::Calm => 6,
        Intensity::Breeze => 15,
        Intensity::Storm => 30,
        Intensity::Any => *chance.pick(&[6, 15, 30, 45]).unwrap_or(&15),
    };
    // Trouble seldom comes alone: under some seeds, never.
    let followed = *chance.pick(&[0, 1, 2, 4]).unwrap_or(&0);
    let pool = Pool::new(scenario, &chaos, &mut chance);
    let count = (scenario.duration.as_millis() * a_minute).div_ceil(60_000);
    let mut strikes = Vec::new();
    for index in 0..count {
        let mut chance = Chance::new(seed, "strike", index);
        // The first and last twentieths are quiet: a cluster comes up, and clients finish.
        let twentieth = Span(scenario.duration.0 / 20);
        let at = chance.span(twentieth, Span(scenario.duration.0 - twentieth.0));
        let lasts = (Span::millis(100).min(chaos.longest()), chaos.longest());
        if scenario.cluster.apiservers > 0 && chance.one_in(3) {
            let group = Cluster::APISERVERS;
            let mut draw = DrawFrom { chance: &mut chance, group, members: 0, lasts };
            strikes.extend(pool.fault_of_replicas(&mut draw).map(|fault| (at, fault)));
            continue;
        }
        let mut draw = DrawFrom {
            chance: &mut chance,
            group: scenario.cluster.system.group(),
            members: scenario.cluster.members,
            lasts,
        };
        if draw.chance.one_in(6) {
            strikes.extend(special(&pool, at, &mut draw));
            continue;
        }
        strikes.extend(pool.fault(&mut draw).map(|fault| (at, fault)));
        if draw.chance.below(6) < followed {
            let soon = at.plus(Span::millis(draw.chance.below(SOON.as_millis())));
            strikes.extend(pool.fault(&mut draw).map(|fault| (soon, fault)));
        }
    }
    strikes.extend(retirement(scenario, &pool, chaos.longest(), seed));
    let last = scenario.duration;
    let step = |(at, fault): (Span, Fault)| Step {
        when: When::At(at.min(last)),
        what: What::Fault(fault),
    };
    strikes.sort_by_key(|(at, _)| *at);
    scenario.steps.extend(strikes.into_iter().map(step));
}

/// The faults that chaos may draw, with this seed's liking for each; some it never draws.
struct Pool {
    liked: Vec<(u64, &'static Drawn)>,
    /// Whether members may come and go.
    changes_members: bool,
    /// Whether what durable data costs may be drawn.
    lost: bool,
    /// All that may be drawn; none where nothing special is known of the system.
    names: Vec<&'static str>,
}

impl Pool {
    fn new(scenario: &Scenario, chaos: &Chaos, chance: &mut Chance) -> Self {
        let suits = |entry: &&Entry| {
            let family = chaos.families.is_empty() || chaos.families.contains(&entry.family);
            family && (chaos.only.is_empty() || chaos.only.iter().any(|name| name == entry.name))
        };
        let etcd = scenario.cluster.system == System::Etcd;
        let entries = || faults::ALL.iter().filter(suits);
        let drawable = entries().filter_map(|entry| entry.draw.as_ref());
        Self {
            liked: drawable.map(|drawn| (drawn.weight * chance.below(4), drawn)).collect(),
            changes_members: entries().any(|entry| CHANGES_OF_MEMBERS.contains(&entry.name)),
            lost: scenario.budget.lost != Allowed::None,
            names: entries().filter(|_| etcd).map(|entry| entry.name).collect(),
        }
    }

    fn allows(&self, name: &str) -> bool {
        let costs_data = ["bit_rot", "reimage"].contains(&name);
        self.names.contains(&name) && (self.lost || !costs_data)
    }

    fn fault(&self, draw: &mut DrawFrom<'_>) -> Option<Fault> {
        let fault = self.any(draw);
        fault.filter(|fault| self.lost || fault.harm() != Harm::Lost)
    }

    /// One that strikes machines that keep nothing: their disks and members are nobody's concern.
    fn fault_of_replicas(&self, draw: &mut DrawFrom<'_>) -> Option<Fault> {
        let fault = self.any(draw)?;
        let concerns = match fault.family() {
            Family::Network | Family::Clock | Family::Process | Family::Machine => true,
            Family::Disk | Family::Maintenance => false,
        };
        Some(fault).filter(|fault| concerns && fault.harm() != Harm::Lost)
    }

    fn any(&self, draw: &mut DrawFrom<'_>) -> Option<Fault> {
        let sum: u64 = self.liked.iter().map(|(weight, _)| weight).sum();
        if sum == 0 {
            // This seed likes none of them: any one will do.
            let any = draw.chance.pick(&self.liked).map(|(_, drawn)| *drawn);
            return any.map(|drawn| (drawn.make)(draw));
        }
        let mut left = draw.chance.below(sum);
        let chosen = self.liked.iter().find(|(weight, _)| {
            let here = left < *weight;
            left = left.saturating_sub(*weight);
            here
        });
        chosen.map(|(_, drawn)| (drawn.make)(draw))
    }
}

/// Under some seeds a member is lost for good, so that the others must come back without it: most
/// often where that is judged. Never where members are changed, which may need it.
fn retirement(scenario: &Scenario, pool: &Pool, longest: Span, seed: u64) -> Vec<(Span, Fault)> {
    let mut chance = Chance::new(seed, "retirement", 0);
    let etcd = scenario.cluster.system == System::Etcd;
    let can_spare = scenario.cluster.members >= 3 && !pool.changes_members;
    let judged = scenario.promises.within() >= Promises::WITHIN;
    if !etcd || !can_spare || !chance.one_in(if judged { 2 } else { 3 }) {
        return Vec::new();
    }
    let group = scenario.cluster.system.group();
    let is_pair = judged && scenario.cluster.members == 3 && pool.allows("isolate");
    if is_pair && !chance.one_in(4) {
        let from = chance.span(Span(scenario.duration.0 / 10), Span(scenario.duration.0 / 2));
        return relieved(from, longest, group, &mut chance);
    }
    let at = chance.span(Span(scenario.duration.0 / 2), scenario.duration);
    vec![(at, Fault::Retire(Retire { target: Target::new(group, Which::Minority) }))]
}

/// One of three is lost for good while another is cut off, or in the moment in which it comes back.
/// The one that was away is restarted before it is back, and so is the third, before all this or
/// after the loss: of the two that are left, who have not met since, each may be behind the other in
/// something, and neither has more to go by than its disk.
fn relieved(from: Span, longest: Span, group: &str, chance: &mut Chance) -> Vec<(Span, Fault)> {
    let mut members = [0, 1, 2];
    chance.shuffle(&mut members);
    let [lost, away, third] = members.map(|index| Target::new(group, Which::Index(index)));
    let lasts = chance.span(Span(longest.0 / 2), longest);
    let back = from.plus(lasts);
    let loss = if chance.one_in(2) { back } else { chance.span(from.plus(lasts.halved()), back) };
    let soon = loss.plus(Span::millis(chance.below(SOON.as_millis())));
    let restart = |target, at| (at, Fault::Crash(Crash { target, lasts: Span::millis(100) }));
    let isolate = Isolate { target: away.clone(), direction: Direction::Both, lasts };
    vec![
        restart(third, if chance.one_in(2) { from.halved() } else { soon }),
        (from, Fault::Isolate(isolate)),
        restart(away, from.plus(Span(lasts.0 * 3 / 4))),
        (loss, Fault::Retire(Retire { target: lost })),
    ]
}

/// What single faults seldom make, of those that may be drawn.
fn special(pool: &Pool, at: Span, draw: &mut DrawFrom<'_>) -> Vec<(Span, Fault)> {
    let suits = |names: &[&str]| names.iter().all(|name| pool.allows(name));
    let all: Vec<Special> =
        SPECIALS.iter().filter(|(names, _)| suits(names)).map(|(_, make)| *make).collect();
    draw.chance.pick(&all).copied().map(|make| make(at, draw)).unwrap_or_default()
}

type Special = fn(Span, &mut DrawFrom<'_>) -> Vec<(Span, Fault)>;

/// With the faults that each is made of.
const SPECIALS: &[(&[&str], Special)] = &[
    (&["pause"], client_stands_still),
    (&["crash", "crash_at"], crashes_again),
    (&["power_cut"], loses_power_again),
    (&["power_loss", "crash_at"], loses_power_at_points),
    (&["defragment", "crash", "crash_at", "power_cut"], dies_in_maintenance),
    (&["bit_rot", "power_loss"], restarts_on_rot),
    (&["partition", "defragment"], returns_to_maintenance),
    (&["partition", "move_leader", "slow_disk"], is_sent_two_snapshots),
    (&["partition", "isolate"], old_leader_returns),
];

/// Clients stand still and do not know it: their leases run out meanwhile.
fn client_stands_still(at: Span, draw: &mut DrawFrom<'_>) -> Vec<(Span, Fault)> {
    let lasts = draw.chance.span(draw.lasts.0, draw.lasts.1);
    vec![(at, Fault::Pause(Pause { target: Target::new("client", Which::Random), lasts }))]
}

/// A member crashes, and again while it recovers: recovery is code that runs seldom.
fn crashes_again(at: Span, draw: &mut DrawFrom<'_>) -> Vec<(Span, Fault)> {
    let (target, lasts, again) = relapse(at, draw);
    let passing = u32::try_from(draw.chance.between(1, 3)).unwrap_or(1);
    let first = Fault::Crash(Crash { target: target.clone(), lasts });
    let second = CrashAt { target, point: String::new(), passing, power: false, lasts };
    vec![(at, first), (again, Fault::CrashAt(second))]
}

/// The power comes and goes, each time within some disk operation: also while the last time is
/// being mended.
fn loses_power_again(at: Span, draw: &mut DrawFrom<'_>) -> Vec<(Span, Fault)> {
    let (target, lasts, _) = relapse(at, draw);
    let between = lasts.plus(Span::millis(5));
    let mut all = Vec::new();
    let mut when = at;
    for _ in 0..draw.chance.between(2, 4) {
        let operation = u32::try_from(draw.chance.between(1, 60)).unwrap_or(1);
        let cut = PowerCut { target: target.clone(), operation, lasts };
        all.push((when, Fault::PowerCut(cut)));
        when = when.plus(between);
    }
    all
}

/// The same at points in the code.
fn loses_power_at_points(at: Span, draw: &mut DrawFrom<'_>) -> Vec<(Span, Fault)> {
    let (target, lasts, again) = relapse(at, draw);
    let first = Fault::PowerLoss(PowerLoss { target: target.clone(), lasts });
    let second = CrashAt { target, point: String::new(), passing: 1, power: true, lasts };
    vec![(at, first), (again, Fault::CrashAt(second))]
}

/// Where the rewritten backend is complete and not in place yet.
const BEFORE_EXCHANGE: &str = "backend/before-defragment-rename";

/// A member dies while it carries out what an operator asked, or soon after, and is asked once more
/// when it is back: what it had begun may still lie about.
fn dies_in_maintenance(at: Span, draw: &mut DrawFrom<'_>) -> Vec<(Span, Fault)> {
    let (target, lasts, again) = relapse(at, draw);
    let asked = Fault::Defragment(Defragment { target: target.clone() });
    let soon = at.plus(Span::millis(draw.chance.below(SOON.as_millis())));
    let later = again.plus(Span::millis(draw.chance.between(1_000, 4_000)));
    let death = match draw.chance.below(3) {
        0 => (soon, Fault::Crash(Crash { target, lasts })),
        1 => {
            let operation = u32::try_from(draw.chance.between(1, 120)).unwrap_or(1);
            (at, Fault::PowerCut(PowerCut { target, operation, lasts }))
        }
        _ => {
            let point = BEFORE_EXCHANGE.to_owned();
            (at, Fault::CrashAt(CrashAt { target, point, passing: 1, power: false, lasts }))
        }
    };
    vec![death, (at, asked.clone()), (later, asked)]
}

/// A member that was cut off long enough to need a snapshot is asked to defragment as it returns,
/// again and again: what it receives then replaces the file that is rewritten.
fn returns_to_maintenance(at: Span, draw: &mut DrawFrom<'_>) -> Vec<(Span, Fault)> {
    let (target, ..) = relapse(at, draw);
    let lasts = draw.chance.span(Span(draw.lasts.1.0 / 4), draw.lasts.1);
    let cut = Partition { target: target.clone(), direction: Direction::Both, lasts };
    // Operators reach it all the time: the first requests are under way when it returns.
    let first = at.plus(Span(lasts.0.saturating_sub(SOON.0)));
    let mut all = vec![(at, Fault::Partition(cut))];
    for _ in 0..draw.chance.between(6, 10) {
        let soon = first.plus(Span::millis(draw.chance.below(1_000)));
        all.push((soon, Fault::Defragment(Defragment { target: target.clone() })));
    }
    all
}

/// A member that was cut off long enough to need a snapshot is sent one by each of two leaders: the
/// second may arrive before the first is in place, and takes nothing from it.
fn is_sent_two_snapshots(at: Span, draw: &mut DrawFrom<'_>) -> Vec<(Span, Fault)> {
    let (target, ..) = relapse(at, draw);
    let lasts = draw.chance.span(Span(draw.lasts.1.0 / 4), draw.lasts.1);
    let back = at.plus(lasts);
    let cut = Partition { target: target.clone(), direction: Direction::Both, lasts };
    // The disk of who comes back is busy for a while.
    let delay = Span::millis(draw.chance.between(1, 40));
    let slow = SlowDisk { target, delay, lasts: Span::secs(3) };
    let mut all = vec![(at, Fault::Partition(cut)), (back, Fault::SlowDisk(slow))];
    for _ in 0..3 {
        let soon = back.plus(Span::millis(draw.chance.below(2_000)));
        let heir = Target::new(draw.group, Which::Follower);
        all.push((soon, Fault::MoveLeader(MoveLeader { target: heir })));
    }
    all
}

/// How long a leader is cut off that comes back soon after the others have elected another, by how
/// hasty elections are; in milliseconds.
const AWAY: [u64; 6] = [300, 450, 600, 1_500, 2_000, 2_500];

/// A leader is cut off and returns just when its successor is: its log may be the longer one, and is
/// not the better one.
fn old_leader_returns(at: Span, draw: &mut DrawFrom<'_>) -> Vec<(Span, Fault)> {
    let leader = Target::new(draw.group, Which::Leader);
    let away = Span::millis(*draw.chance.pick(&AWAY).unwrap_or(&AWAY[0]));
    let direction = Direction::Both;
    let first = Partition { target: leader.clone(), direction, lasts: away };
    let soon = at.plus(away.halved()).plus(Span(away.0 * draw.chance.between(0, 9) / 20));
    let lasts = draw.lasts.1.max(Span(away.0 * 2));
    let second = Isolate { target: leader, direction, lasts };
    vec![(at, Fault::Partition(first)), (soon, Fault::Isolate(second))]
}

/// A log rots, and its member has to read it: soon, or what it wrote last rots while it is off.
fn restarts_on_rot(at: Span, draw: &mut DrawFrom<'_>) -> Vec<(Span, Fault)> {
    let (target, lasts, _) = relapse(at, draw);
    let rotten = lasts.plus(Span::secs(2));
    let rot = BitRot { target: target.clone(), lasts: rotten, ..BitRot::draw(draw) };
    let soon = at.plus(Span::millis(draw.chance.below(SOON.as_millis())));
    let off = PowerLoss { target, lasts };
    match draw.chance.one_in(2) {
        true => vec![(at, Fault::BitRot(rot)), (soon, Fault::PowerLoss(off))],
        false => vec![(at, Fault::PowerLoss(off)), (at.plus(Span::millis(1)), Fault::BitRot(rot))],
    }
}

/// One member, how long it is away, and when it is back.
fn relapse(at: Span, draw: &mut DrawFrom<'_>) -> (Target, Span, Span) {
    let all = u64::from(draw.members.max(1));
    let index = u16::try_from(draw.chance.below(all)).unwrap_or(0);
    let lasts = Span::millis(draw.chance.between(100, 1_500));
    let again = at.plus(lasts).plus(Span::millis(draw.chance.below(20)));
    (Target::new(draw.group, Which::Index(index)), lasts, again)
}

//! What a seed decides: cluster size, limits, traffic, families and rates of faults.
//!
//! Each seed draws a subset, not a little of everything: many bugs need one thing often and another
//! never (Groce et al., "Swarm Testing", 2012).

use crate::{Chaos, Intensity, Scenario, Seed, Settings, Step, System, Traffic, What, When};
use faults::{
    Allowed, Chance, DrawFrom, Drawn, Entry, Family, Fault, Harm, Span, Target, Which,
    disk::PowerCut,
    machine::PowerLoss,
    process::{Crash, CrashAt, Pause},
};
use serde::{Deserialize, Serialize};

/// Something that each seed decides for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Swarm {
    /// One, three or five members, with or without a learner.
    Members,
    /// Tiny snapshot counts, segments, batches, buffers, each often.
    Limits,
    /// How many clients of which kind, and what they ask.
    Traffic,
    /// Which of the families of faults.
    Families,
}

impl Scenario {
    /// The same scenario with everything decided that `seed` decides: chaos has become steps.
    ///
    /// A scenario that is explicit already is given back as it is, whatever the seed.
    #[must_use]
    pub fn drawn(&self, seed: u64) -> Scenario {
        if self.is_explicit() {
            return self.clone();
        }
        let mut drawn = self.clone();
        drawn.seed = Some(Seed(seed));
        for what in std::mem::take(&mut drawn.swarm) {
            match what {
                Swarm::Members => draw_members(&mut drawn, &mut Chance::new(seed, "members", 0)),
                Swarm::Limits => {
                    drawn.cluster.settings =
                        draw_limits(&drawn.cluster.settings, &mut Chance::new(seed, "limits", 0));
                }
                Swarm::Traffic => {
                    draw_traffic(&mut drawn.traffic, &mut Chance::new(seed, "traffic", 0));
                }
                Swarm::Families => draw_families(&mut drawn, &mut Chance::new(seed, "family", 0)),
            }
        }
        if drawn.chaos.is_some() {
            draw_steps(&mut drawn, seed);
        }
        drawn
    }
}

fn draw_members(scenario: &mut Scenario, chance: &mut Chance) {
    scenario.cluster.members = *chance.pick(&[1, 3, 3, 3, 5]).unwrap_or(&3);
    scenario.cluster.learners = u16::from(scenario.cluster.members > 1 && chance.one_in(5));
}

/// Half of the limits are made tiny, and under every fourth seed all of them as tiny as can be; a
/// limit that the scenario sets is left as it is.
fn draw_limits(set: &Settings, chance: &mut Chance) -> Settings {
    let extreme = chance.one_in(4);
    let ms = Span::millis;
    Settings {
        snapshot_count: limit(set.snapshot_count, (chance, extreme), &[5, 20, 100]),
        snapshot_catchup_entries: limit(
            set.snapshot_catchup_entries,
            (chance, extreme),
            &[1, 5, 50],
        ),
        wal_segment_bytes: limit(
            set.wal_segment_bytes,
            (chance, extreme),
            &[4_096, 16_384, 65_536],
        ),
        backend_batch_interval: limit(
            set.backend_batch_interval,
            (chance, extreme),
            &[ms(5), ms(1_000)],
        ),
        backend_batch_limit: limit(set.backend_batch_limit, (chance, extreme), &[1, 10]),
        compaction_batch_limit: limit(set.compaction_batch_limit, (chance, extreme), &[1, 5]),
        compaction_sleep: limit(set.compaction_sleep, (chance, extreme), &[ms(1), ms(200)]),
        watch_progress_interval: limit(set.watch_progress_interval, (chance, extreme), &[ms(300)]),
        watch_buffer: limit(set.watch_buffer, (chance, extreme), &[1, 4]),
        lease_checkpoint_interval: limit(
            set.lease_checkpoint_interval,
            (chance, extreme),
            &[ms(500)],
        ),
        raft_inflight_max: limit(set.raft_inflight_max, (chance, extreme), &[1, 4]),
        raft_message_bytes_max: limit(set.raft_message_bytes_max, (chance, extreme), &[1, 256]),
        raft_commit_bytes_max: limit(set.raft_commit_bytes_max, (chance, extreme), &[1, 256]),
        ..set.clone()
    }
}

/// One of the choices, whose first is the most extreme, or none.
fn limit<T: Copy>(set: Option<T>, draw: (&mut Chance, bool), choices: &[T]) -> Option<T> {
    let (chance, extreme) = draw;
    let drawn = chance.pick(choices).copied();
    let tiny = chance.one_in(2);
    let drawn = if extreme { choices.first().copied() } else { drawn.filter(|_| tiny) };
    set.or(drawn)
}

fn draw_traffic(traffic: &mut Traffic, chance: &mut Chance) {
    let up_to = |most: u16, chance: &mut Chance| {
        if most == 0 || chance.one_in(2) {
            return 0;
        }
        u16::try_from(chance.between(1, u64::from(most))).unwrap_or(1)
    };
    let clients = chance.between(2, u64::from(traffic.clients.max(2)));
    traffic.clients = u16::try_from(clients).unwrap_or(2);
    traffic.keys = *chance.pick(&[1, 3, 10, traffic.keys]).unwrap_or(&1);
    traffic.watchers = up_to(traffic.watchers, chance);
    traffic.lease_holders = up_to(traffic.lease_holders, chance);
    traffic.lockers = up_to(traffic.lockers, chance);
    traffic.candidates = up_to(traffic.candidates, chance);
    traffic.auth = traffic.auth && chance.one_in(3);
    let most = traffic.operations;
    traffic.operations = *chance.pick(&[most / 8, most / 2, most]).unwrap_or(&most);
    traffic.pause = *chance.pick(&[Span::millis(20), traffic.pause]).unwrap_or(&traffic.pause);
    draw_habits(traffic, chance);
    let mix = &mut traffic.mix;
    let weights = [&mut mix.range, &mut mix.serializable, &mut mix.delete, &mut mix.txn];
    for weight in weights.into_iter().chain([&mut mix.compact]) {
        *weight *= *chance.pick(&[0, 1, 1, 3]).unwrap_or(&1);
    }
}

/// How watchers, leases, compaction and maintenance go about it; what the scenario sets stays.
fn draw_habits(traffic: &mut Traffic, chance: &mut Chance) {
    let ms = Span::millis;
    let pauses = [ms(0), ms(0), ms(20), ms(200), ms(1_000)];
    traffic.watcher_pause = *chance.pick(&pauses).unwrap_or(&ms(0));
    traffic.watcher_restarts = *chance.pick(&[2, 2, 10, 30]).unwrap_or(&2);
    let keep = chance.pick(&[0, 0, 5, 100]).copied();
    traffic.compact_keep = traffic.compact_keep.or(keep);
    let seconds = chance.pick(&[2, 4, 10, 20]).copied();
    traffic.lease_seconds = traffic.lease_seconds.or(seconds);
    let busy = chance.one_in(3);
    traffic.maintenance = if busy { traffic.maintenance } else { ms(0) };
}

/// Each family is in with even odds, and one at least.
fn draw_families(scenario: &mut Scenario, chance: &mut Chance) {
    let Some(chaos) = &mut scenario.chaos else { return };
    let all = if chaos.families.is_empty() { Family::ALL.to_vec() } else { chaos.families.clone() };
    let certain = chance.pick(&all).copied();
    let drawn = all.iter().filter(|family| chance.one_in(2) || certain == Some(**family));
    chaos.families = drawn.copied().collect();
}

/// Chaos becomes steps, sorted by time among those that the scenario has.
fn draw_steps(scenario: &mut Scenario, seed: u64) {
    let Some(chaos) = scenario.chaos.take() else { return };
    let mut chance = Chance::new(seed, "schedule", 0);
    let a_minute = match chaos.intensity {
        Intensity::Calm => 6,
        Intensity::Breeze => 15,
        Intensity::Storm => 30,
        Intensity::Any => *chance.pick(&[3, 6, 15, 30]).unwrap_or(&15),
    };
    let lost = scenario.budget.lost != Allowed::None;
    let liked = likings(&chaos, &mut chance);
    let count = (scenario.duration.as_millis() * a_minute).div_ceil(60_000);
    let mut strikes = Vec::new();
    for index in 0..count {
        let mut chance = Chance::new(seed, "strike", index);
        // The first and last twentieths are quiet: a cluster comes up, and clients finish.
        let twentieth = Span(scenario.duration.0 / 20);
        let at = chance.span(twentieth, Span(scenario.duration.0 - twentieth.0));
        let mut draw = DrawFrom {
            chance: &mut chance,
            group: scenario.cluster.system.group(),
            members: scenario.cluster.members,
            lasts: (Span::millis(100).min(chaos.longest()), chaos.longest()),
        };
        let etcd = scenario.cluster.system == System::Etcd;
        if etcd && chaos.only.is_empty() && draw.chance.one_in(6) {
            strikes.extend(draw_special(&chaos.families, at, &mut draw));
            continue;
        }
        let fault = draw_fault(&liked, &mut draw);
        let fault = fault.filter(|fault| lost || fault.harm() != Harm::Lost);
        strikes.extend(fault.map(|fault| (at, fault)));
    }
    strikes.sort_by_key(|(at, _)| *at);
    let step = |(at, fault)| Step { when: When::At(at), what: What::Fault(fault) };
    scenario.steps.extend(strikes.into_iter().map(step));
}

/// What single faults seldom make, of the families asked for.
fn draw_special(families: &[Family], at: Span, draw: &mut DrawFrom<'_>) -> Vec<(Span, Fault)> {
    let specials: [(Family, Special); 3] = [
        (Family::Process, client_stands_still),
        (Family::Process, crashes_again),
        (Family::Machine, loses_power_again),
    ];
    let suits = |family| families.is_empty() || families.contains(&family);
    let all: Vec<Special> =
        specials.into_iter().filter(|(family, _)| suits(*family)).map(|(_, make)| make).collect();
    draw.chance.pick(&all).copied().map(|make| make(at, draw)).unwrap_or_default()
}

type Special = fn(Span, &mut DrawFrom<'_>) -> Vec<(Span, Fault)>;

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
    let second = CrashAt { target, point: String::new(), passing, lasts };
    vec![(at, first), (again, Fault::CrashAt(second))]
}

/// The same with the power.
fn loses_power_again(at: Span, draw: &mut DrawFrom<'_>) -> Vec<(Span, Fault)> {
    let (target, lasts, again) = relapse(at, draw);
    let operation = u32::try_from(draw.chance.between(1, 30)).unwrap_or(1);
    let first = Fault::PowerLoss(PowerLoss { target: target.clone(), lasts });
    let second = PowerCut { target, operation, lasts };
    vec![(at, first), (again, Fault::PowerCut(second))]
}

/// One member, how long it is away, and when it is back.
fn relapse(at: Span, draw: &mut DrawFrom<'_>) -> (Target, Span, Span) {
    let all = u64::from(draw.members.max(1));
    let index = u16::try_from(draw.chance.below(all)).unwrap_or(0);
    let lasts = Span::millis(draw.chance.between(100, 1_500));
    let again = at.plus(lasts).plus(Span::millis(draw.chance.below(20)));
    (Target::new(draw.group, Which::Index(index)), lasts, again)
}

/// The faults that chaos may draw, with this seed's liking for each; some it never draws.
fn likings(chaos: &Chaos, chance: &mut Chance) -> Vec<(u64, &'static Drawn)> {
    let suits = |entry: &&Entry| {
        let family = chaos.families.is_empty() || chaos.families.contains(&entry.family);
        family && (chaos.only.is_empty() || chaos.only.iter().any(|name| name == entry.name))
    };
    let drawable = faults::ALL.iter().filter(suits).filter_map(|entry| entry.draw.as_ref());
    drawable.map(|drawn| (drawn.weight * chance.below(4), drawn)).collect()
}

fn draw_fault(pool: &[(u64, &Drawn)], draw: &mut DrawFrom<'_>) -> Option<Fault> {
    let sum: u64 = pool.iter().map(|(weight, _)| weight).sum();
    if sum == 0 {
        // This seed likes none of them: any one will do.
        return draw.chance.pick(pool).map(|(_, drawn)| *drawn).map(|drawn| (drawn.make)(draw));
    }
    let mut left = draw.chance.below(sum);
    let chosen = pool.iter().find(|(weight, _)| {
        let here = left < *weight;
        left = left.saturating_sub(*weight);
        here
    });
    chosen.map(|(_, drawn)| (drawn.make)(draw))
}

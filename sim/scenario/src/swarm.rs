//! What a seed decides: cluster size, limits, traffic, families and rates of faults.
//!
//! Each seed draws a subset, not a little of everything: many bugs need one thing often and another
//! never (Groce et al., "Swarm Testing", 2012).

use crate::{Chaos, Intensity, Scenario, Seed, Settings, Step, Traffic, What, When};
use faults::{Allowed, Chance, DrawFrom, Drawn, Entry, Family, Harm, Span};
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

/// Half of the limits are made tiny; a limit that the scenario sets is left as it is.
fn draw_limits(set: &Settings, chance: &mut Chance) -> Settings {
    fn half<T: Copy>(set: Option<T>, chance: &mut Chance, choices: &[T]) -> Option<T> {
        let drawn = chance.pick(choices).copied();
        let tiny = chance.one_in(2);
        set.or(drawn.filter(|_| tiny))
    }
    let ms = Span::millis;
    Settings {
        snapshot_count: half(set.snapshot_count, chance, &[5, 20, 100]),
        snapshot_catchup_entries: half(set.snapshot_catchup_entries, chance, &[1, 5, 50]),
        wal_segment_bytes: half(set.wal_segment_bytes, chance, &[4_096, 16_384, 65_536]),
        backend_batch_interval: half(set.backend_batch_interval, chance, &[ms(5), ms(1_000)]),
        backend_batch_limit: half(set.backend_batch_limit, chance, &[1, 10]),
        compaction_batch_limit: half(set.compaction_batch_limit, chance, &[1, 5]),
        compaction_sleep: half(set.compaction_sleep, chance, &[ms(1), ms(200)]),
        watch_progress_interval: half(set.watch_progress_interval, chance, &[ms(300)]),
        watch_buffer: half(set.watch_buffer, chance, &[1, 4]),
        lease_checkpoint_interval: half(set.lease_checkpoint_interval, chance, &[ms(500)]),
        raft_inflight_max: half(set.raft_inflight_max, chance, &[1, 4]),
        raft_message_bytes_max: half(set.raft_message_bytes_max, chance, &[1, 256]),
        raft_commit_bytes_max: half(set.raft_commit_bytes_max, chance, &[1, 256]),
        ..set.clone()
    }
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
    traffic.auth = traffic.auth && chance.one_in(4);
    let mix = &mut traffic.mix;
    let weights = [&mut mix.range, &mut mix.serializable, &mut mix.delete, &mut mix.txn];
    for weight in weights.into_iter().chain([&mut mix.compact]) {
        *weight *= *chance.pick(&[0, 1, 1, 3]).unwrap_or(&1);
    }
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
        let fault = draw_fault(&liked, &mut draw);
        let fault = fault.filter(|fault| lost || fault.strike().harm() != Harm::Lost);
        strikes.extend(fault.map(|fault| (at, fault)));
    }
    strikes.sort_by_key(|(at, _)| *at);
    let step = |(at, fault)| Step { when: When::At(at), what: What::Fault(fault) };
    scenario.steps.extend(strikes.into_iter().map(step));
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

fn draw_fault(pool: &[(u64, &Drawn)], draw: &mut DrawFrom<'_>) -> Option<faults::Fault> {
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

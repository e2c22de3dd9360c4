//! What a seed decides: cluster size, length, limits, traffic, families and rates of faults.
//!
//! Each seed draws a subset, not a little of everything: many bugs need one thing often and another
//! never (Groce et al., "Swarm Testing", 2012).

mod limits;
mod strikes;
mod traffic;

use crate::{Scenario, Seed};
use faults::{Chance, Family, Span};
use serde::{Deserialize, Serialize};

/// Something that each seed decides for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Swarm {
    /// One, three or five members, with or without a learner.
    Members,
    /// How long it goes on: half of the runs are shorter, so that more can be made.
    Length,
    /// Tiny snapshot counts, segments, batches, buffers, each often.
    Limits,
    /// How many clients of which kind, and what they ask; their habits too.
    Traffic,
    /// How clients go about it: their pace, pauses and patience.
    Habits,
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
                Swarm::Length => draw_length(&mut drawn, &mut Chance::new(seed, "length", 0)),
                Swarm::Limits => {
                    let set = &drawn.cluster.settings;
                    drawn.cluster.settings = limits::draw(set, &mut Chance::new(seed, "limits", 0));
                }
                Swarm::Traffic => {
                    let chance = &mut Chance::new(seed, "traffic", 0);
                    traffic::draw(&mut drawn.traffic, drawn.duration, chance);
                }
                Swarm::Habits => {
                    let chance = &mut Chance::new(seed, "habits", 0);
                    traffic::draw_habits(&mut drawn.traffic, drawn.duration, chance);
                }
                Swarm::Families => draw_families(&mut drawn, &mut Chance::new(seed, "family", 0)),
            }
        }
        strikes::draw(&mut drawn, seed);
        drawn
    }
}

fn draw_members(scenario: &mut Scenario, chance: &mut Chance) {
    scenario.cluster.members = *chance.pick(&[1, 3, 3, 3, 5]).unwrap_or(&3);
    scenario.cluster.learners = u16::from(scenario.cluster.members > 1 && chance.one_in(5));
}

/// A third, two thirds or all of its length, before steps that are written; and half of the runs
/// end soon after everything healed, before anything is due that takes its time.
fn draw_length(scenario: &mut Scenario, chance: &mut Chance) {
    let thirds = chance.between(1, 3);
    let within = scenario.promises.within();
    let soon = Span(within.0 / 5);
    scenario.promises.within = Some(if chance.one_in(2) { soon } else { within });
    if scenario.steps.is_empty() {
        scenario.duration = Span::millis(scenario.duration.as_millis() * thirds / 3);
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

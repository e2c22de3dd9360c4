//! Machines: power lost, replaced by an empty one, slow.

use crate::{
    Blow, Chance, DrawFrom, Effect, Injected, Machine, Roster, Span, Strike, Target, Which,
};
use serde::{Deserialize, Serialize};

/// The power is off: memory and unsynced writes are lost, nobody answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PowerLoss {
    pub target: Target,
    pub lasts: Span,
}

/// The machine is lost with its disk and replaced by an empty one, which joins as a new member.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Reimage {
    pub target: Target,
    /// Until it counts as replaced, for the budget.
    pub lasts: Span,
}

/// Machines stop and never come back, also after everything else healed: those that are left must
/// do. No more than a minority; never drawn together with changes of members, which would need them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Retire {
    pub target: Target,
}

/// Everything that the machine computes takes longer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SlowCpu {
    pub target: Target,
    /// Added to every step of its processes.
    pub each: Span,
    pub lasts: Span,
}

impl Strike for PowerLoss {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        Injected::effect_on(on, Effect::Off)
    }
}

impl PowerLoss {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: draw.some(), lasts: draw.lasts() }
    }
}

impl Strike for Reimage {
    fn applies(&self, roster: &Roster<Machine>) -> bool {
        roster.voters(&self.target.group) > 2
    }
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let effects = on.iter().copied().map(Effect::Ambushed).collect();
        Injected { effects, ..Injected::blow_on(on, Blow::Reimage) }
    }
}

impl Reimage {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: Target::new(draw.group, Which::Random), lasts: draw.lasts() }
    }
}

impl Strike for Retire {
    fn is_for_good(&self) -> bool {
        true
    }
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        Injected::effect_on(on, Effect::Off)
    }
}

impl Strike for SlowCpu {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        Injected::effect_on(on, |machine| Effect::SlowCpu(machine, self.each))
    }
}

impl SlowCpu {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let each = Span(1_000 * draw.chance.pick(&[10, 100, 1_000]).unwrap_or(&10));
        Self { target: draw.some(), each, lasts: draw.lasts() }
    }
}

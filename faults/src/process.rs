//! Processes: they die, also between two particular writes, stand still, and come back too often.

use crate::{Blow, Chance, DrawFrom, Effect, Injected, Machine, Roster, Span, Strike, Target};
use serde::{Deserialize, Serialize};

/// The process dies; its machine keeps what was written, synced or not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    pub target: Target,
    pub lasts: Span,
}

/// The process dies at a named point of its own code: between two writes, after an append.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CrashAt {
    pub target: Target,
    /// The name in `host.point(…)`; empty for whichever comes.
    pub point: String,
    /// Which passing of the point, from one.
    pub passing: u32,
    /// The whole machine loses power there: what was not synced may be gone too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub power: bool,
    /// Until the process is started again.
    pub lasts: Span,
}

/// The process stands still and does not know it: a stopped virtual machine, a long collection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    pub target: Target,
    pub lasts: Span,
}

impl Strike for Crash {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        Injected::effect_on(on, Effect::Dead)
    }
}

impl Crash {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: draw.some(), lasts: draw.lasts() }
    }
}

impl Strike for CrashAt {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, chance: &mut Chance) -> Injected {
        let pick = chance.bits();
        let blow = |machine| Blow::KillAtPoint {
            machine,
            point: self.point.clone(),
            passing: self.passing,
            power: self.power,
            pick,
        };
        let effects = on.iter().copied().map(Effect::Ambushed).collect();
        Injected { effects, ..Injected::blow_on(on, blow) }
    }
}

impl CrashAt {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let passing = u32::try_from(draw.chance.between(1, 40)).unwrap_or(1);
        // Points that come seldom are the interesting ones.
        let passing = if draw.chance.one_in(3) { passing } else { 1 };
        let power = draw.chance.one_in(3);
        Self { target: draw.some(), point: String::new(), passing, power, lasts: draw.lasts() }
    }
}

impl Strike for Pause {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        Injected::effect_on(on, Effect::Paused)
    }
}

impl Pause {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: draw.some(), lasts: draw.lasts() }
    }
}

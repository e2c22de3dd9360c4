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
            pick,
        };
        let effects = on.iter().copied().map(Effect::Ambushed).collect();
        Injected { effects, ..Injected::blow_on(on, blow) }
    }
}

impl CrashAt {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let passing = u32::try_from(draw.chance.between(1, 40)).unwrap_or(1);
        let passing = if draw.chance.one_in(3) { 1 } else { passing };
        Self { target: draw.one(), point: String::new(), passing, lasts: draw.lasts() }
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

//! Clocks: off by seconds, running too fast or too slow, jumping, standing still.

use crate::{
    Blow, Chance, ClockState, DrawFrom, Effect, Injected, Machine, Roster, Shift, Span, Strike,
    Target,
};
use serde::{Deserialize, Serialize};

/// The wall clock is off by this much.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Skew {
    pub target: Target,
    pub by: Shift,
    pub lasts: Span,
}

/// All clocks of the machine run too fast or too slow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    pub target: Target,
    /// Millionths; negative is slower.
    pub ppm: i32,
    pub lasts: Span,
}

/// The wall clock jumps once, and stays where it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Jump {
    pub target: Target,
    pub by: Shift,
}

/// The machine's clocks stand still: no timer fires.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    pub target: Target,
    pub lasts: Span,
}

impl Strike for Skew {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let state = ClockState { skew: self.by, ..ClockState::default() };
        Injected::effect_on(on, |machine| Effect::Clock(machine, state))
    }
}

impl Skew {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: draw.some(), by: shift(draw), lasts: draw.lasts() }
    }
}

impl Strike for Drift {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let state = ClockState { drift_ppm: self.ppm, ..ClockState::default() };
        Injected::effect_on(on, |machine| Effect::Clock(machine, state))
    }
}

impl Drift {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let ppm = *draw.chance.pick(&[-200, 200, -5_000, 5_000]).unwrap_or(&200);
        Self { target: draw.some(), ppm, lasts: draw.lasts() }
    }
}

impl Strike for Jump {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        Injected::blow_on(on, |machine| Blow::Jump(machine, self.by))
    }
}

impl Jump {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: draw.some(), by: shift(draw) }
    }
}

impl Strike for Freeze {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let state = ClockState { frozen: true, ..ClockState::default() };
        Injected::effect_on(on, |machine| Effect::Clock(machine, state))
    }
}

impl Freeze {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: draw.one(), lasts: draw.lasts() }
    }
}

fn shift(draw: &mut DrawFrom<'_>) -> Shift {
    let by = draw.chance.span(Span::millis(50), Span::secs(120));
    Shift { by, back: draw.chance.one_in(2) }
}

//! The network: partitions, clogs, losses, slow links, names that do not resolve.

use crate::{
    Chance, DrawFrom, Effect, Injected, LinkState, Machine, Percent, Role, Roster, Span, Strike,
    Target,
};
use serde::{Deserialize, Serialize};

/// Which way nothing passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Neither way.
    #[default]
    Both,
    /// Those struck are heard by the rest and hear nothing.
    Inward,
    /// Those struck hear the rest and are not heard.
    Outward,
}

impl Direction {
    fn drawn(draw: &mut DrawFrom<'_>) -> Self {
        let ways = [Self::Both, Self::Both, Self::Inward, Self::Outward];
        *draw.chance.pick(&ways).unwrap_or(&Self::Both)
    }

    fn is_both(&self) -> bool {
        *self == Self::Both
    }
}

/// Those struck are cut off from the rest of their group, replicas from the members whose data they
/// serve; clients still reach both sides.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    pub target: Target,
    #[serde(default, skip_serializing_if = "Direction::is_both")]
    pub direction: Direction,
    pub lasts: Span,
}

/// Those struck are cut off from every other machine, clients and each other included.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Isolate {
    pub target: Target,
    #[serde(default, skip_serializing_if = "Direction::is_both")]
    pub direction: Direction,
    pub lasts: Span,
}

/// What is sent to and by those struck waits, and arrives all at once when it heals.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Clog {
    pub target: Target,
    pub lasts: Span,
}

/// A share of the packets to and from those struck is lost.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Flaky {
    pub target: Target,
    pub loss: Percent,
    pub lasts: Span,
}

/// Every packet to and from those struck takes longer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SlowLink {
    pub target: Target,
    pub delay: Span,
    pub lasts: Span,
}

/// Those struck cannot look names up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NoNames {
    pub target: Target,
    pub lasts: Span,
}

/// Effects on the links between those struck and others.
fn links(on: &[Machine], others: &[Machine], way: Direction, state: LinkState) -> Injected {
    let mut effects = Vec::new();
    for &struck in on {
        for &other in others.iter().filter(|other| **other != struck) {
            if matches!(way, Direction::Both | Direction::Inward) {
                effects.push(Effect::Link(other, struck, state));
            }
            if matches!(way, Direction::Both | Direction::Outward) {
                effects.push(Effect::Link(struck, other, state));
            }
        }
    }
    Injected { blows: Vec::new(), effects }
}

fn everyone(roster: &Roster<Machine>) -> Vec<Machine> {
    roster.0.iter().map(|member| member.machine).collect()
}

const CUT: LinkState = LinkState { cut: true, clogged: false, loss: Percent(0), delay: Span(0) };

impl Strike for Partition {
    fn applies(&self, roster: &Roster<Machine>) -> bool {
        let mut group = roster.group(&self.target.group);
        group.any(|member| member.role == Role::Replica)
            || roster.group(&self.target.group).count() > 1
    }
    fn inject(&self, on: &[Machine], roster: &Roster<Machine>, _: &mut Chance) -> Injected {
        links(on, &rest_of(on, &self.target, roster), self.direction, CUT)
    }
}

/// Whom a partition cuts them off from.
fn rest_of(on: &[Machine], target: &Target, roster: &Roster<Machine>) -> Vec<Machine> {
    let rest: Vec<Machine> = match on.iter().any(|machine| roster.is_replica(*machine)) {
        true => {
            let keepers =
                roster.0.iter().filter(|it| !matches!(it.role, Role::Replica | Role::Plain));
            keepers.map(|member| member.machine).collect()
        }
        false => roster.group(&target.group).map(|member| member.machine).collect(),
    };
    rest.into_iter().filter(|machine| !on.contains(machine)).collect()
}

impl Partition {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: draw.some(), direction: Direction::drawn(draw), lasts: draw.lasts() }
    }
}

impl Strike for Isolate {
    fn inject(&self, on: &[Machine], roster: &Roster<Machine>, _: &mut Chance) -> Injected {
        links(on, &everyone(roster), self.direction, CUT)
    }
}

impl Isolate {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: draw.one(), direction: Direction::drawn(draw), lasts: draw.lasts() }
    }
}

impl Strike for Clog {
    fn inject(&self, on: &[Machine], roster: &Roster<Machine>, _: &mut Chance) -> Injected {
        let state = LinkState { clogged: true, ..LinkState::default() };
        links(on, &everyone(roster), Direction::Both, state)
    }
}

impl Clog {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: draw.one(), lasts: draw.lasts() }
    }
}

impl Strike for Flaky {
    fn inject(&self, on: &[Machine], roster: &Roster<Machine>, _: &mut Chance) -> Injected {
        let state = LinkState { loss: self.loss, ..LinkState::default() };
        links(on, &everyone(roster), Direction::Both, state)
    }
}

impl Flaky {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let loss = Percent(*draw.chance.pick(&[2, 10, 30]).unwrap_or(&10));
        Self { target: draw.some(), loss, lasts: draw.lasts() }
    }
}

impl Strike for SlowLink {
    fn inject(&self, on: &[Machine], roster: &Roster<Machine>, _: &mut Chance) -> Injected {
        let state = LinkState { delay: self.delay, ..LinkState::default() };
        links(on, &everyone(roster), Direction::Both, state)
    }
}

impl SlowLink {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let delay = draw.chance.span(Span::millis(10), Span::millis(900));
        Self { target: draw.some(), delay, lasts: draw.lasts() }
    }
}

impl Strike for NoNames {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        Injected::effect_on(on, Effect::NoNames)
    }
}

impl NoNames {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: draw.some(), lasts: draw.lasts() }
    }
}

//! Disks: slow, failing, full, forgetful, rotten, and a power cut in the middle of a write.

use crate::{
    Blow, Chance, DiskState, DrawFrom, Effect, Injected, Machine, Percent, Roster, Span, Strike,
    Target, Which,
};
use serde::{Deserialize, Serialize};

/// Every disk operation takes longer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SlowDisk {
    pub target: Target,
    /// Added to each operation.
    pub delay: Span,
    pub lasts: Span,
}

/// A share of reads and writes ends with EIO.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DiskErrors {
    pub target: Target,
    /// Of the operations.
    pub share: Percent,
    pub lasts: Span,
}

/// A share of fsyncs fails, and what they should have kept is gone, as on Linux.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SyncFailures {
    pub target: Target,
    /// Of the fsyncs.
    pub share: Percent,
    pub lasts: Span,
}

/// No byte is free on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FullDisk {
    pub target: Target,
    pub lasts: Span,
}

/// Bits flip in durable sectors. It counts as lost, and the member is replaced at the end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BitRot {
    pub target: Target,
    /// How many.
    pub sectors: u16,
    pub lasts: Span,
}

/// A share of writes is acknowledged and forgotten. No promise survives a disk that lies after an
/// fsync, so this is never drawn: it is for stories that show what is then detected.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LostWrites {
    pub target: Target,
    /// Of the writes.
    pub share: Percent,
    pub lasts: Span,
}

/// A share of writes lands in another's place. Never drawn, as [`LostWrites`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MisdirectedWrites {
    pub target: Target,
    /// Of the writes.
    pub share: Percent,
    pub lasts: Span,
}

/// The power fails within the n-th disk operation from now; unsynced sectors are torn at will.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PowerCut {
    pub target: Target,
    /// Which, from one.
    pub operation: u32,
    /// Until the power is back.
    pub lasts: Span,
}

impl Strike for SlowDisk {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let state = DiskState { delay: self.delay, ..DiskState::default() };
        Injected::effect_on(on, |machine| Effect::Disk(machine, state))
    }
}

impl SlowDisk {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let delay = draw.chance.span(Span::millis(1), Span::millis(400));
        Self { target: draw.some(), delay, lasts: draw.lasts() }
    }
}

impl Strike for DiskErrors {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let state = DiskState { errors: self.share, ..DiskState::default() };
        Injected::effect_on(on, |machine| Effect::Disk(machine, state))
    }
}

impl DiskErrors {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let share = Percent(*draw.chance.pick(&[1, 5, 50]).unwrap_or(&5));
        Self { target: draw.one(), share, lasts: draw.lasts() }
    }
}

impl Strike for SyncFailures {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let state = DiskState { sync_failures: self.share, ..DiskState::default() };
        Injected::effect_on(on, |machine| Effect::Disk(machine, state))
    }
}

impl SyncFailures {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let share = Percent(*draw.chance.pick(&[5, 100]).unwrap_or(&100));
        Self { target: draw.one(), share, lasts: draw.lasts() }
    }
}

impl Strike for FullDisk {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let state = DiskState { full: true, ..DiskState::default() };
        Injected::effect_on(on, |machine| Effect::Disk(machine, state))
    }
}

impl FullDisk {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: draw.some(), lasts: draw.lasts() }
    }
}

impl Strike for BitRot {
    fn after(&self, on: &[Machine]) -> Vec<Blow> {
        on.iter().copied().map(Blow::Reimage).collect()
    }
    fn applies(&self, roster: &Roster<Machine>) -> bool {
        roster.voters(&self.target.group) > 2
    }
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, chance: &mut Chance) -> Injected {
        let pick = chance.bits();
        let blow = |machine| Blow::Rot(machine, self.sectors, pick);
        let effects = on.iter().copied().map(Effect::Ambushed).collect();
        Injected { effects, ..Injected::blow_on(on, blow) }
    }
}

impl BitRot {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let sectors = u16::try_from(draw.chance.between(1, 8)).unwrap_or(1);
        Self { target: Target::new(draw.group, Which::Random), sectors, lasts: draw.lasts() }
    }
}

impl Strike for LostWrites {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let state = DiskState { lost_writes: self.share, ..DiskState::default() };
        Injected::effect_on(on, |machine| Effect::Disk(machine, state))
    }
}

impl Strike for MisdirectedWrites {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let state = DiskState { misdirected_writes: self.share, ..DiskState::default() };
        Injected::effect_on(on, |machine| Effect::Disk(machine, state))
    }
}

impl Strike for PowerCut {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let blow = |machine| Blow::PowerCutAt { machine, operation: self.operation };
        let effects = on.iter().copied().map(Effect::Ambushed).collect();
        Injected { effects, ..Injected::blow_on(on, blow) }
    }
}

impl PowerCut {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let operation = u32::try_from(draw.chance.between(1, 60)).unwrap_or(1);
        Self { target: draw.some(), operation, lasts: draw.lasts() }
    }
}

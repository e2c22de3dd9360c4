//! What operators do at bad moments: compaction, defragmentation, changes of leader and members.

use crate::{
    Blow, Chance, DrawFrom, Injected, Machine, Maintenance, Roster, Strike, Target, Which,
};
use serde::{Deserialize, Serialize};

/// History is forgotten, but for the newest revisions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Compact {
    pub target: Target,
    /// How many revisions stay.
    pub keep: u32,
    /// Wait until the space is free.
    pub physical: bool,
}

/// Members give their free space back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Defragment {
    pub target: Target,
}

/// The leader is asked to hand over to the member struck.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MoveLeader {
    pub target: Target,
}

/// A new machine joins the group of the target.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AddMember {
    pub target: Target,
    /// It does not vote yet.
    pub learner: bool,
}

/// Members leave for good.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveMember {
    pub target: Target,
}

/// Learners become voters, if they have caught up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Promote {
    pub target: Target,
}

/// All members stop, and start again from a snapshot taken of the one struck, which must have
/// everything. Clients stand still meanwhile, so that nothing is acknowledged between the snapshot
/// and the end of the members. Never drawn: it ends every other fault's effect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    pub target: Target,
}

impl Strike for Compact {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let asked =
            Blow::Maintain(Maintenance::Compact { keep: self.keep, physical: self.physical });
        Injected { blows: on.first().map(|_| asked).into_iter().collect(), effects: Vec::new() }
    }
}

impl Compact {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let keep = *draw.chance.pick(&[0, 1, 10, 100]).unwrap_or(&0);
        let physical = draw.chance.one_in(2);
        Self { target: Target::new(draw.group, Which::Random), keep, physical }
    }
}

impl Strike for Defragment {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        Injected::blow_on(on, |machine| Blow::Maintain(Maintenance::Defragment(machine)))
    }
}

impl Defragment {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: draw.some() }
    }
}

impl Strike for MoveLeader {
    fn applies(&self, roster: &Roster<Machine>) -> bool {
        roster.voters(&self.target.group) > 1
    }
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        Injected::blow_on(on, |machine| Blow::Maintain(Maintenance::MoveLeader(machine)))
    }
}

impl MoveLeader {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: Target::new(draw.group, Which::Follower) }
    }
}

impl Strike for AddMember {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let asked = Blow::Maintain(Maintenance::AddMember { learner: self.learner });
        Injected { blows: on.first().map(|_| asked).into_iter().collect(), effects: Vec::new() }
    }
}

impl AddMember {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        let learner = draw.chance.one_in(2);
        Self { target: Target::new(draw.group, Which::Random), learner }
    }
}

impl Strike for RemoveMember {
    fn applies(&self, roster: &Roster<Machine>) -> bool {
        roster.voters(&self.target.group) > 2
    }
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        Injected::blow_on(on, |machine| Blow::Maintain(Maintenance::RemoveMember(machine)))
    }
}

impl RemoveMember {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: Target::new(draw.group, Which::Random) }
    }
}

impl Strike for Promote {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        Injected::blow_on(on, |machine| Blow::Maintain(Maintenance::Promote(machine)))
    }
}

impl Promote {
    pub(crate) fn draw(draw: &mut DrawFrom<'_>) -> Self {
        Self { target: Target::new(draw.group, Which::Learner) }
    }
}

impl Strike for Restore {
    fn inject(&self, on: &[Machine], _: &Roster<Machine>, _: &mut Chance) -> Injected {
        let asked = on.first().map(|&from| Blow::Maintain(Maintenance::Restore { from }));
        Injected { blows: asked.into_iter().collect(), effects: Vec::new() }
    }
}

//! What every fault can tell about itself.

use crate::{Blow, Chance, Effect, Machine, Roster, Span, Target};

/// The three verbs of a fault are pure: *applies* asks the roster, *inject* gives blows and effects
/// as values, and *heal* is the end of the effects, written once in [`crate::Director`]. Whom a fault
/// strikes, how long, and what it costs stand in the table.
pub trait Strike {
    /// True for what never heals, whatever else does.
    fn is_for_good(&self) -> bool {
        false
    }

    /// False where this cluster cannot suffer it, so that random choice never wastes a turn.
    fn applies(&self, _roster: &Roster<Machine>) -> bool {
        true
    }

    /// What falls when it heals: what an operator does about it.
    fn after(&self, _on: &[Machine]) -> Vec<Blow> {
        Vec::new()
    }

    /// What happens to the machines struck.
    fn inject(&self, on: &[Machine], roster: &Roster<Machine>, chance: &mut Chance) -> Injected;
}

/// What a fault costs the cluster, for its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// Slow, or asked for by an operator: every machine goes on serving.
    Nothing,
    /// The machines struck cannot be counted on until it heals. What they made durable is kept.
    Away,
    /// What the machines struck made durable may be gone.
    Lost,
}

/// What a strike does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Injected {
    /// At once, in this order, after the effects have begun.
    pub blows: Vec<Blow>,
    /// Until it heals.
    pub effects: Vec<Effect>,
}

impl Injected {
    /// One effect on each machine.
    pub(crate) fn effect_on(on: &[Machine], effect: impl FnMut(Machine) -> Effect) -> Self {
        Self { blows: Vec::new(), effects: on.iter().copied().map(effect).collect() }
    }

    /// One blow on each machine.
    pub(crate) fn blow_on(on: &[Machine], blow: impl FnMut(Machine) -> Blow) -> Self {
        Self { blows: on.iter().copied().map(blow).collect(), effects: Vec::new() }
    }
}

/// What a draw of chance may use.
#[derive(Debug)]
pub struct DrawFrom<'a> {
    /// Chance of this draw alone.
    pub chance: &'a mut Chance,
    /// The group to strike: `etcd`.
    pub group: &'a str,
    /// How many of the group vote; none does among replicas that keep nothing.
    pub members: u16,
    /// The shortest and the longest time that a fault of this draw lasts.
    pub lasts: (Span, Span),
}

impl DrawFrom<'_> {
    /// One machine, with a liking for the leader: most bugs are near it.
    pub(crate) fn one(&mut self) -> Target {
        use crate::Which::{Follower, Leader, Random};
        let which = *self.chance.pick(&[Leader, Leader, Follower, Random]).unwrap_or(&Random);
        let which = match self.members {
            0 => Random,
            1 => Leader,
            _ => which,
        };
        Target::new(self.group, which)
    }

    /// One machine, or several.
    pub(crate) fn some(&mut self) -> Target {
        use crate::Which::{All, Majority, Minority};
        if self.members == 1 || !self.chance.one_in(4) {
            return self.one();
        }
        let which = *self.chance.pick(&[Minority, Minority, Majority, All]).unwrap_or(&Minority);
        let which = if self.members == 0 { All } else { which };
        Target::new(self.group, which)
    }

    /// How long.
    pub(crate) fn lasts(&mut self) -> Span {
        let (low, high) = self.lasts;
        self.chance.span(low, high)
    }
}

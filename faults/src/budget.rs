//! How much may be broken at once for the promises under test still to hold.

use crate::{Harm, Machine};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many machines of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowed {
    /// Not one.
    None,
    /// As many as leave a quorum: one of three, two of five, none of one.
    Minority,
    /// Any number.
    Any,
}

impl Allowed {
    fn most(self, voters: usize) -> usize {
        match self {
            Allowed::None => 0,
            Allowed::Minority => voters.saturating_sub(1) / 2,
            Allowed::Any => usize::MAX,
        }
    }
}

/// What chaos may break at once.
///
/// Safety promises hold with any number of members away, since what they made durable comes back
/// with them. Durable loss is another matter: Raft counts on what a member has acknowledged, so a
/// lost disk is a lost member, and while one is being replaced no more than a minority in all may
/// be lost or away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Members that cannot be counted on for a while.
    pub away: Allowed,
    /// Members whose durable data may be gone.
    pub lost: Allowed,
}

impl Default for Budget {
    fn default() -> Self {
        Self { away: Allowed::Any, lost: Allowed::None }
    }
}

/// A strike that would break more than may be broken at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{broken} of {voters} would be broken at once, {most} may be")]
pub struct OverBudget {
    /// How many there would be.
    pub broken: usize,
    /// How many there may be.
    pub most: usize,
    /// Of how many.
    pub voters: usize,
}

impl Budget {
    /// Whether machines may be struck, given what is broken already.
    ///
    /// # Errors
    /// It would be too much.
    pub fn allows(
        self,
        harm: Harm,
        on: &[Machine],
        broken: &[(Machine, Harm)],
        voters: usize,
    ) -> Result<(), OverBudget> {
        if harm == Harm::Nothing {
            return Ok(());
        }
        let with = |least: Harm| -> usize {
            let old = broken.iter().filter(|(_, h)| *h >= least).map(|(m, _)| *m);
            let new = on.iter().copied().filter(|_| harm >= least);
            old.chain(new).collect::<BTreeSet<_>>().len()
        };
        let within = |broken: usize, most: usize| {
            if broken > most { Err(OverBudget { broken, most, voters }) } else { Ok(()) }
        };
        within(with(Harm::Lost), self.lost.most(voters))?;
        within(with(Harm::Away), self.away.most(voters))?;
        if with(Harm::Lost) > 0 && self.lost != Allowed::Any {
            within(with(Harm::Away), Allowed::Minority.most(voters))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Machine = Machine(0);
    const B: Machine = Machine(1);

    #[test]
    fn everyone_may_be_away_but_nothing_may_be_lost() {
        let budget = Budget::default();
        assert!(budget.allows(Harm::Away, &[A, B, Machine(2)], &[], 3).is_ok());
        assert!(budget.allows(Harm::Lost, &[A], &[], 3).is_err());
    }

    #[test]
    fn a_lost_disk_and_an_absent_member_count_together() {
        let budget = Budget { away: Allowed::Any, lost: Allowed::Minority };
        assert!(budget.allows(Harm::Lost, &[A], &[], 3).is_ok());
        assert!(budget.allows(Harm::Lost, &[A], &[(B, Harm::Away)], 3).is_err());
        assert!(budget.allows(Harm::Away, &[B], &[(A, Harm::Lost)], 3).is_err());
        assert!(budget.allows(Harm::Away, &[A], &[(A, Harm::Lost)], 3).is_ok());
        assert!(budget.allows(Harm::Lost, &[A], &[(B, Harm::Away)], 5).is_ok());
        assert!(budget.allows(Harm::Lost, &[A], &[], 1).is_err());
    }

    #[test]
    fn a_quorum_is_kept_when_asked_for() {
        let budget = Budget { away: Allowed::Minority, lost: Allowed::None };
        assert!(budget.allows(Harm::Away, &[A], &[], 3).is_ok());
        let over = budget.allows(Harm::Away, &[A], &[(B, Harm::Away)], 3);
        assert_eq!(over, Err(OverBudget { broken: 2, most: 1, voters: 3 }));
        assert!(budget.allows(Harm::Nothing, &[A], &[(B, Harm::Away)], 3).is_ok());
    }
}

//! Refuses changes that would leave the started members without a quorum (`--strict-reconfig-check`).

use super::Members;

impl Members {
    /// True when a voter may be added: the started voters stay a quorum although the new one is
    /// not up yet. A cluster of one may always grow, for that is how it is repaired.
    pub fn is_ready_to_add_voter(&self) -> bool {
        let (started, members) = self.started_and_all(None);
        (started == 1 && members == 1) || started > members.div_ceil(2)
    }

    /// True when a voter may be removed: the started ones that stay are a quorum.
    pub fn is_ready_to_remove_voter(&self, id: u64) -> bool {
        let (started, members) = self.started_and_all(Some(id));
        started > members / 2
    }

    /// True when a learner, which counts as started, may be promoted.
    pub fn is_ready_to_promote(&self) -> bool {
        let (started, members) = self.started_and_all(None);
        started + 1 > members.div_ceil(2)
    }

    fn started_and_all(&self, without: Option<u64>) -> (usize, usize) {
        let voters = self.voters().filter(|member| Some(member.id) != without);
        let started = voters.clone().filter(|member| super::is_started(member)).count();
        (started, voters.count())
    }
}

//! Which failed calls may be sent again (client/v3/retry.go and retry_interceptor.go).

use crate::EtcdError;
use std::time::Duration;
use tonic::{Code, Status};

/// What sending a call twice would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    /// No harm: reads, and what says the same twice.
    Repeatable,
    /// Perhaps a second write.
    NonRepeatable,
}

impl Policy {
    /// True when the call may be sent again after this error.
    pub(super) fn allows(self, error: &Status, endpoints: usize) -> bool {
        // Another member may be a voter.
        if EtcdError::from_status(error) == Some(EtcdError::NotSupportedForLearner) {
            return endpoints > 1;
        }
        match self {
            Self::Repeatable => error.code() == Code::Unavailable,
            Self::NonRepeatable => was_never_sent(error) || was_refused_without_leader(error),
        }
    }
}

/// True when the member looked for a leader before it did anything, as it is asked to by
/// `with_require_leader`, and had none (v3rpc/interceptor.go). Another member may have one. Upstream's
/// client gives up here: while one of three members is cut off, a third of all writes fails.
fn was_refused_without_leader(error: &Status) -> bool {
    EtcdError::from_status(error) == Some(EtcdError::NoLeader)
}

/// True when there was no connection to send the call on.
fn was_never_sent(error: &Status) -> bool {
    error.code() == Code::Unavailable
        && (error.message().starts_with("connection error: desc = \"transport: ")
            || error.message() == "no endpoints")
}

/// True when a write that failed so may have happened, or may still happen.
pub fn is_outcome_unknown(error: &Status) -> bool {
    use EtcdError::{
        Canceled, DeadlineExceeded, LeaderChanged, Stopped, Timeout, TimeoutDueToConnectionLost,
        TimeoutDueToLeaderFail, TimeoutWaitAppliedIndex, Unhealthy,
    };
    if was_never_sent(error) || was_refused_without_leader(error) {
        return false;
    }
    let Some(known) = EtcdError::from_status(error) else {
        // What no etcd said may have hit the answer as well as the request.
        return error.code() != Code::Unimplemented;
    };
    matches!(
        known,
        Canceled
            | DeadlineExceeded
            | LeaderChanged
            | Stopped
            | Timeout
            | TimeoutDueToConnectionLost
            | TimeoutDueToLeaderFail
            | TimeoutWaitAppliedIndex
            | Unhealthy
    )
}

/// A pause of 25 ms, a tenth more or less.
pub(super) fn wait(chance: u64) -> Duration {
    Duration::from_micros(22_500 + chance % 5_001)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_sent_again_only_when_they_were_never_sent() {
        let dial =
            Status::unavailable("connection error: desc = \"transport: Error while dialing\"");
        let broken = Status::unavailable("transport is closing");
        let late = Status::deadline_exceeded("context deadline exceeded");
        let compacted = Status::from(EtcdError::Compacted);
        let changed = Status::from(EtcdError::LeaderChanged);
        let learner = Status::from(EtcdError::NotSupportedForLearner);
        let leaderless = Status::from(EtcdError::NoLeader);
        // Error; may a read, may a write be sent again; may a write have happened.
        let cases = [
            (dial, true, true, false),
            (broken, true, false, true),
            (late, false, false, true),
            (compacted, false, false, false),
            (changed, true, false, true),
            (learner, true, true, false),
            (leaderless, true, true, false),
        ];
        for (error, read, write, unknown) in cases {
            assert_eq!(Policy::Repeatable.allows(&error, 3), read, "{error:?}");
            assert_eq!(Policy::NonRepeatable.allows(&error, 3), write, "{error:?}");
            assert_eq!(is_outcome_unknown(&error), unknown, "{error:?}");
        }
        let learner = Status::from(EtcdError::NotSupportedForLearner);
        assert!(!Policy::Repeatable.allows(&learner, 1), "there is no other member");
    }

    #[test]
    fn pauses_vary_by_a_tenth() {
        for chance in [0, 1, 5_000, 5_001, u64::MAX] {
            let wait = wait(chance);
            assert!(wait >= Duration::from_micros(22_500) && wait <= Duration::from_micros(27_500));
        }
    }
}

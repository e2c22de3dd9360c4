//! Exit codes: which kind of wrong.

use record::{Fail, Verdict};
use std::process::ExitCode;

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing was found.
    Clean,
    /// A promise was broken.
    Promise,
    /// The command or a scenario makes no sense.
    Usage,
    /// Our own code panicked, or reported a bug of its own.
    Crash,
    /// The cluster did not come back after everything healed.
    NoConvergence,
    /// The same seed did different things.
    NotDeterministic,
    /// A negative story or an exhibit was not caught.
    NotCaught,
}

/// For `--help`; [`Exit::number`] is the same list.
pub(crate) const HELP: &str = "\
Exit codes:
  0  nothing found
  1  a promise was broken
  2  usage: a bad command line or scenario
  3  our own code panicked or reported a bug of its own
  4  the cluster did not come back after everything healed
  5  not deterministic: the same seed did different things
  6  a deliberate bug was not caught (museum, negative stories)
A hunt that found several kinds ends with the smallest code but zero.";

impl Exit {
    fn number(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Promise => 1,
            Exit::Usage => 2,
            Exit::Crash => 3,
            Exit::NoConvergence => 4,
            Exit::NotDeterministic => 5,
            Exit::NotCaught => 6,
        }
    }

    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(self.number())
    }

    /// The exit for a verdict.
    pub(crate) fn of(verdict: &Verdict) -> Self {
        match verdict.broken().map(|broken| broken.kind) {
            None => Exit::Clean,
            Some(Fail::Promise) => Exit::Promise,
            Some(Fail::Crash) => Exit::Crash,
            Some(Fail::NoConvergence) => Exit::NoConvergence,
            Some(Fail::NotDeterministic) => Exit::NotDeterministic,
        }
    }

    /// The exit for several runs.
    pub(crate) fn of_all<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> Self {
        let exits = verdicts.into_iter().map(Exit::of).filter(|exit| *exit != Exit::Clean);
        exits.min_by_key(|exit| exit.number()).unwrap_or(Exit::Clean)
    }
}

//! One machine's idea of time: an origin of its own, a rate that drifts, a wall clock that is off.

use crate::Time;
use host::{Instant, Timestamp};
use std::time::Duration;

/// 2026-01-01T00:00:00Z, when every world begins by a clock that is right.
const WALL_BEGINNING_NS: u64 = 1_767_225_600_000_000_000;
const BILLION: i128 = 1_000_000_000;

/// A monotonic and a wall clock, as functions of true time.
#[derive(Clone, Debug)]
pub struct LocalClock {
    /// True time at which the present rate began.
    base: Time,
    /// What the monotonic clock read then.
    reading: u64,
    /// Parts per billion that the clock is too fast; minus a billion is a frozen clock.
    drift_ppb: i64,
    /// What the wall clock shows beyond the beginning plus the time since power-on by this clock.
    wall_ahead_ns: i128,
}

impl LocalClock {
    /// A clock switched on at `now`: right about wall time, monotonic from any `origin`.
    pub fn started(now: Time, origin: Instant) -> Self {
        let wall_ahead_ns = i128::from(now.0) - i128::from(origin.0);
        Self { base: now, reading: origin.0, drift_ppb: 0, wall_ahead_ns }
    }

    /// The monotonic reading at `now`.
    pub fn monotonic(&self, now: Time) -> Instant {
        let elapsed = i128::from(now.0.saturating_sub(self.base.0));
        let passed = elapsed * (BILLION + i128::from(self.drift_ppb)) / BILLION;
        Instant(self.reading.saturating_add(u64::try_from(passed).unwrap_or(0)))
    }

    /// The wall clock's reading at `now`. Never before 1970.
    pub fn wall(&self, now: Time) -> Timestamp {
        let ahead = self.wall_ahead_ns + i128::from(self.monotonic(now).0);
        Timestamp(u64::try_from(i128::from(WALL_BEGINNING_NS) + ahead).unwrap_or(0))
    }

    /// The first true time at which the monotonic clock will have reached `reading`, if its rate
    /// stays as it is; [`Time::MAX`] when frozen.
    pub fn when(&self, reading: Instant) -> Time {
        let rate = BILLION + i128::from(self.drift_ppb);
        if rate <= 0 {
            return Time::MAX;
        }
        let missing = i128::from(reading.0.saturating_sub(self.reading));
        // Rounded up: a timer may be late, never early.
        let wait = (missing * BILLION + rate - 1) / rate;
        Time(self.base.0.saturating_add(u64::try_from(wait).unwrap_or(u64::MAX)))
    }

    /// Runs `ppb` parts per billion too fast from `now` on.
    pub fn set_drift(&mut self, now: Time, ppb: i64) {
        self.reading = self.monotonic(now).0;
        self.base = self.base.max(now);
        self.drift_ppb = ppb.max(-1_000_000_000);
    }

    /// Moves the wall clock; the monotonic clock does not notice.
    pub fn jump_wall(&mut self, forward: bool, by: Duration) {
        let by = i128::try_from(by.as_nanos()).unwrap_or(i128::MAX / 4);
        self.wall_ahead_ns += if forward { by } else { -by };
    }

    /// Corrects what the clock shows and how fast it goes, as a time service would.
    pub fn correct(&mut self, now: Time) {
        self.set_drift(now, 0);
        self.wall_ahead_ns = i128::from(now.0) - i128::from(self.monotonic(now).0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_fast_clock_reaches_its_reading_early_and_never_before_time() {
        let mut clock = LocalClock::started(Time(5), Instant(100));
        clock.set_drift(Time(5), 500_000_000);
        assert_eq!(clock.monotonic(Time(5 + 2 * SECOND)), Instant(100 + 3 * SECOND));
        let when = clock.when(Instant(100 + 3 * SECOND));
        assert!(clock.monotonic(when) >= Instant(100 + 3 * SECOND));
        assert!(clock.monotonic(Time(when.0 - 1)) < Instant(100 + 3 * SECOND));
    }

    #[test]
    fn a_frozen_clock_stands_until_it_is_corrected() {
        let mut clock = LocalClock::started(Time(0), Instant(7));
        clock.set_drift(Time(SECOND), -1_000_000_000);
        assert_eq!(clock.monotonic(Time(9 * SECOND)), Instant(7 + SECOND));
        assert_eq!(clock.when(Instant(8 + SECOND)), Time::MAX);
        clock.correct(Time(9 * SECOND));
        assert_eq!(clock.monotonic(Time(10 * SECOND)), Instant(7 + 2 * SECOND));
        assert_eq!(clock.wall(Time(10 * SECOND)), Timestamp(WALL_BEGINNING_NS + 10 * SECOND));
    }

    #[test]
    fn a_wall_jump_leaves_the_monotonic_clock_alone() {
        let mut clock = LocalClock::started(Time(0), Instant(0));
        clock.jump_wall(false, Duration::from_secs(3600));
        assert_eq!(clock.monotonic(Time(SECOND)), Instant(SECOND));
        assert_eq!(clock.wall(Time(SECOND)).seconds(), WALL_BEGINNING_NS / SECOND - 3599);
    }
}

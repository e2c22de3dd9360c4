//! How many seats a level would have used: followed over time, and smoothed over periods.
//!
//! Upstream: flowcontrol/fairqueuing/integrator.go, flowcontrol/apf_controller.go
//! (seatDemandStats).

use host::Instant;

/// What is kept of the former smoothed demand from period to period; its half-life is five minutes
/// (seatDemandSmoothingCoefficient).
const SMOOTHING: f64 = 0.977;

/// Moments of a number that changes at times.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Integrator {
    last: Instant,
    value: f64,
    seconds: f64,
    sum: f64,
    sum_of_squares: f64,
    max: f64,
}

/// What a period was like.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Period {
    pub(super) seconds: f64,
    pub(super) average: f64,
    pub(super) deviation: f64,
    pub(super) max: f64,
}

impl Integrator {
    pub(super) fn new(now: Instant) -> Self {
        Self { last: now, value: 0.0, seconds: 0.0, sum: 0.0, sum_of_squares: 0.0, max: 0.0 }
    }

    /// From now on it is `value`.
    pub(super) fn set(&mut self, now: Instant, value: f64) {
        self.catch_up(now);
        self.value = value;
        self.max = self.max.max(value);
    }

    /// What the period that ends now was like; another begins.
    pub(super) fn reset(&mut self, now: Instant) -> Period {
        self.catch_up(now);
        let average = if self.seconds > 0.0 { self.sum / self.seconds } else { 0.0 };
        let variance = match self.seconds > 0.0 {
            true => self.sum_of_squares / self.seconds - average * average,
            false => 0.0,
        };
        let period = Period {
            seconds: self.seconds,
            average,
            // Rounding may leave it a little below zero.
            deviation: variance.max(0.0).sqrt(),
            max: self.max,
        };
        *self = Self { value: self.value, max: self.value, ..Self::new(now) };
        period
    }

    fn catch_up(&mut self, now: Instant) {
        let seconds = now.since(self.last).as_secs_f64();
        self.last = now;
        self.seconds += seconds;
        self.sum += self.value * seconds;
        self.sum_of_squares += self.value * self.value * seconds;
    }
}

/// A level's demand as it counts for borrowing.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Demand {
    pub(super) average: f64,
    pub(super) deviation: f64,
    /// The highest of the last period.
    pub(super) high: f64,
    /// Follows a rise at once, and a fall slowly.
    pub(super) smoothed: f64,
}

impl Demand {
    pub(super) fn update(&mut self, period: Period) {
        self.high = period.max;
        if period.seconds <= 0.0 {
            return;
        }
        (self.average, self.deviation) = (period.average, period.deviation);
        let envelope = period.average + period.deviation;
        self.smoothed = envelope.max(SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * envelope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Instant {
        Instant::default() + Duration::from_secs(seconds)
    }

    #[test]
    fn a_period_is_weighted_by_time() {
        let mut integrator = Integrator::new(at(0));
        integrator.set(at(0), 4.0);
        integrator.set(at(5), 0.0);
        let period = integrator.reset(at(10));
        assert_eq!((period.seconds, period.average, period.max), (10.0, 2.0, 4.0));
        assert!((period.deviation - 2.0).abs() < 1e-9);
        assert_eq!(integrator.reset(at(20)).max, 0.0);
    }

    #[test]
    fn demand_rises_at_once_and_falls_slowly() {
        let mut demand = Demand::default();
        let period = |average| Period { seconds: 10.0, average, deviation: 0.0, max: average };
        demand.update(period(100.0));
        assert_eq!(demand.smoothed, 100.0);
        for _ in 0..30 {
            demand.update(period(0.0));
        }
        assert!((45.0..55.0).contains(&demand.smoothed), "{}", demand.smoothed);
    }
}

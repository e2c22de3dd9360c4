//! A number that is followed over time: each nanosecond that it lasts is an observation.
//!
//! Upstream: component-base/metrics/prometheusextension (TimingHistogram).

use host::Instant;
use telemetry::Histogram;

#[derive(Debug)]
pub(crate) struct Utilization {
    histogram: Histogram,
    last: Instant,
    value: f64,
}

impl Utilization {
    /// Begins at zero.
    pub(crate) fn new(histogram: Histogram, now: Instant) -> Self {
        Self { histogram, last: now, value: 0.0 }
    }

    /// It has been what it was until now, and is `value` from now on.
    pub(crate) fn set(&mut self, now: Instant, value: f64) {
        let lasted = u64::try_from(now.since(self.last).as_nanos()).unwrap_or(u64::MAX);
        if lasted > 0 {
            self.histogram.observe_many(self.value, lasted);
        }
        (self.last, self.value) = (now, value);
    }
}

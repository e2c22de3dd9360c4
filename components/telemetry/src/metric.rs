//! Counters, gauges and histograms: shared numbers that are updated without locks.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// A count that only grows. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// `count` more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A floating-point number in an atomic.
#[derive(Debug, Default)]
struct Float(AtomicU64);

impl Float {
    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }

    fn add(&self, value: f64) {
        let sum = |bits| Some((f64::from_bits(bits) + value).to_bits());
        // The closure never refuses, so neither does this.
        let _ = self.0.fetch_update(Relaxed, Relaxed, sum);
    }
}

/// A number that goes up and down. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<Float>);

impl Gauge {
    /// Replaces the number.
    pub fn set(&self, value: f64) {
        self.0.set(value);
    }

    /// Adds to the number; a negative `value` takes away.
    pub fn add(&self, value: f64) {
        self.0.add(value);
    }

    /// The number now.
    pub fn get(&self) -> f64 {
        self.0.get()
    }
}

/// How often values fell into which range. Clones share it.
#[derive(Clone, Debug)]
pub struct Histogram(Arc<Buckets>);

#[derive(Debug)]
struct Buckets {
    /// Upper bounds, ascending; values beyond the last are in one more bucket.
    bounds: Vec<f64>,
    counts: Vec<AtomicU64>,
    sum: Float,
}

impl Histogram {
    /// # Panics
    /// When the bounds do not ascend.
    pub(crate) fn new(bounds: &[f64]) -> Self {
        assert!(bounds.is_sorted_by(|a, b| a < b), "histogram bounds must ascend: {bounds:?}");
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Buckets { bounds: bounds.to_vec(), counts, sum: Float::default() }))
    }

    /// Takes a value in.
    pub fn observe(&self, value: f64) {
        self.observe_many(value, 1);
    }

    /// Takes a value in as often as `count` says, such as once for each nanosecond that it lasted.
    pub fn observe_many(&self, value: f64, count: u64) {
        let index = self.0.bounds.partition_point(|bound| *bound < value);
        self.0.counts[index].fetch_add(count, Relaxed);
        self.0.sum.add(value * count as f64);
    }

    /// How many values were observed.
    pub fn count(&self) -> u64 {
        self.0.counts.iter().map(|count| count.load(Relaxed)).sum()
    }

    /// The sum of all values observed.
    pub fn sum(&self) -> f64 {
        self.0.sum.get()
    }

    /// Each bound with the number of values not above it; the last bound is infinite.
    pub(crate) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = self.0.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(&self.0.counts).scan(0, |total, (bound, count)| {
            *total += count.load(Relaxed);
            Some((bound, *total))
        })
    }
}

//! All metrics of one name, found by the values of their labels without allocating.

use crate::{Counter, Gauge, Histogram, Registry};
use parking_lot::RwLock;
use std::{cmp::Ordering, fmt, sync::Arc};

/// Combinations of values that are remembered; what is beyond is found in the registry, slower.
const CELLS_MAX: usize = 10_000;

/// The metrics of one name. Clones share them.
#[derive(Clone)]
pub struct Family<M>(Arc<Inner<M>>);

/// The values of a metric's labels, and the metric.
type Cell<M> = (Box<[Box<str>]>, M);
type Make<M> = Box<dyn Fn(&[(&str, &str)]) -> M + Send + Sync>;

struct Inner<M> {
    labels: &'static [&'static str],
    /// In the order of their values.
    cells: RwLock<Vec<Cell<M>>>,
    make: Make<M>,
}

impl<M> fmt::Debug for Family<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family").field("labels", &self.0.labels).finish_non_exhaustive()
    }
}

impl<M: Clone> Family<M> {
    fn new(labels: &'static [&'static str], make: Make<M>) -> Self {
        Self(Arc::new(Inner { labels, cells: RwLock::default(), make }))
    }

    /// The metric whose labels have these values, made at zero if it is new.
    ///
    /// # Panics
    /// When there are not as many values as labels.
    pub fn with(&self, values: &[&str]) -> M {
        assert_eq!(values.len(), self.0.labels.len(), "a value for each of {:?}", self.0.labels);
        let place = |cells: &[Cell<M>]| cells.binary_search_by(|(cell, _)| compare(cell, values));
        let cells = self.0.cells.read();
        if let Ok(at) = place(&cells) {
            return cells[at].1.clone();
        }
        drop(cells);
        let pairs: Vec<(&str, &str)> =
            self.0.labels.iter().copied().zip(values.iter().copied()).collect();
        let metric = (self.0.make)(&pairs);
        let mut cells = self.0.cells.write();
        if let (Err(at), true) = (place(&cells), cells.len() < CELLS_MAX) {
            let values = values.iter().map(|value| Box::from(*value)).collect();
            cells.insert(at, (values, metric.clone()));
        }
        metric
    }
}

fn compare(cell: &[Box<str>], values: &[&str]) -> Ordering {
    cell.iter().map(|value| &**value).cmp(values.iter().copied())
}

impl Registry {
    /// Counters of that name, told apart by these labels.
    pub fn counters(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
    ) -> Family<Counter> {
        let registry = self.clone();
        Family::new(labels, Box::new(move |pairs| registry.counter(name, help, pairs)))
    }

    /// Gauges of that name, told apart by these labels.
    pub fn gauges(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
    ) -> Family<Gauge> {
        let registry = self.clone();
        Family::new(labels, Box::new(move |pairs| registry.gauge(name, help, pairs)))
    }

    /// Histograms of that name with these bounds, told apart by these labels.
    pub fn histograms(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        bounds: &[f64],
    ) -> Family<Histogram> {
        let (registry, bounds) = (self.clone(), bounds.to_vec());
        Family::new(labels, Box::new(move |pairs| registry.histogram(name, help, pairs, &bounds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_values_are_the_same_metric() {
        let registry = Registry::new();
        let counters = registry.counters("a_total", "", &["x", "y"]);
        for values in [["1", "2"], ["2", "1"], ["1", "2"], ["", "3"]] {
            counters.with(&values).increment();
        }
        assert_eq!(counters.with(&["1", "2"]).get(), 2);
        let text = registry.render();
        assert!(text.contains("a_total{x=\"1\",y=\"2\"} 2\n"), "{text}");
        assert!(text.contains("a_total{x=\"\",y=\"3\"} 1\n"), "{text}");
    }

    #[test]
    fn a_value_can_count_many_times() {
        let registry = Registry::new();
        let histogram = registry.histograms("a", "", &[], &[1.0, 2.0]).with(&[]);
        histogram.observe_many(1.5, 4);
        histogram.observe_many(0.5, 0);
        assert_eq!((histogram.count(), histogram.sum()), (4, 6.0));
    }
}

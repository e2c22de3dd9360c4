//! The names under which metrics are known, with their help and their labels.

use crate::{Counter, Gauge, Histogram, text};
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc};

/// Label sets of one name that are kept; more are counted, but not rendered. A label that is a
/// user's to choose must not fill the memory.
const SERIES_MAX: usize = 10_000;

/// A set of metrics. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Registry(Arc<Mutex<BTreeMap<String, Family>>>);

/// All that is known under one name.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) help: String,
    pub(crate) kind: &'static str,
    pub(crate) series: BTreeMap<Labels, Metric>,
}

/// Names and values, by name.
pub(crate) type Labels = Vec<(String, String)>;

#[derive(Clone, Debug)]
pub(crate) enum Metric {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Histogram),
}

impl Metric {
    fn kind(&self) -> &'static str {
        match self {
            Metric::Counter(_) => "counter",
            Metric::Gauge(_) => "gauge",
            Metric::Histogram(_) => "histogram",
        }
    }
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// The counter of that name and those labels, made at zero if it is new.
    ///
    /// # Panics
    /// When the name is another kind of metric.
    pub fn counter(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Counter {
        match self.metric(name, help, labels, || Metric::Counter(Counter::default())) {
            Metric::Counter(counter) => counter,
            other => mismatch(name, &other),
        }
    }

    /// The gauge of that name and those labels, made at zero if it is new.
    ///
    /// # Panics
    /// When the name is another kind of metric.
    pub fn gauge(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Gauge {
        match self.metric(name, help, labels, || Metric::Gauge(Gauge::default())) {
            Metric::Gauge(gauge) => gauge,
            other => mismatch(name, &other),
        }
    }

    /// The histogram of that name and those labels, made empty with `bounds` if it is new.
    ///
    /// # Panics
    /// When the name is another kind of metric, or the bounds do not ascend.
    pub fn histogram(
        &self,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
        bounds: &[f64],
    ) -> Histogram {
        match self.metric(name, help, labels, || Metric::Histogram(Histogram::new(bounds))) {
            Metric::Histogram(histogram) => histogram,
            other => mismatch(name, &other),
        }
    }

    /// The text format 0.0.4, by name and then by labels: the same metrics give the same text.
    /// Its content type is `text/plain; version=0.0.4; charset=utf-8`.
    pub fn render(&self) -> String {
        let mut out = String::new();
        for (name, family) in &*self.0.lock() {
            text::family(&mut out, name, family);
        }
        out
    }

    fn metric(
        &self,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
        make: impl FnOnce() -> Metric,
    ) -> Metric {
        let mut labels: Labels =
            labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        labels.sort();
        let mut families = self.0.lock();
        if let Some(metric) = families.get(name).and_then(|family| family.series.get(&labels)) {
            return metric.clone();
        }
        let metric = make();
        let family = families.entry(name.to_owned()).or_insert_with(|| Family {
            help: help.to_owned(),
            kind: metric.kind(),
            series: BTreeMap::new(),
        });
        assert_eq!(family.kind, metric.kind(), "metric {name} was registered as another kind");
        if family.series.len() < SERIES_MAX {
            family.series.insert(labels, metric.clone());
        }
        metric
    }
}

fn mismatch(name: &str, found: &Metric) -> ! {
    panic!("metric {name} was registered as a {}", found.kind())
}

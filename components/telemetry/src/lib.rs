//! Counters, gauges and histograms as values, rendered as Prometheus text.

//! Prometheus' text format 0.0.4, byte for byte as the Go client's `expfmt` writes it.

use crate::registry::{Family, Labels, Metric};
use std::fmt::{self, Write as _};

/// Appends one family; one without series leaves no trace, as in Go.
pub(crate) fn family(out: &mut String, name: &str, family: &Family) {
    if family.series.is_empty() {
        return;
    }
    let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
    line(out, format_args!("# HELP {name} {help}"));
    line(out, format_args!("# TYPE {name} {}", family.kind));
    for (labels, metric) in &family.series {
        series(out, name, labels, metric);
    }
}

fn series(out: &mut String, name: &str, labels: &Labels, metric: &Metric) {
    let plain = braces(labels, None);
    match metric {
        Metric::Counter(counter) => {
            line(out, format_args!("{name}{plain} {}", number(counter.get() as f64)));
        }
        Metric::Gauge(gauge) => line(out, format_args!("{name}{plain} {}", number(gauge.get()))),
        Metric::Histogram(histogram) => {
            let mut count = 0;
            for (bound, total) in histogram.cumulative() {
                let labels = braces(labels, Some(bound));
                line(out, format_args!("{name}_bucket{labels} {total}"));
                count = total;
            }
            line(out, format_args!("{name}_sum{plain} {}", number(histogram.sum())));
            line(out, format_args!("{name}_count{plain} {count}"));
        }
    }
}

fn line(out: &mut String, text: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

/// `{a="1",le="0.5"}`, or nothing without labels.
fn braces(labels: &Labels, bound: Option<f64>) -> String {
    let mut pairs: Vec<_> =
        labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    pairs.extend(bound.map(|bound| format!("le=\"{}\"", number(bound))));
    if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"")
}

/// Go's `strconv.FormatFloat(value, 'g', -1, 64)`: the shortest digits that read back the same,
/// with an exponent from a million up and below a ten-thousandth.
fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Registry, exponential};

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (100_000.0, "100000"),
            (1_000_000.0, "1e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e100, "1e+100"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn the_text_is_ordered_and_escaped() {
        let registry = Registry::new();
        let help = "Says \\ and\nmore.";
        registry.counter("z_total", help, &[("b", "2"), ("a", "q\"\\\n")]).add(3);
        registry.counter("z_total", help, &[("a", "1"), ("b", "2")]).increment();
        registry.gauge("level", "A level.", &[]).set(-0.5);
        let histogram = registry.histogram("took_seconds", "Took.", &[], &exponential(0.5, 2.0, 2));
        for value in [0.5, 0.7, 9.0] {
            histogram.observe(value);
        }
        let expected = r#"# HELP level A level.
# TYPE level gauge
level -0.5
# HELP took_seconds Took.
# TYPE took_seconds histogram
took_seconds_bucket{le="0.5"} 1
took_seconds_bucket{le="1"} 2
took_seconds_bucket{le="+Inf"} 3
took_seconds_sum 10.2
took_seconds_count 3
# HELP z_total Says \\ and\nmore.
# TYPE z_total counter
z_total{a="1",b="2"} 1
z_total{a="q\"\\\n",b="2"} 3
"#;
        assert_eq!(registry.render(), expected);
    }

    #[test]
    fn one_name_with_the_same_labels_is_one_metric() {
        let registry = Registry::new();
        registry.counter("a", "", &[("x", "1")]).increment();
        registry.counter("a", "", &[("x", "1")]).increment();
        assert_eq!(registry.counter("a", "", &[("x", "1")]).get(), 2);
        for number in 0..11_000 {
            registry.counter("many", "", &[("n", &number.to_string())]).increment();
        }
        let rendered = registry.render().lines().filter(|line| line.starts_with("many{")).count();
        assert_eq!(rendered, 10_000, "a flood of labels is cut");
    }
}

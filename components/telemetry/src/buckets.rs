//! Upper bounds of histogram buckets, computed as Prometheus' Go client does.

/// The Go client's `DefBuckets`, in seconds.
pub const DEFAULT_BUCKETS: [f64; 11] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// `count` bounds: `start`, and each further one `factor` times the one before.
///
/// The products are taken one after the other, as upstream does: the text of a bound such as
/// `0.0512` depends on it.
pub fn exponential(start: f64, factor: f64, count: usize) -> Vec<f64> {
    std::iter::successors(Some(start), |bound| Some(bound * factor)).take(count).collect()
}

/// `count` bounds: `start`, and each further one `width` more.
pub fn linear(start: f64, width: f64, count: usize) -> Vec<f64> {
    std::iter::successors(Some(start), |bound| Some(bound + width)).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_grow_by_factor_or_by_width() {
        assert_eq!(exponential(0.001, 2.0, 4), [0.001, 0.002, 0.004, 0.008]);
        assert_eq!(linear(0.0, 0.1, 3), [0.0, 0.1, 0.2]);
        assert!(exponential(1.0, 2.0, 0).is_empty());
    }
}

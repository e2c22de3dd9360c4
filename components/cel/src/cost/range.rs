//! Ranges of sizes and costs, which end at the largest number instead of wrapping.

/// From the least to the most.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CostEstimate {
    pub min: u64,
    pub max: u64,
}

/// Code points, bytes, elements or entries, from the fewest to the most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SizeEstimate {
    pub min: u64,
    pub max: u64,
}

/// A size times what each unit costs, rounded up.
pub(super) fn scaled(size: u64, factor: f64) -> u64 {
    let cost = (size as f64 * factor).ceil();
    // Casts of doubles end at the largest number.
    cost as u64
}

/// What is the same for sizes and costs, which are never mixed.
macro_rules! arithmetic {
    ($($range:ident),+) => {$(
        impl $range {
            /// Exactly so much.
            pub fn fixed(amount: u64) -> Self {
                Self { min: amount, max: amount }
            }

            pub(super) fn plus(self, other: Self) -> Self {
                Self {
                    min: self.min.saturating_add(other.min),
                    max: self.max.saturating_add(other.max),
                }
            }

            pub(super) fn times(self, other: Self) -> Self {
                Self {
                    min: self.min.saturating_mul(other.min),
                    max: self.max.saturating_mul(other.max),
                }
            }

            pub(super) fn union(self, other: Self) -> Self {
                Self { min: self.min.min(other.min), max: self.max.max(other.max) }
            }
        }
    )+};
}

arithmetic!(CostEstimate, SizeEstimate);

impl CostEstimate {
    pub(super) fn scaled(self, factor: f64) -> Self {
        Self { min: scaled(self.min, factor), max: scaled(self.max, factor) }
    }
}

impl SizeEstimate {
    /// Between nothing and everything.
    pub const UNKNOWN: SizeEstimate = SizeEstimate { min: 0, max: u64::MAX };

    /// What going over it costs, a unit at a time.
    pub(super) fn cost(self, factor: f64) -> CostEstimate {
        CostEstimate { min: scaled(self.min, factor), max: scaled(self.max, factor) }
    }

    /// What doing something for each unit costs.
    pub(super) fn each(self, cost: CostEstimate) -> CostEstimate {
        CostEstimate {
            min: self.min.saturating_mul(cost.min),
            max: self.max.saturating_mul(cost.max),
        }
    }
}

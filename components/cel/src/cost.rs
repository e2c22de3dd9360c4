//! What expressions cost: counted while they run, and estimated before they may be written.
//!
//! Upstream: cel-go `common/cost.go`, `interpreter/runtimecost.go`, `checker/cost.go`; apiserver
//! `pkg/cel/library/cost.go`. Estimates decide which rules a CRD may have: they are upstream's, unit
//! for unit.

pub(crate) mod actual;
mod budget;
mod calls;
mod estimate;
mod range;

use crate::schema::Schema;
use std::sync::Arc;

pub use budget::{Cardinality, over_budget};
pub(crate) use estimate::estimate;
pub use range::{CostEstimate, SizeEstimate};

/// Reading a string costs a tenth of a unit for each code point.
const TRAVERSAL: f64 = 0.1;
/// A pattern is guessed to have a state for every four code points.
const PATTERN: f64 = 0.25;
/// A check of the authorizer: two fit into one expression.
const AUTHORIZER_CHECK: u64 = 350_000;

/// How large variables' parts can be.
pub trait Sizes {
    /// Of what a path leads to: a variable's name, then fields, `@items`, `@keys`, `@values`.
    fn size(&self, path: &[Arc<str>]) -> Option<SizeEstimate>;
}

/// Nothing is known.
#[derive(Clone, Copy, Debug)]
pub struct NoSizes;

impl Sizes for NoSizes {
    fn size(&self, _: &[Arc<str>]) -> Option<SizeEstimate> {
        None
    }
}

/// A CRD's rule: every variable has the shape of the schema that carries the rule
/// (apiextensions-apiserver `pkg/apiserver/schema/cel/compilation.go`, `sizeEstimator`).
impl Sizes for Schema {
    fn size(&self, path: &[Arc<str>]) -> Option<SizeEstimate> {
        let (_, below) = path.split_first()?;
        let mut schema = self;
        for part in below {
            schema = match &**part {
                "@items" | "@values" => schema.items()?,
                // Keys are strings without a limit of their own: upstream's type of keys has none.
                "@keys" => return schema.items().map(|_| SizeEstimate::fixed(0)),
                field => schema.field(field)?,
            };
        }
        Some(SizeEstimate { min: 0, max: schema.elements_max })
    }
}

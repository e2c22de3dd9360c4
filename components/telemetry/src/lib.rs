//! Metrics as values: a registry that is handed around, and its rendering for Prometheus.
//!
//! There is no global registry: a process makes one and gives it to its components, so that a
//! simulation can hold a hundred side by side. Handles are cheap to clone and to update.

mod buckets;
mod family;
mod metric;
mod registry;
mod text;

pub use buckets::{DEFAULT_BUCKETS, exponential, linear};
pub use family::Family;
pub use metric::{Counter, Gauge, Histogram};
pub use registry::Registry;

//! Texts that mean something wherever Kubernetes reads them: names, quantities, moments,
//! spans.
//!
//! Objects (`api`) and expressions about them (`cel`) have to read the same text in the same way;
//! this is what both read it with.

pub mod duration;
pub mod names;
pub mod quantity;
pub mod time;

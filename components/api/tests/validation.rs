//! What is wrong with objects, by kind: an object that is right, and what each change of it breaks.

#[path = "validation/core.rs"]
mod core;
#[path = "validation/harness.rs"]
mod harness;
#[path = "validation/metadata.rs"]
mod metadata;
#[path = "validation/pods.rs"]
mod pods;

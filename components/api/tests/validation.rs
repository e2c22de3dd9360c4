//! What is wrong with objects, by kind: an object that is right, and what each change of it breaks.

mod arbitrary;

#[path = "validation/any.rs"]
mod any;
#[path = "validation/core.rs"]
mod core;
#[path = "validation/groups.rs"]
mod groups;
#[path = "validation/harness.rs"]
mod harness;
#[path = "validation/metadata.rs"]
mod metadata;
#[path = "validation/more_groups.rs"]
mod more_groups;
#[path = "validation/pods.rs"]
mod pods;
#[path = "validation/workloads.rs"]
mod workloads;

//! Controller managers at work, also while machines, links and processes fail.

#![allow(clippy::unwrap_used, reason = "a test: failing loudly is its purpose")]

mod garbage;
mod jobs;
#[path = "../objects/place.rs"]
mod place;
mod replicas;
mod world;

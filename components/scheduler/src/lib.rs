//! kube-scheduler: decides on which node each pod runs.
//!
//! What is decided is pure: [`cycle`] places one pod in a [`cluster`], asking the [`plugins`] of a
//! profile ([`framework`]); [`queue`] says which pod is next; [`core`] puts these together. Counts
//! of pods by place are kept in an [`index`] as pods come and go, so that a cycle costs nothing for
//! pods that it need not look at.
//!
//! Upstream: pkg/scheduler.

pub mod cluster;
pub mod config;
pub mod core;
pub mod cycle;
pub mod framework;
pub mod index;
pub mod objects;
pub mod plugins;
pub mod queue;
pub mod shell;

pub use shell::{Fatal, Scheduler};

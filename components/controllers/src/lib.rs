//! kube-controller-manager: each controller decides what is to be written, and one driver does the
//! rest.
//!
//! A [`controller::Controller`] looks at what informers show, asks for what they do not, and
//! answers with a [`plan::Plan`]: writes as values. Being values, they are made in one place, which
//! also waits until a controller's own writes are seen, repeats what failed, and tells people.
//!
//! Upstream: pkg/controller, cmd/kube-controller-manager.

#[cfg(test)]
mod cases;
mod cleanup;
pub mod controller;
mod credentials;
mod discovery;
mod driver;
mod identity;
mod kinds;
mod manager;
mod naming;
mod networks;
mod object;
mod ownership;
pub mod plan;
mod pods;
mod policy;
mod serving;
mod table;
mod view;
mod workloads;

pub use kinds::Kind;
pub use manager::{ControllerManager, Fatal, Settings};
pub use serving::{Serving, ServingError};
pub use view::View;

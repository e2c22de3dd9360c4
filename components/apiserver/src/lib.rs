//! kube-apiserver: the one door to a cluster's state.
//!
//! A request goes through [`server`]'s chain: who is it, may it, what does it change, and then to
//! the registry, which treats all kinds alike. Objects are kept in etcd and near it in watch
//! caches.

mod admission;
mod audit;
mod authentication;
mod authorization;
mod bootstrap;
mod cache;
mod continuation;
mod failure;
mod flow;
mod metrics;
mod object;
mod query;
mod registry;
mod request_info;
mod run;
mod selection;
mod server;
mod services;
mod storage;

pub mod config;

pub use admission::{BadSettings as BadAdmission, Settings as AdmissionSettings};
pub use audit::{AuditLog, AuditPolicy};
pub use authentication::{KeyError, PublicKey, ServiceAccounts, SigningKey, Tokens, User};
pub use authorization::{Mode, Policy, PolicyError};
pub use metrics::Usage;
pub use run::{ApiServer, Fatal};
pub use services::{BadCidr, Cidr, Services};

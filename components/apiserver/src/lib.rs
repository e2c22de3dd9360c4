//! kube-apiserver: the one door to a cluster's state.
//!
//! A request goes through [`server`]'s chain: who is it, may it, what does it change, and then to
//! the registry, which treats all kinds alike. Objects are kept in etcd and near it in watch
//! caches.

mod admission;
mod aggregation;
mod audit;
mod authentication;
mod authorization;
mod bootstrap;
mod cache;
mod configuration;
mod continuation;
mod expiring;
mod failure;
mod faults;
mod files;
mod flow;
mod kubelets;
mod metrics;
mod object;
mod query;
mod registry;
mod remote;
mod request_info;
mod routing;
mod run;
mod selection;
mod server;
mod services;
mod storage;
mod webhook;

pub mod config;

pub use admission::{BadSettings as BadAdmission, Settings as AdmissionSettings};
pub use aggregation::Aggregation;
pub use audit::{
    AuditBatches, AuditFile, AuditMode, AuditPolicy, AuditSettings, AuditSink, AuditTarget,
    AuditTruncation, LineWriter,
};
pub use authentication::{
    Anonymous, AuthenticationConfiguration, JwtSettings, KeyError, OidcFlags, PublicKey,
    RequestHeader, ServiceAccounts, SigningKey, TokenWebhook, Tokens, User,
};
pub use authorization::{
    AuthorizationConfiguration, AuthorizationFile, AuthorizationWebhook, Mode, Policy, PolicyError,
};
pub use kubelets::KubeletAccess;
pub use metrics::Usage;
pub use remote::Remote;
pub use routing::Routing;
pub use run::{ApiServer, Fatal};
pub use services::{BadCidr, Cidr, Services};

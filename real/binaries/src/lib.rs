//! Flags to config to run: what the production binaries share.

pub mod answers;
pub mod etcd_flags;
pub mod flag_sources;
pub mod go_duration;
mod kube_apiserver_admission;
pub mod kube_apiserver_flags;
mod kube_apiserver_services;
pub mod kube_controller_manager_flags;
pub mod kube_scheduler_flags;
pub mod serving;

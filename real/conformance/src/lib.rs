//! Real processes under unmodified clients: starts members of `etcd`, ours or Debian's, on loopback,
//! and drives them as their users do.
//!
//! Everything here panics with a sentence when something is missing or too late: it serves tests only.

pub mod answer;
pub mod apiserver;
pub mod authority;
pub mod binaries;
pub mod cluster;
pub mod controller_manager;
pub mod etcdctl;
pub mod http;
pub mod kubectl;
pub mod member;
pub mod node;
pub mod outside;
pub mod ports;
pub mod process;
pub mod python;
pub mod scratch;
pub mod script;
pub mod until;

//! The wire over Linux's loopback: both HTTP versions on one port, TLS, limits, restarts.
#![allow(clippy::unwrap_used, reason = "a test: failing loudly is its purpose")]

mod echo;
mod http;
mod limits;
mod proxy;
mod restart;
mod setting;
mod tls;

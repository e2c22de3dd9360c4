//! What unmodified kubectl does through the API server to kubelets and to what runs in the cluster.

#![allow(clippy::unwrap_used, reason = "a test: failing loudly is its purpose")]

mod command;
mod forwarded;
mod kubelet;
mod lines;
mod logs;
mod place;
mod proxies;
mod spdy;
mod terminals;
mod websocket;

//! The client of API servers, and the scheduler, where machines, links and processes fail.

#![allow(clippy::unwrap_used, reason = "a test: failing loudly is its purpose")]

mod conversion;
mod elections;
mod informers;
mod place;
mod scheduling;
mod streams;
mod webhooks;

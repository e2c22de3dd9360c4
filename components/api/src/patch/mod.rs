//! The four ways to change an object, and the record of who owns which of its fields.
//!
//! | content type | module |
//! |---|---|
//! | `application/json-patch+json` | [`json_patch`] |
//! | `application/merge-patch+json` | [`merge_patch`] |
//! | `application/strategic-merge-patch+json` | [`strategic`] |
//! | `application/apply-patch+yaml` | [`apply`] |
//!
//! [`fields`] are what managers own, [`managed`] is where an object tells it.

pub mod apply;
mod conflict;
mod error;
pub mod fields;
mod filter;
pub mod go;
pub mod json_patch;
pub mod managed;
pub mod merge_patch;
mod pointer;
pub mod strategic;
mod typed;

pub use conflict::Conflicts;
pub use error::{Cause, PatchError};
pub use filter::Filter;

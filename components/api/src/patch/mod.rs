//! The four ways to change an object, and the record of who owns which of its fields.
//!
//! | content type | module |
//! |---|---|
//! | `application/json-patch+json` | [`json_patch`] |
//! | `application/merge-patch+json` | [`merge_patch`] |
//! | `application/strategic-merge-patch+json` | [`strategic`] |

mod error;
mod go;
pub mod json_patch;
pub mod merge_patch;
mod pointer;
pub mod strategic;

pub use error::{Cause, PatchError};

//! Schemas of custom resources: what they prune, fill in, refuse, and say to who applies.
//!
//! | file | what |
//! |---|---|
//! | `schema.rs` | a schema, read |
//! | `prune.rs`, `defaults.rs`, `embedded.rs` | an object on its way in |
//! | `validate/`, `lists.rs` | what is wrong with it |
//! | `rules/` | expressions that must hold |
//! | `types.rs` | the same schema as the types of server-side apply |
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/schema.

pub mod defaults;
pub mod embedded;
pub mod lists;
pub mod path;
pub mod prune;
pub mod rules;
mod schema;
mod types;
mod validate;

pub use schema::{Additional, Limits, Structural};
pub use types::Types;
pub use validate::{validate, validate_change};

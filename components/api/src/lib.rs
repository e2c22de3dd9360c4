//! Kubernetes' resources as data: what a type looks like, and what can be done to its objects.
//!
//! Everything here is pure: no clock, no network, no chance. An object is JSON; a [`schema::Schemas`]
//! tells what its fields are.

pub mod decode;
pub mod defaults;
pub mod definition;
pub mod json_path;
pub mod openapi;
pub mod patch;
pub mod printing;
pub mod protobuf;
pub mod resources;
pub mod schema;
pub mod selector;
pub mod structural;
pub mod table;
pub mod validation;
pub mod versions;

pub use scalars::{names, quantity, time};

//! The Common Expression Language as Kubernetes 1.36 uses it: parsed, checked, estimated, run.
//!
//! ```
//! use cel::{environment::kubernetes, program::Program, schema, value::Value};
//! use std::collections::BTreeMap;
//!
//! let schema = serde_json::json!({"type": "object", "properties": {"replicas": {"type": "integer"}}});
//! let schema = schema::from_openapi(&schema, "selfType", false).ok_or("not exposed")?;
//! let environment = kubernetes::crd_rule(&kubernetes::functions(), &schema, false, false);
//! let rule = Program::compile("self.replicas <= 10", &environment)?;
//!
//! let object = serde_json::json!({"replicas": 3});
//! let bindings = BTreeMap::from([("self", Value::from_json(&object, Some(&schema))?)]);
//! let run = rule.run(&bindings, kubernetes::CALL_COST_MAX);
//! assert!(matches!(run.value, Ok(Value::Bool(true))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod ast;
mod checker;
pub mod cost;
pub mod environment;
mod escape;
pub mod eval;
pub mod functions;
mod lexer;
pub mod library;
pub mod macros;
pub mod parser;
mod pattern;
mod plan;
pub mod printer;
pub mod program;
pub mod schema;
pub mod source;
pub mod types;
pub mod value;

pub use checker::Checked;

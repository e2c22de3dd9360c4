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
//!
//! A text goes through [`parser`] (macros expanded), the checker (types and overloads of every node),
//! [`cost`] (the estimate that decides whether a CRD may have the rule) and a plan that is run over
//! [`value`]s, which borrow the object's JSON. [`environment`] says what may be named where.
//!
//! # Why not the crate `cel`
//!
//! What version 0.15 of it does with the cases in `tests/cases` (2026-11):
//!
//! | topic | gives the value | refuses at compile time |
//! |---|---|---|
//! | literals, operators, conversions, logic | 101 of 110 | 5 of 25 |
//! | fields, lists, macros of one variable | 27 of 43 | 2 of 13 |
//! | time | 19 of 19 | 0 of 1 |
//! | macros of two variables | 0 of 13 | 0 of 2 |
//! | optional values | 7 of 22 | 2 of 2 |
//! | strings, regular expressions | 11 of 43 | 0 of 1 |
//! | Kubernetes' libraries: quantities, addresses, formats, versions, URLs, sets, authorizer | 0 of 70 | 0 of 3 |
//! | objects with a schema | 5 of 13 | 0 of 2 |
//! | costs, estimates | none | none |
//!
//! There is no checker, and with it no estimates and no dispatch by overload; values are owned, so an
//! object is copied before a rule looks at one field; nothing counts costs, and nothing ends a run. What
//! could be kept is its parser, which is ANTLR's. Of extending it would have remained little but that.

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
pub mod pattern;
mod plan;
pub mod printer;
pub mod program;
pub mod schema;
pub mod source;
pub mod types;
pub mod value;

pub use checker::Checked;

//! The Common Expression Language as Kubernetes 1.36 uses it.

pub mod ast;
mod escape;
mod lexer;
pub mod macros;
pub mod parser;
pub mod printer;
pub mod source;

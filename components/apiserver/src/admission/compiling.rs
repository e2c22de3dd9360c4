//! From texts in policies and webhooks to programs.

use super::{
    pod::{items, text},
    validating_admission_policy::Expression,
};
use cel::{
    environment::{
        Environment,
        kubernetes::{self, Admission, VARIABLES},
    },
    program::Program,
    types::Type,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where the expressions of one policy stand.
#[derive(Debug)]
pub(super) struct Compiler(Environment);

impl Compiler {
    pub(super) fn new(options: Admission) -> Self {
        Self(kubernetes::admission(&kubernetes::functions(), options))
    }

    /// Compiles a policy's variables: each may name those before it.
    pub(super) fn with_variables(
        mut self,
        variables: &Value,
    ) -> (Self, BTreeMap<String, Expression>) {
        let mut compiled = BTreeMap::new();
        for variable in items(variables) {
            let name = text(&variable["name"]);
            let program = self.compile(text(&variable["expression"]), &[]);
            let declared = program.as_ref().map_or(Type::Dyn, |it| it.result_type().clone());
            self.0.add_field(VARIABLES, name, declared);
            compiled.insert(name.to_owned(), program);
        }
        (self, compiled)
    }

    /// Compiles a text that must give one of these types, anything where none is named.
    pub(super) fn compile(&self, text: &str, wanted: &[Type]) -> Expression {
        let program = Program::compile(text, &self.0)
            .map_err(|issues| format!("compilation failed: {issues}"))?;
        let dynamic = *program.result_type() == Type::Dyn;
        if !wanted.is_empty() && !dynamic {
            program.must_give(wanted)?;
        }
        Ok(program)
    }
}

/// Compiles a policy's match conditions, which know nothing of its variables.
pub(super) fn conditions(options: Admission, list: &Value) -> Vec<(String, Expression)> {
    if items(list).next().is_none() {
        return Vec::new();
    }
    let compiler = Compiler::new(options);
    let one = |condition: &Value| {
        let program = compiler.compile(text(&condition["expression"]), &[Type::Bool]);
        (text(&condition["name"]).to_owned(), program)
    };
    items(list).map(one).collect()
}

//! Expressions of policies and webhooks: they compile, and give what is wanted of them.
//!
//! Upstream: apiserver/pkg/admission/plugin/cel/compile.go.

use crate::validation::{error::Errors, field::Field};
use cel::{
    environment::{
        Environment,
        kubernetes::{self, Admission, VARIABLES},
    },
    program::Program,
    types::Type,
};

/// What expressions in one place may name.
pub(super) struct Compiler(Environment);

impl Compiler {
    pub(super) fn of_webhooks() -> Self {
        Self(kubernetes::webhook_match_conditions(&kubernetes::functions()))
    }

    pub(super) fn of_policy(spec: &Field<'_>, mutation: bool) -> Self {
        let params = spec.get("paramKind").is_set();
        let options = Admission { params, authorizer: true, mutation };
        Self(kubernetes::admission(&kubernetes::functions(), options))
    }

    /// Checks an expression that is there; it gives one of these types, any where none is named.
    pub(super) fn check(&self, text: &Field<'_>, wanted: &[Type], errors: &mut Errors) {
        self.compile(text, wanted, errors);
    }

    /// Checks a variable; expressions after it may name it.
    pub(super) fn declare(&mut self, name: &str, text: &Field<'_>, errors: &mut Errors) {
        let given = self.compile(text, &[], errors);
        self.0.add_field(VARIABLES, name, given.unwrap_or(Type::Dyn));
    }

    fn compile(&self, text: &Field<'_>, wanted: &[Type], errors: &mut Errors) -> Option<Type> {
        let program = match Program::compile(text.text(), &self.0) {
            Ok(program) => program,
            Err(issues) => {
                errors.push(text.invalid(format!("compilation failed: {issues}")));
                return None;
            }
        };
        let given = program.result_type().clone();
        if !wanted.is_empty()
            && given != Type::Dyn
            && let Err(why) = program.must_give(wanted)
        {
            errors.push(text.invalid(why));
        }
        Some(given)
    }
}

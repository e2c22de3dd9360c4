//! Expressions over claims and users: compiled where a configuration is checked.
//!
//! Upstream: apiserver/pkg/authentication/cel, pkg/apis/apiserver/validation/validation.go.

use crate::faults::{invalid, required};
use api::validation::Errors;
use cel::{
    ast::{Expr, Kind, Literal, operator},
    environment::{
        Environment,
        kubernetes::{self, RUN_COST_MAX},
    },
    program::Program,
    types::Type,
    value::Value,
};
use serde_json::Value as Json;
use std::{collections::BTreeMap, sync::Arc};

/// An expression with its text.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) text: String,
    program: Arc<Program>,
}

/// A rule that must hold, and what is said where it does not.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) expression: Expression,
    pub(super) message: String,
}

/// Where expressions stand.
#[derive(Debug)]
pub(super) struct Compiler {
    claims: Environment,
    user: Environment,
}

/// The variable that an expression is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum About {
    Claims,
    User,
}

impl Compiler {
    pub(super) fn new() -> Self {
        let functions = kubernetes::functions();
        let claims = kubernetes::authentication_claims(&functions);
        let user = kubernetes::authentication_user(&functions);
        Self { claims, user }
    }

    /// Compiles a text; a rule must give a truth value.
    pub(super) fn compile(
        &self,
        about: About,
        text: &str,
        rule: bool,
        field: &str,
        faults: &mut Errors,
    ) -> Option<Expression> {
        if text.is_empty() {
            faults.push(required(field, ""));
            return None;
        }
        let environment = if about == About::Claims { &self.claims } else { &self.user };
        let compiled = Program::compile(text, environment)
            .map_err(|issues| format!("compilation failed: {issues}"))
            .and_then(|program| {
                if rule {
                    program.must_give(&[Type::Bool])?;
                }
                Ok(program)
            });
        match compiled {
            Ok(program) => Some(Expression { text: text.to_owned(), program: Arc::new(program) }),
            Err(why) => {
                faults.push(invalid(field, text, why));
                None
            }
        }
    }
}

impl Expression {
    /// Gives its value to `read`, with `variable` being this object.
    ///
    /// # Errors
    /// It gives none.
    pub(super) fn run<T>(
        &self,
        variable: &str,
        object: &Json,
        read: impl FnOnce(&Value<'_>) -> Result<T, String>,
    ) -> Result<T, String> {
        let value = Value::from_json(object, None).map_err(|error| error.to_string())?;
        let bindings = BTreeMap::from([(variable, value)]);
        let value = self.program.run(&bindings, RUN_COST_MAX).value;
        read(
            &value.map_err(|error| {
                format!("expression '{}' resulted in error: {error}", self.text)
            })?,
        )
    }

    /// Whether it names this claim.
    pub(super) fn selects(&self, claim: &str) -> bool {
        selects(&self.program.checked().ast.root, claim)
    }
}

/// Whether `claims.NAME` or `claims.?NAME` is anywhere in it.
fn selects(expr: &Expr, claim: &str) -> bool {
    let is_claims = |it: &Expr| matches!(&it.kind, Kind::Ident(name) if **name == *"claims");
    let is_name =
        |it: &Expr| matches!(&it.kind, Kind::Literal(Literal::String(text)) if **text == *claim);
    match &expr.kind {
        Kind::Literal(_) | Kind::Ident(_) => false,
        Kind::Select { operand, field, .. } => {
            is_claims(operand) && **field == *claim || selects(operand, claim)
        }
        Kind::Call { target, function, args } => {
            let optional = matches!(args.as_slice(), [operand, field]
                if **function == *operator::OPT_SELECT && is_claims(operand) && is_name(field));
            let target = target.as_deref().into_iter();
            optional || target.chain(args).any(|it| selects(it, claim))
        }
        Kind::List { elements } => elements.iter().any(|it| selects(&it.value, claim)),
        Kind::Map { entries } => {
            entries.iter().any(|it| selects(&it.key, claim) || selects(&it.value, claim))
        }
        Kind::Struct { fields, .. } => fields.iter().any(|it| selects(&it.value, claim)),
        Kind::Comprehension(it) => [&it.range, &it.init, &it.condition, &it.step, &it.result]
            .into_iter()
            .any(|part| selects(part, claim)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_found_wherever_they_stand() {
        let compiler = Compiler::new();
        let selects = |text: &str| {
            let mut faults = Errors::new();
            let it = compiler.compile(About::Claims, text, false, "f", &mut faults);
            it.unwrap_or_else(|| panic!("{text}: {faults:?}")).selects("email")
        };
        for text in [
            "claims.email",
            "'a' + claims.email",
            "claims.?email.orValue('x')",
            "has(claims.email) ? 'a' : 'b'",
            "[claims.email]",
            "{'a': claims.email}",
            "claims.groups.filter(g, g == claims.email)",
        ] {
            assert!(selects(text), "{text}");
        }
        assert!(!selects("claims.email_verified == true ? claims.sub : ''"));
    }
}

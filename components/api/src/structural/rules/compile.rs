//! One rule, from its text to what can be run.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/schema/cel/compilation.go.

use crate::structural::path::child;
use cel::{
    environment::kubernetes, functions::Functions, program::Program, schema::Schema, types::Type,
};
use serde_json::Value;
use std::sync::Arc;

/// A rule that compiles.
#[derive(Debug)]
pub struct Compiled {
    /// What must be true.
    pub program: Program,
    /// What is said where it is not.
    pub message_program: Option<Program>,
    /// It looks at the value before.
    pub is_transition: bool,
    pub(super) optional_old: bool,
    pub(super) rule: String,
    pub(super) message: String,
    pub(super) reason: String,
    /// The field that complaints name, below the rule's own.
    pub(super) field_path: String,
}

/// What is wrong with a rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// Its own text.
    Rule(String),
    /// That of its message.
    Message(String),
}

/// Compiles a rule of a schema, of which `shape` is what expressions see.
///
/// # Errors
/// What upstream says of one that does not compile.
pub fn compile(
    functions: &Arc<Functions>,
    rule: &Value,
    schema: &Value,
    shape: &Schema,
) -> Result<Compiled, Wrong> {
    let text = |name: &str| rule[name].as_str().unwrap_or_default().trim().to_owned();
    let optional_old = rule["optionalOldSelf"] == true;
    let environment = kubernetes::crd_rule(functions, shape, true, optional_old);
    let written = text("rule");
    let program = Program::compile(&written, &environment)
        .map_err(|issues| Wrong::Rule(format!("compilation failed: {issues}")))?;
    if *program.result_type() != Type::Bool {
        return Err(Wrong::Rule("cel expression must evaluate to a bool".into()));
    }
    let is_transition = program.uses("oldSelf");
    let expression = text("messageExpression");
    let message_program = match expression.is_empty() {
        true => None,
        false => {
            let program = Program::compile(&expression, &environment).map_err(|issues| {
                Wrong::Message(format!("messageExpression compilation failed: {issues}"))
            })?;
            if *program.result_type() != Type::String {
                let why = "messageExpression must evaluate to a string";
                return Err(Wrong::Message(why.into()));
            }
            Some(program)
        }
    };
    Ok(Compiled {
        program,
        message_program,
        is_transition,
        optional_old,
        rule: written,
        message: text("message"),
        reason: text("reason"),
        field_path: field_path(&text("fieldPath"), schema).unwrap_or_default(),
    })
}

/// A path of fields below a schema as complaints write it.
///
/// # Errors
/// Upstream's words for a path that leads nowhere (cel/validation.go, ValidFieldPath).
pub fn field_path(text: &str, schema: &Value) -> Result<String, String> {
    let (mut rest, mut path, mut place) = (text, String::new(), schema);
    while !rest.is_empty() {
        let (name, after) = step(rest)?;
        if let Some(properties) = place["properties"].as_object() {
            path = child(&path, &name);
            place = properties.get(&name).ok_or("does not refer to a valid field")?;
        } else if place["additionalProperties"].is_object() {
            path = format!("{path}[{name}]");
            place = &place["additionalProperties"];
        } else {
            return Err("does not refer to a valid field".into());
        }
        rest = after;
    }
    Ok(path)
}

/// One step of a path, `.name` or `['name']`, and what follows it.
fn step(text: &str) -> Result<(String, &str), String> {
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(['.', '[', ']']).unwrap_or(rest.len());
        return match end {
            0 if rest.is_empty() => Err("unexpected end of JSON path".into()),
            0 => Err("does not refer to a valid field".into()),
            _ => Ok((rest[..end].to_owned(), &rest[end..])),
        };
    }
    let Some(rest) = text.strip_prefix('[') else {
        let token = text.split(['.', '[', ']']).next().unwrap_or(text);
        return Err(format!("expected [ or . but got: {token}"));
    };
    let Some(quoted) = rest.strip_prefix('\'') else {
        let token = rest.split(['.', '[', ']']).next().unwrap_or(rest);
        return Err(format!("expected single quoted string but got {token}"));
    };
    let end = quoted.find('\'').ok_or("unexpected end of JSON path")?;
    let after = quoted[end + 1..].strip_prefix(']').ok_or("unexpected end of JSON path")?;
    Ok((quoted[..end].to_owned(), after))
}

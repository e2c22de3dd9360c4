//! `optMap`, `optFlatMap` and `cel.bind`: names for values.

use super::{Written, simple_name};
use crate::{
    ast::{Comprehension, Expr, Kind, Literal, operator},
    parser::{Broken, Parsed, Parser},
};
use std::sync::Arc;

pub(super) fn opt_map(p: &mut Parser<'_>, call: Written) -> Parsed<Option<Expr>> {
    optional(p, call, true)
}

pub(super) fn opt_flat_map(p: &mut Parser<'_>, call: Written) -> Parsed<Option<Expr>> {
    optional(p, call, false)
}

/// `target.hasValue() ? optional.of(bind(name, target.value(), body)) : optional.none()`.
fn optional(p: &mut Parser<'_>, call: Written, wrapped: bool) -> Parsed<Option<Expr>> {
    let at = call.at;
    let target = call.target.ok_or(Broken)?;
    let mut args = call.args.into_iter();
    let name = simple_name(p, args.next())?;
    let body = args.next().ok_or(Broken)?;
    let has_value = method(p, at, target.clone(), "hasValue")?;
    let value = method(p, at, target, "value")?;
    let mut some = binding(p, at, name, value, body)?;
    if wrapped {
        some = p.call(at, "optional.of", vec![some])?;
    }
    let none = p.call(at, "optional.none", Vec::new())?;
    p.call(at, operator::CONDITIONAL, vec![has_value, some, none]).map(Some)
}

fn method(p: &mut Parser<'_>, at: usize, target: Expr, name: &str) -> Parsed {
    let target = Some(Box::new(target));
    p.node(at, Kind::Call { target, function: name.into(), args: Vec::new() })
}

pub(super) fn bind(p: &mut Parser<'_>, call: Written) -> Parsed<Option<Expr>> {
    let named_cel = |it: &Expr| matches!(&it.kind, Kind::Ident(name) if **name == *"cel");
    if !call.target.as_ref().is_some_and(named_cel) {
        return Ok(None);
    }
    let mut args = call.args.into_iter();
    let name = simple_name(p, args.next())?;
    let (Some(value), Some(body)) = (args.next(), args.next()) else {
        return Err(Broken);
    };
    binding(p, call.at, name, value, body).map(Some)
}

/// A loop over nothing, whose accumulator is the name bound.
fn binding(p: &mut Parser<'_>, at: usize, name: Arc<str>, value: Expr, body: Expr) -> Parsed {
    let fold = Comprehension {
        range: p.node(at, Kind::List { elements: Vec::new() })?,
        variable: "#unused".into(),
        second: None,
        accumulator: name.clone(),
        init: value,
        condition: p.node(at, Kind::Literal(Literal::Bool(false)))?,
        step: p.node(at, Kind::Ident(name))?,
        result: body,
    };
    p.node(at, Kind::Comprehension(Box::new(fold)))
}

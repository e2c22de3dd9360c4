//! `all`, `exists`, `map`, `filter` and their kin.

use super::{Written, simple_name};
use crate::{
    ast::{ACCUMULATOR, Comprehension, Element, Expr, Kind, Literal, operator},
    parser::{Broken, Parsed, Parser},
};
use std::sync::Arc;

/// A loop's range, variables and bodies.
struct Loop {
    at: usize,
    range: Expr,
    variable: Arc<str>,
    second: Option<Arc<str>>,
    /// What follows the variables.
    bodies: Vec<Expr>,
}

impl Loop {
    fn new(p: &mut Parser<'_>, call: Written, two: bool) -> Parsed<Self> {
        let Written { at, target, args } = call;
        let mut args = args.into_iter();
        let variable = simple_name(p, args.next())?;
        let second = if two { Some(simple_name(p, args.next())?) } else { None };
        if second.as_ref() == Some(&variable) {
            p.complain(at, format!("duplicate variable name: {variable}"));
            return Err(Broken);
        }
        let range = target.ok_or(Broken)?;
        Ok(Self { at, range, variable, second, bodies: args.collect() })
    }

    /// A loop with one body, a test. Three arguments are two variables and the test.
    fn testing(p: &mut Parser<'_>, call: Written) -> Parsed<(Self, Expr)> {
        let two = call.args.len() == 3;
        let mut it = Self::new(p, call, two)?;
        let test = it.bodies.pop().ok_or(Broken)?;
        Ok((it, test))
    }

    /// The last body, and the one before it if there are two.
    fn bodies(&mut self) -> Parsed<(Option<Expr>, Expr)> {
        let last = self.bodies.pop().ok_or(Broken)?;
        Ok((self.bodies.pop(), last))
    }

    /// The loop whose result is what it has accumulated.
    fn fold(
        self,
        p: &mut Parser<'_>,
        init: Kind,
        condition: Expr,
        step: Expr,
    ) -> Parsed<Option<Expr>> {
        let result = accumulator(p, self.at)?;
        self.fold_into(p, init, condition, step, result)
    }

    fn fold_into(
        self,
        p: &mut Parser<'_>,
        init: Kind,
        condition: Expr,
        step: Expr,
        result: Expr,
    ) -> Parsed<Option<Expr>> {
        let init = p.node(self.at, init)?;
        let fold = Comprehension {
            range: self.range,
            variable: self.variable,
            second: self.second,
            accumulator: ACCUMULATOR.into(),
            init,
            condition,
            step,
            result,
        };
        p.node(self.at, Kind::Comprehension(Box::new(fold))).map(Some)
    }
}

pub(super) fn all(p: &mut Parser<'_>, call: Written) -> Parsed<Option<Expr>> {
    let (it, test) = Loop::testing(p, call)?;
    let so_far = accumulator(p, it.at)?;
    let condition = p.call(it.at, operator::NOT_STRICTLY_FALSE, vec![so_far])?;
    let so_far = accumulator(p, it.at)?;
    let step = p.call(it.at, operator::AND, vec![so_far, test])?;
    it.fold(p, Kind::Literal(Literal::Bool(true)), condition, step)
}

pub(super) fn exists(p: &mut Parser<'_>, call: Written) -> Parsed<Option<Expr>> {
    let (it, test) = Loop::testing(p, call)?;
    let so_far = accumulator(p, it.at)?;
    let not = p.call(it.at, operator::NOT, vec![so_far])?;
    let condition = p.call(it.at, operator::NOT_STRICTLY_FALSE, vec![not])?;
    let so_far = accumulator(p, it.at)?;
    let step = p.call(it.at, operator::OR, vec![so_far, test])?;
    it.fold(p, Kind::Literal(Literal::Bool(false)), condition, step)
}

pub(super) fn exists_one(p: &mut Parser<'_>, call: Written) -> Parsed<Option<Expr>> {
    let (it, test) = Loop::testing(p, call)?;
    let at = it.at;
    let condition = literal(p, at, Literal::Bool(true))?;
    let (so_far, one) = (accumulator(p, at)?, literal(p, at, Literal::Int(1))?);
    let more = p.call(at, operator::ADD, vec![so_far, one])?;
    let step = guarded(p, at, Some(test), more)?;
    let (so_far, one) = (accumulator(p, at)?, literal(p, at, Literal::Int(1))?);
    let result = p.call(at, operator::EQUALS, vec![so_far, one])?;
    it.fold_into(p, Kind::Literal(Literal::Int(0)), condition, step, result)
}

pub(super) fn transform_list(p: &mut Parser<'_>, call: Written) -> Parsed<Option<Expr>> {
    let it = Loop::new(p, call, false)?;
    appending(p, it)
}

pub(super) fn transform_list_two(p: &mut Parser<'_>, call: Written) -> Parsed<Option<Expr>> {
    let it = Loop::new(p, call, true)?;
    appending(p, it)
}

pub(super) fn filter(p: &mut Parser<'_>, call: Written) -> Parsed<Option<Expr>> {
    let mut it = Loop::new(p, call, false)?;
    let element = p.node(it.at, Kind::Ident(it.variable.clone()))?;
    it.bodies.push(element);
    appending(p, it)
}

fn appending(p: &mut Parser<'_>, mut it: Loop) -> Parsed<Option<Expr>> {
    let at = it.at;
    let (test, value) = it.bodies()?;
    let condition = literal(p, at, Literal::Bool(true))?;
    let so_far = accumulator(p, at)?;
    let elements = vec![Element { optional: false, value }];
    let single = p.node(at, Kind::List { elements })?;
    let step = p.call(at, operator::ADD, vec![so_far, single])?;
    let step = guarded(p, at, test, step)?;
    it.fold(p, Kind::List { elements: Vec::new() }, condition, step)
}

/// `test ? step : accumulator`.
fn guarded(p: &mut Parser<'_>, at: usize, test: Option<Expr>, step: Expr) -> Parsed {
    let Some(test) = test else { return Ok(step) };
    let same = accumulator(p, at)?;
    p.call(at, operator::CONDITIONAL, vec![test, step, same])
}

/// Puts entries into a map under construction; no text can name it.
pub(crate) const MAP_INSERT: &str = "cel.@mapInsert";

pub(super) fn transform_map(p: &mut Parser<'_>, call: Written) -> Parsed<Option<Expr>> {
    let it = Loop::new(p, call, true)?;
    let key = p.node(it.at, Kind::Ident(it.variable.clone()))?;
    inserting(p, it, Some(key))
}

pub(super) fn transform_map_entry(p: &mut Parser<'_>, call: Written) -> Parsed<Option<Expr>> {
    let it = Loop::new(p, call, true)?;
    inserting(p, it, None)
}

fn inserting(p: &mut Parser<'_>, mut it: Loop, key: Option<Expr>) -> Parsed<Option<Expr>> {
    let at = it.at;
    let (test, value) = it.bodies()?;
    let condition = literal(p, at, Literal::Bool(true))?;
    let so_far = accumulator(p, at)?;
    let args = std::iter::once(so_far).chain(key).chain([value]).collect();
    let step = p.call(at, MAP_INSERT, args)?;
    let step = guarded(p, at, test, step)?;
    it.fold(p, Kind::Map { entries: Vec::new() }, condition, step)
}

fn accumulator(p: &mut Parser<'_>, at: usize) -> Parsed {
    p.node(at, Kind::Ident(ACCUMULATOR.into()))
}

fn literal(p: &mut Parser<'_>, at: usize, value: Literal) -> Parsed {
    p.node(at, Kind::Literal(value))
}

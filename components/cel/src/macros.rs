//! What looks like a call and is a pattern: `has`, the loops, `optMap`, `cel.bind`.
//!
//! Upstream: cel-go `parser/macro.go`, `ext/comprehensions.go`, `cel/library.go`, `ext/bindings.go`.
//! Expansions are node for node upstream's, because costs are counted by node.

use crate::{
    ast::{ACCUMULATOR, Comprehension, Element, Expr, Kind, Literal, operator},
    parser::{Parsed, Parser},
};
use std::sync::Arc;

/// Turns a call into what it stands for; none leaves the call as it is.
pub(crate) type Expand =
    fn(&mut Parser<'_>, usize, Option<Expr>, Vec<Expr>) -> Parsed<Option<Expr>>;

struct Macro {
    name: &'static str,
    receiver: bool,
    args: usize,
    family: Family,
    expand: Expand,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Standard,
    TwoVariables,
    Optional,
    Bind,
}

/// Which macros a text may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Macros {
    /// `all(i, v, …)`, `transformMap(…)` and the others with two variables.
    pub two_variables: bool,
    /// `optMap`, `optFlatMap`.
    pub optional: bool,
    /// `cel.bind`, which Kubernetes does not offer.
    pub bind: bool,
}

impl Macros {
    /// Every macro that there is.
    pub const ALL: Macros = Macros { two_variables: true, optional: true, bind: true };
    /// What Kubernetes 1.36 offers.
    pub const KUBERNETES: Macros = Macros { two_variables: true, optional: true, bind: false };

    pub(crate) fn find(self, name: &str, receiver: bool, args: usize) -> Option<Expand> {
        let fits = |it: &&Macro| it.name == name && it.receiver == receiver && it.args == args;
        let found = TABLE.iter().find(fits)?;
        let offered = match found.family {
            Family::Standard => true,
            Family::TwoVariables => self.two_variables,
            Family::Optional => self.optional,
            Family::Bind => self.bind,
        };
        offered.then_some(found.expand)
    }
}

const fn entry(
    name: &'static str,
    receiver: bool,
    args: usize,
    family: Family,
    expand: Expand,
) -> Macro {
    Macro { name, receiver, args, family, expand }
}

const TABLE: &[Macro] = &[
    entry("has", false, 1, Family::Standard, has),
    entry("all", true, 2, Family::Standard, all),
    entry("exists", true, 2, Family::Standard, exists),
    entry("exists_one", true, 2, Family::Standard, exists_one),
    entry("existsOne", true, 2, Family::Standard, exists_one),
    entry("map", true, 2, Family::Standard, transform_list),
    entry("map", true, 3, Family::Standard, transform_list),
    entry("filter", true, 2, Family::Standard, filter),
    entry("all", true, 3, Family::TwoVariables, all),
    entry("exists", true, 3, Family::TwoVariables, exists),
    entry("exists_one", true, 3, Family::TwoVariables, exists_one),
    entry("existsOne", true, 3, Family::TwoVariables, exists_one),
    entry("transformList", true, 3, Family::TwoVariables, transform_list_two),
    entry("transformList", true, 4, Family::TwoVariables, transform_list_two),
    entry("transformMap", true, 3, Family::TwoVariables, transform_map),
    entry("transformMap", true, 4, Family::TwoVariables, transform_map),
    entry("transformMapEntry", true, 3, Family::TwoVariables, transform_map_entry),
    entry("transformMapEntry", true, 4, Family::TwoVariables, transform_map_entry),
    entry("optMap", true, 2, Family::Optional, opt_map),
    entry("optFlatMap", true, 2, Family::Optional, opt_flat_map),
    entry("bind", true, 3, Family::Bind, bind),
];

fn has(p: &mut Parser<'_>, at: usize, _: Option<Expr>, args: Vec<Expr>) -> Parsed<Option<Expr>> {
    for arg in args {
        let offset = p.offset(&arg);
        if let Kind::Select { operand, field, test_only: false } = arg.kind {
            return p.node(at, Kind::Select { operand, field, test_only: true }).map(Some);
        }
        p.complain(offset, "invalid argument to has() macro".into());
    }
    Err(crate::parser::Broken)
}

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
    fn new(
        p: &mut Parser<'_>,
        at: usize,
        range: Option<Expr>,
        args: Vec<Expr>,
        two: bool,
    ) -> Parsed<Self> {
        let mut args = args.into_iter();
        let variable = simple_name(p, args.next())?;
        let second = if two { Some(simple_name(p, args.next())?) } else { None };
        if second.as_ref() == Some(&variable) {
            p.complain(at, format!("duplicate variable name: {variable}"));
            return Err(crate::parser::Broken);
        }
        let range = range.ok_or(crate::parser::Broken)?;
        Ok(Self { at, range, variable, second, bodies: args.collect() })
    }

    fn fold(
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

    /// The last body, and the one before it if there are two.
    fn bodies(&mut self) -> Parsed<(Option<Expr>, Expr)> {
        let last = self.bodies.pop().ok_or(crate::parser::Broken)?;
        Ok((self.bodies.pop(), last))
    }
}

fn simple_name(p: &mut Parser<'_>, arg: Option<Expr>) -> Parsed<Arc<str>> {
    let arg = arg.ok_or(crate::parser::Broken)?;
    match &arg.kind {
        Kind::Ident(name) if !name.starts_with('.') => Ok(name.clone()),
        _ => {
            p.complain(p.offset(&arg), "argument must be a simple name".into());
            Err(crate::parser::Broken)
        }
    }
}

fn accumulator(p: &mut Parser<'_>, at: usize) -> Parsed {
    p.node(at, Kind::Ident(ACCUMULATOR.into()))
}

fn literal(p: &mut Parser<'_>, at: usize, value: Literal) -> Parsed {
    p.node(at, Kind::Literal(value))
}

fn all(p: &mut Parser<'_>, at: usize, t: Option<Expr>, args: Vec<Expr>) -> Parsed<Option<Expr>> {
    let two = args.len() == 3;
    let mut it = Loop::new(p, at, t, args, two)?;
    let (_, test) = it.bodies()?;
    let so_far = accumulator(p, at)?;
    let condition = p.call(at, operator::NOT_STRICTLY_FALSE, vec![so_far])?;
    let so_far = accumulator(p, at)?;
    let step = p.call(at, operator::AND, vec![so_far, test])?;
    let result = accumulator(p, at)?;
    it.fold(p, Kind::Literal(Literal::Bool(true)), condition, step, result)
}

fn exists(p: &mut Parser<'_>, at: usize, t: Option<Expr>, args: Vec<Expr>) -> Parsed<Option<Expr>> {
    let two = args.len() == 3;
    let mut it = Loop::new(p, at, t, args, two)?;
    let (_, test) = it.bodies()?;
    let so_far = accumulator(p, at)?;
    let not = p.call(at, operator::NOT, vec![so_far])?;
    let condition = p.call(at, operator::NOT_STRICTLY_FALSE, vec![not])?;
    let so_far = accumulator(p, at)?;
    let step = p.call(at, operator::OR, vec![so_far, test])?;
    let result = accumulator(p, at)?;
    it.fold(p, Kind::Literal(Literal::Bool(false)), condition, step, result)
}

fn exists_one(
    p: &mut Parser<'_>,
    at: usize,
    t: Option<Expr>,
    args: Vec<Expr>,
) -> Parsed<Option<Expr>> {
    let two = args.len() == 3;
    let mut it = Loop::new(p, at, t, args, two)?;
    let (_, test) = it.bodies()?;
    let condition = literal(p, at, Literal::Bool(true))?;
    let (so_far, one) = (accumulator(p, at)?, literal(p, at, Literal::Int(1))?);
    let more = p.call(at, operator::ADD, vec![so_far, one])?;
    let same = accumulator(p, at)?;
    let step = p.call(at, operator::CONDITIONAL, vec![test, more, same])?;
    let (so_far, one) = (accumulator(p, at)?, literal(p, at, Literal::Int(1))?);
    let result = p.call(at, operator::EQUALS, vec![so_far, one])?;
    it.fold(p, Kind::Literal(Literal::Int(0)), condition, step, result)
}

fn transform_list(
    p: &mut Parser<'_>,
    at: usize,
    t: Option<Expr>,
    args: Vec<Expr>,
) -> Parsed<Option<Expr>> {
    let it = Loop::new(p, at, t, args, false)?;
    appending(p, it)
}

fn transform_list_two(
    p: &mut Parser<'_>,
    at: usize,
    t: Option<Expr>,
    args: Vec<Expr>,
) -> Parsed<Option<Expr>> {
    let it = Loop::new(p, at, t, args, true)?;
    appending(p, it)
}

fn filter(p: &mut Parser<'_>, at: usize, t: Option<Expr>, args: Vec<Expr>) -> Parsed<Option<Expr>> {
    let mut it = Loop::new(p, at, t, args, false)?;
    let element = p.node(at, Kind::Ident(it.variable.clone()))?;
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
    let result = accumulator(p, at)?;
    it.fold(p, Kind::List { elements: Vec::new() }, condition, step, result)
}

/// `test ? step : accumulator`.
fn guarded(p: &mut Parser<'_>, at: usize, test: Option<Expr>, step: Expr) -> Parsed {
    let Some(test) = test else { return Ok(step) };
    let same = accumulator(p, at)?;
    p.call(at, operator::CONDITIONAL, vec![test, step, same])
}

/// Puts entries into a map under construction; no text can name it.
pub(crate) const MAP_INSERT: &str = "cel.@mapInsert";

fn transform_map(
    p: &mut Parser<'_>,
    at: usize,
    t: Option<Expr>,
    args: Vec<Expr>,
) -> Parsed<Option<Expr>> {
    let it = Loop::new(p, at, t, args, true)?;
    let key = p.node(at, Kind::Ident(it.variable.clone()))?;
    inserting(p, it, Some(key))
}

fn transform_map_entry(
    p: &mut Parser<'_>,
    at: usize,
    t: Option<Expr>,
    args: Vec<Expr>,
) -> Parsed<Option<Expr>> {
    let it = Loop::new(p, at, t, args, true)?;
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
    let result = accumulator(p, at)?;
    it.fold(p, Kind::Map { entries: Vec::new() }, condition, step, result)
}

fn opt_map(
    p: &mut Parser<'_>,
    at: usize,
    t: Option<Expr>,
    args: Vec<Expr>,
) -> Parsed<Option<Expr>> {
    optional(p, at, t, args, true)
}

fn opt_flat_map(
    p: &mut Parser<'_>,
    at: usize,
    t: Option<Expr>,
    args: Vec<Expr>,
) -> Parsed<Option<Expr>> {
    optional(p, at, t, args, false)
}

/// `target.hasValue() ? optional.of(bind(name, target.value(), body)) : optional.none()`.
fn optional(
    p: &mut Parser<'_>,
    at: usize,
    target: Option<Expr>,
    args: Vec<Expr>,
    wrapped: bool,
) -> Parsed<Option<Expr>> {
    let target = target.ok_or(crate::parser::Broken)?;
    let mut args = args.into_iter();
    let name = simple_name(p, args.next())?;
    let body = args.next().ok_or(crate::parser::Broken)?;
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

fn bind(p: &mut Parser<'_>, at: usize, t: Option<Expr>, args: Vec<Expr>) -> Parsed<Option<Expr>> {
    let named_cel = |it: &Expr| matches!(&it.kind, Kind::Ident(name) if **name == *"cel");
    if !t.as_ref().is_some_and(named_cel) {
        return Ok(None);
    }
    let mut args = args.into_iter();
    let name = simple_name(p, args.next())?;
    let (Some(value), Some(body)) = (args.next(), args.next()) else {
        return Err(crate::parser::Broken);
    };
    binding(p, at, name, value, body).map(Some)
}

/// A loop over nothing, whose accumulator is the name bound.
fn binding(p: &mut Parser<'_>, at: usize, name: Arc<str>, value: Expr, body: Expr) -> Parsed {
    let fold = Comprehension {
        range: p.node(at, Kind::List { elements: Vec::new() })?,
        variable: "#unused".into(),
        second: None,
        accumulator: name.clone(),
        init: value,
        condition: literal(p, at, Literal::Bool(false))?,
        step: p.node(at, Kind::Ident(name))?,
        result: body,
    };
    p.node(at, Kind::Comprehension(Box::new(fold)))
}

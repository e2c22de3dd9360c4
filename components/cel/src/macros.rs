//! What looks like a call and is a pattern: `has`, the loops, `optMap`, `cel.bind`.
//!
//! Upstream: cel-go `parser/macro.go`, `ext/comprehensions.go`, `cel/library.go`, `ext/bindings.go`.
//! Expansions are node for node upstream's, because costs are counted by node.

mod bindings;
mod loops;

use crate::{
    ast::{Expr, Kind},
    parser::{Broken, Parsed, Parser},
};
use bindings::{bind, opt_flat_map, opt_map};
use loops::{
    all, exists, exists_one, filter, transform_list, transform_list_two, transform_map,
    transform_map_entry,
};
use std::sync::Arc;

pub(crate) use loops::MAP_INSERT;

/// A macro's call, as it is written.
pub(crate) struct Written {
    /// The place of its opening bracket.
    pub(crate) at: usize,
    /// What stands before the dot.
    pub(crate) target: Option<Expr>,
    pub(crate) args: Vec<Expr>,
}

/// Turns a call into what it stands for; none leaves the call as it is.
pub(crate) type Expand = fn(&mut Parser<'_>, Written) -> Parsed<Option<Expr>>;

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

fn has(p: &mut Parser<'_>, call: Written) -> Parsed<Option<Expr>> {
    for arg in call.args {
        let offset = p.offset(&arg);
        if let Kind::Select { operand, field, test_only: false } = arg.kind {
            return p.node(call.at, Kind::Select { operand, field, test_only: true }).map(Some);
        }
        p.complain(offset, "invalid argument to has() macro".into());
    }
    Err(Broken)
}

fn simple_name(p: &mut Parser<'_>, arg: Option<Expr>) -> Parsed<Arc<str>> {
    let arg = arg.ok_or(Broken)?;
    match &arg.kind {
        Kind::Ident(name) if !name.starts_with('.') => Ok(name.clone()),
        _ => {
            p.complain(p.offset(&arg), "argument must be a simple name".into());
            Err(Broken)
        }
    }
}

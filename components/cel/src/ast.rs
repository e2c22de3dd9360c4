//! An expression as a tree, after macros were expanded.
//!
//! Upstream: cel-spec `syntax.proto`. Operators are calls of functions such as `_+_`.

use crate::source::{Location, Source};
use std::{collections::BTreeMap, sync::Arc};

/// Names a node of one tree; positions, types and references are kept beside the tree.
pub type Id = u32;

/// A node.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    /// Its name in the tree.
    pub id: Id,
    /// What it is.
    pub kind: Kind,
}

/// What a node can be.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// `1`, `"a"`, `null`.
    Literal(Literal),
    /// A variable or a type's name.
    Ident(Arc<str>),
    /// `operand.field`; `has(operand.field)` if it only tests.
    Select { operand: Box<Expr>, field: Arc<str>, test_only: bool },
    /// A function, method or operator.
    Call { target: Option<Box<Expr>>, function: Arc<str>, args: Vec<Expr> },
    /// `[a, ?b]`.
    List { elements: Vec<Element> },
    /// `{k: v, ?k: v}`.
    Map { entries: Vec<Entry> },
    /// `Type{field: value}`.
    Struct { type_name: Arc<str>, fields: Vec<Field> },
    /// What all of the loops are made of.
    Comprehension(Box<Comprehension>),
}

/// A value written out.
#[derive(Clone, PartialEq, Debug)]
pub enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
}

/// An element of a list literal.
#[derive(Clone, PartialEq, Debug)]
pub struct Element {
    /// Written `?element`: left out if it is `optional.none()`.
    pub optional: bool,
    /// Its value.
    pub value: Expr,
}

/// An entry of a map literal.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The place of its colon.
    pub id: Id,
    /// Written `?key: value`.
    pub optional: bool,
    /// Its key.
    pub key: Expr,
    /// Its value.
    pub value: Expr,
}

/// A field of an object literal.
#[derive(Clone, PartialEq, Debug)]
pub struct Field {
    /// The place of its colon.
    pub id: Id,
    /// Written `?field: value`.
    pub optional: bool,
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub value: Expr,
}

/// `accumulator = init; for variable in range { if !condition break; accumulator = step }; result`.
#[derive(Clone, PartialEq, Debug)]
pub struct Comprehension {
    /// A list or a map.
    pub range: Expr,
    /// The element of a list or the key of a map; with `second`, a list's index.
    pub variable: Arc<str>,
    /// The element or the map's value.
    pub second: Option<Arc<str>>,
    /// The name of what is accumulated.
    pub accumulator: Arc<str>,
    /// What it begins as.
    pub init: Expr,
    /// Ends the loop when false.
    pub condition: Expr,
    /// What it becomes.
    pub step: Expr,
    /// What comes of it.
    pub result: Expr,
}

/// The accumulator of every macro; no identifier can be spelt so.
pub const ACCUMULATOR: &str = "@result";

/// Names of operators, as cel-go's `common/operators` has them.
pub mod operator {
    pub const ADD: &str = "_+_";
    pub const AND: &str = "_&&_";
    pub const CONDITIONAL: &str = "_?_:_";
    pub const DIVIDE: &str = "_/_";
    pub const EQUALS: &str = "_==_";
    pub const GREATER: &str = "_>_";
    pub const GREATER_EQUALS: &str = "_>=_";
    pub const IN: &str = "@in";
    pub const INDEX: &str = "_[_]";
    pub const LESS: &str = "_<_";
    pub const LESS_EQUALS: &str = "_<=_";
    pub const MODULO: &str = "_%_";
    pub const MULTIPLY: &str = "_*_";
    pub const NEGATE: &str = "-_";
    pub const NOT: &str = "!_";
    pub const NOT_EQUALS: &str = "_!=_";
    pub const NOT_STRICTLY_FALSE: &str = "@not_strictly_false";
    pub const OPT_INDEX: &str = "_[?_]";
    pub const OPT_SELECT: &str = "_?._";
    pub const OR: &str = "_||_";
    pub const SUBTRACT: &str = "_-_";
}

/// A parsed text.
#[derive(Clone, Debug)]
pub struct Ast {
    /// The tree.
    pub root: Expr,
    /// The text.
    pub source: Source,
    /// Where a node stands in the text, by its id.
    pub offsets: Vec<usize>,
    /// Macros' calls as they were written, by the id of what they became.
    pub macro_calls: BTreeMap<Id, Expr>,
}

impl Ast {
    /// Where a node stands.
    pub fn location(&self, id: Id) -> Location {
        match self.offsets.get(id as usize) {
            Some(offset) => self.source.location(*offset),
            None => Location::NOWHERE,
        }
    }
}

impl Expr {
    /// The dotted name that a chain of identifiers spells, `a.b.c`.
    pub fn qualified_name(&self) -> Option<String> {
        match &self.kind {
            Kind::Ident(name) => Some(name.to_string()),
            Kind::Select { operand, field, test_only: false } => {
                Some(format!("{}.{field}", operand.qualified_name()?))
            }
            Kind::Select { .. }
            | Kind::Literal(_)
            | Kind::Call { .. }
            | Kind::List { .. }
            | Kind::Map { .. }
            | Kind::Struct { .. }
            | Kind::Comprehension(_) => None,
        }
    }
}

//! A checked tree made ready to run: names resolved to places, patterns compiled.
//!
//! Upstream: cel-go `interpreter/planner.go`, and its validators of literals
//! (`cel/validator.go`), which apiserver switches on.

mod constants;

use crate::{
    ast::{Comprehension, Element, Expr, Kind, Literal, operator},
    checker::{Checked, Reference},
    functions::Overload,
    library::format_complaint,
    macros::MAP_INSERT,
    pattern::Pattern,
    source::{Issue, Issues},
    value::{Duration, Timestamp, Value},
};
use std::sync::Arc;

/// What is run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) root: Node,
    /// So many places for loops' variables are needed.
    pub(crate) locals: usize,
}

/// A step.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Constant(Value<'static>),
    Variable(Arc<str>),
    Local(usize),
    /// An accumulator that is about to be replaced, so that it may grow in place.
    Taken(usize),
    Select(Box<Node>, Arc<str>),
    Has(Box<Node>, Arc<str>),
    OptSelect(Box<Node>, Arc<str>),
    Index(Box<[Node; 2]>),
    OptIndex(Box<[Node; 2]>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Conditional(Box<[Node; 3]>),
    NotStrictlyFalse(Box<Node>),
    /// `in` a list of plain constants.
    Among(Box<(Node, Value<'static>)>),
    Call(Box<Call>),
    List(Vec<(Node, bool)>),
    Map(Vec<(Node, Node, bool)>),
    Struct(Box<Make>),
    Fold(Box<Fold>),
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) function: Arc<str>,
    pub(crate) overloads: Vec<Arc<Overload>>,
    pub(crate) args: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(crate) struct Make {
    pub(crate) type_name: Arc<str>,
    pub(crate) fields: Vec<(Arc<str>, Node, bool)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Fold {
    pub(crate) range: Node,
    pub(crate) first: usize,
    pub(crate) second: Option<usize>,
    pub(crate) accumulator: usize,
    pub(crate) init: Node,
    pub(crate) condition: Node,
    pub(crate) step: Node,
    pub(crate) result: Node,
}

impl Node {
    /// Whether it is a variable or a path from something, what cel-go calls an attribute.
    pub(crate) fn is_path(&self) -> bool {
        matches!(
            self,
            Node::Variable(_)
                | Node::Local(_)
                | Node::Taken(_)
                | Node::Select(..)
                | Node::OptSelect(..)
                | Node::Index(_)
                | Node::OptIndex(_)
                | Node::Conditional(_)
        )
    }
}

/// Plans a tree.
///
/// # Errors
/// Literals that cannot be what they are used as: patterns, durations, timestamps.
pub(crate) fn plan(checked: &Checked) -> Result<Plan, Issues> {
    let mut planner = Planner { checked, scopes: Vec::new(), locals: 0, issues: Vec::new() };
    let root = planner.node(&checked.ast.root);
    let Planner { locals, issues, .. } = planner;
    match issues.is_empty() {
        true => Ok(Plan { root, locals }),
        false => Err(Issues::new(&checked.ast.source, issues)),
    }
}

struct Planner<'c> {
    checked: &'c Checked,
    scopes: Vec<Arc<str>>,
    locals: usize,
    issues: Vec<Issue>,
}

impl Planner<'_> {
    fn node(&mut self, expr: &Expr) -> Node {
        match self.checked.references.get(&expr.id) {
            Some(Reference::Variable(name)) => return Node::Variable(name.clone()),
            Some(Reference::Type(found)) => return Node::Constant(Value::Type(found.clone())),
            Some(Reference::Function { .. }) | None => {}
        }
        match &expr.kind {
            Kind::Literal(literal) => Node::Constant(constant(literal)),
            Kind::Ident(name) => match self.scopes.iter().rposition(|it| it == name) {
                Some(place) => Node::Local(place),
                None => Node::Variable(name.clone()),
            },
            Kind::Select { operand, field, test_only } => {
                let operand = Box::new(self.node(operand));
                match test_only {
                    true => Node::Has(operand, field.clone()),
                    false => Node::Select(operand, field.clone()),
                }
            }
            Kind::Call { target, function, args } => {
                self.call(expr, target.as_deref(), function, args)
            }
            Kind::List { elements } => constants::list(
                elements.iter().map(|it| (self.node(&it.value), it.optional)).collect(),
            ),
            Kind::Map { entries } => {
                let entries = entries.iter();
                let entries =
                    entries.map(|it| (self.node(&it.key), self.node(&it.value), it.optional));
                constants::map(entries.collect())
            }
            Kind::Struct { type_name, fields } => {
                let fields = fields.iter();
                let fields =
                    fields.map(|it| (it.name.clone(), self.node(&it.value), it.optional)).collect();
                let type_name = type_name.strip_prefix('.').unwrap_or(type_name).into();
                Node::Struct(Box::new(Make { type_name, fields }))
            }
            Kind::Comprehension(it) => self.fold(it),
        }
    }

    fn call(&mut self, expr: &Expr, target: Option<&Expr>, function: &str, args: &[Expr]) -> Node {
        if let (operator::OPT_SELECT, [operand, field]) = (function, args)
            && let Kind::Literal(Literal::String(name)) = &field.kind
        {
            return Node::OptSelect(Box::new(self.node(operand)), name.clone());
        }
        let (name, overloads, namespaced) = match self.checked.references.get(&expr.id) {
            Some(Reference::Function { name, overloads, namespaced }) => {
                (name.clone(), overloads.clone(), *namespaced)
            }
            _ => (function.into(), Vec::new(), false),
        };
        let target = target.filter(|_| !namespaced);
        self.validate(expr, &name, target, args);
        let nodes: Vec<_> = target.into_iter().chain(args).map(|it| self.node(it)).collect();
        match special(&name, nodes) {
            Ok(node) => node,
            Err(args) => {
                let args = compiled(&name, args);
                constants::call(Call { function: name, overloads, args })
            }
        }
    }

    /// Complains of a literal that can never be used as it is.
    fn validate(&mut self, expr: &Expr, function: &str, target: Option<&Expr>, args: &[Expr]) {
        let Some(arg) = args.last() else { return };
        if let ("format", Some(target), Kind::List { elements }) = (function, target, &arg.kind) {
            return self.validate_format(expr, target, elements);
        }
        let Kind::Literal(Literal::String(text)) = &arg.kind else { return };
        let valid = match (function, target.is_some(), args.len()) {
            ("duration", false, 1) => Duration::parse(text).is_some(),
            ("timestamp", false, 1) => Timestamp::parse(text).is_some(),
            ("matches", true, 1) | ("matches", false, 2) => Pattern::new(text).is_ok(),
            _ => true,
        };
        if !valid {
            self.complain(arg, format!("invalid {function} argument"));
        }
    }

    fn validate_format(&mut self, expr: &Expr, target: &Expr, elements: &[Element]) {
        let Kind::Literal(Literal::String(template)) = &target.kind else { return };
        let types: Vec<_> = elements.iter().map(|it| self.checked.type_of(&it.value)).collect();
        if let Some((place, message)) = format_complaint(template, &types) {
            let at = place.and_then(|at| elements.get(at)).map_or(expr, |it| &it.value);
            self.complain(at, message);
        }
    }

    fn complain(&mut self, expr: &Expr, message: String) {
        self.issues.push(Issue { at: self.checked.ast.location(expr.id), message });
    }

    fn fold(&mut self, it: &Comprehension) -> Node {
        let range = self.node(&it.range);
        let init = self.node(&it.init);
        let outer = self.scopes.len();
        let accumulator = self.declare(&it.accumulator);
        let first = self.declare(&it.variable);
        let second = it.second.as_ref().map(|name| self.declare(name));
        let condition = self.node(&it.condition);
        let step = growing(self.node(&it.step), accumulator);
        self.scopes.truncate(outer + 1);
        let result = self.node(&it.result);
        self.scopes.truncate(outer);
        let fold = Fold { range, first, second, accumulator, init, condition, step, result };
        Node::Fold(Box::new(fold))
    }

    fn declare(&mut self, name: &Arc<str>) -> usize {
        self.scopes.push(name.clone());
        self.locals = self.locals.max(self.scopes.len());
        self.scopes.len() - 1
    }
}

/// What has rules of its own about evaluating its arguments.
fn special(function: &str, args: Vec<Node>) -> Result<Node, Vec<Node>> {
    let two: fn(Box<[Node; 2]>) -> Node = match function {
        operator::AND => Node::And,
        operator::OR => Node::Or,
        operator::INDEX => Node::Index,
        operator::OPT_INDEX => Node::OptIndex,
        operator::CONDITIONAL => {
            return <[Node; 3]>::try_from(args).map(|it| Node::Conditional(Box::new(it)));
        }
        operator::NOT_STRICTLY_FALSE => {
            let one = <[Node; 1]>::try_from(args)?;
            return Ok(Node::NotStrictlyFalse(Box::new(one.into_iter().next().unwrap_or(NULL))));
        }
        _ => return Err(args),
    };
    <[Node; 2]>::try_from(args).map(|it| two(Box::new(it)))
}

const NULL: Node = Node::Constant(Value::Null);

/// With a pattern that is a literal compiled once.
fn compiled(function: &str, mut args: Vec<Node>) -> Vec<Node> {
    if !matches!(function, "matches" | "find" | "findAll") {
        return args;
    }
    let Some(Node::Constant(Value::String(text))) = args.get(1) else { return args };
    if let (Ok(pattern), Some(place)) = (Pattern::new(text), args.get_mut(1)) {
        *place = Node::Constant(Value::opaque(pattern));
    }
    args
}

/// A step that adds to its accumulator takes it out of its place instead of copying it.
fn growing(step: Node, accumulator: usize) -> Node {
    match step {
        Node::Call(mut call) if [operator::ADD, MAP_INSERT].contains(&&*call.function) => {
            if let Some(first) = call.args.first_mut()
                && matches!(first, Node::Local(place) if *place == accumulator)
            {
                *first = Node::Taken(accumulator);
            }
            Node::Call(call)
        }
        Node::Conditional(it) => {
            let [condition, then, other] = *it;
            Node::Conditional(Box::new([condition, growing(then, accumulator), other]))
        }
        other => other,
    }
}

fn constant(literal: &Literal) -> Value<'static> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(it) => Value::Bool(*it),
        Literal::Int(it) => Value::Int(*it),
        Literal::Uint(it) => Value::Uint(*it),
        Literal::Double(it) => Value::Double(*it),
        Literal::String(it) => Value::string(it.clone()),
        Literal::Bytes(it) => Value::Bytes(it.clone()),
    }
}

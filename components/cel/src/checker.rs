//! Finds every node's type and every call's overloads, or says what does not fit.
//!
//! Upstream: cel-go `checker/checker.go`, `checker/errors.go`.

mod call;
mod literal;
mod unify;

use crate::{
    ast::{Ast, Comprehension, Expr, Id, Kind, Literal},
    environment::Environment,
    functions::Overload,
    source::{Issue, Issues},
    types::Type,
};
use std::{collections::BTreeMap, sync::Arc};
use unify::Substitution;

/// A tree whose types are known.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The tree.
    pub ast: Ast,
    types: BTreeMap<Id, Type>,
    pub(crate) references: BTreeMap<Id, Reference>,
}

/// What a name or call stands for.
#[derive(Clone, Debug)]
pub(crate) enum Reference {
    /// A variable, by its whole name.
    Variable(Arc<str>),
    /// A type as a value.
    Type(Type),
    /// The overloads that a call may mean; `namespaced` if its target is part of its name.
    Function { name: Arc<str>, overloads: Vec<Arc<Overload>>, namespaced: bool },
}

impl Checked {
    /// The type of a node.
    pub fn type_of(&self, expr: &Expr) -> &Type {
        self.types.get(&expr.id).unwrap_or(&Type::Dyn)
    }

    /// Whether it names a variable of the environment.
    pub fn uses(&self, variable: &str) -> bool {
        let named = |it: &Reference| matches!(it, Reference::Variable(name) if **name == *variable);
        self.references.values().any(named)
    }

    /// The type of the whole.
    pub fn result_type(&self) -> &Type {
        self.type_of(&self.ast.root)
    }
}

/// Checks a tree.
///
/// # Errors
/// Everything that does not fit.
pub(crate) fn check(ast: Ast, environment: &Environment) -> Result<Checked, Issues> {
    let mut checker = Checker {
        environment,
        ast: &ast,
        types: BTreeMap::new(),
        references: BTreeMap::new(),
        substitution: Substitution::default(),
        scopes: Vec::new(),
        issues: Vec::new(),
    };
    checker.check(&ast.root);
    let Checker { types, references, substitution, issues, .. } = checker;
    if !issues.is_empty() {
        return Err(Issues::new(&ast.source, issues));
    }
    let types = types.into_iter().map(|(id, it)| (id, substitution.apply(&it))).collect();
    Ok(Checked { types, references, ast })
}

pub(crate) struct Checker<'e> {
    environment: &'e Environment,
    ast: &'e Ast,
    types: BTreeMap<Id, Type>,
    references: BTreeMap<Id, Reference>,
    substitution: Substitution,
    /// Variables of the loops around, innermost last.
    scopes: Vec<(Arc<str>, Type)>,
    issues: Vec<Issue>,
}

impl Checker<'_> {
    fn complain(&mut self, id: Id, message: String) -> Type {
        self.issues.push(Issue { at: self.ast.location(id), message });
        Type::Error
    }

    fn refer(&mut self, expr: &Expr, reference: Reference) {
        self.references.insert(expr.id, reference);
    }

    fn check(&mut self, expr: &Expr) -> Type {
        let found = match &expr.kind {
            Kind::Literal(literal) => literal_type(literal),
            Kind::Ident(name) => self.ident(expr, name),
            Kind::Select { operand, field, test_only } => {
                self.select(expr, operand, field, *test_only)
            }
            Kind::Call { target, function, args } => {
                self.call(expr, target.as_deref(), function, args)
            }
            Kind::List { elements } => self.list(elements),
            Kind::Map { entries } => self.map(entries),
            Kind::Struct { type_name, fields } => self.structure(expr, type_name, fields),
            Kind::Comprehension(it) => self.comprehension(it),
        };
        self.types.insert(expr.id, found.clone());
        found
    }

    fn ident(&mut self, expr: &Expr, name: &str) -> Type {
        match self.lookup(name) {
            Some((found, reference)) => {
                if let Some(reference) = reference {
                    self.refer(expr, reference);
                }
                found
            }
            None => {
                let message = format!("undeclared reference to '{name}' (in container '')");
                self.complain(expr.id, message)
            }
        }
    }

    /// What a name means: a loop's variable, the environment's, or a type.
    fn lookup(&self, name: &str) -> Option<(Type, Option<Reference>)> {
        if let Some((_, found)) = self.scopes.iter().rev().find(|it| *it.0 == *name) {
            return Some((found.clone(), None));
        }
        let name = name.strip_prefix('.').unwrap_or(name);
        if let Some(found) = self.environment.variable(name) {
            return Some((found.clone(), Some(Reference::Variable(name.into()))));
        }
        let named = self.environment.functions().find_type(name)?;
        Some((Type::of(named.clone()), Some(Reference::Type(named))))
    }

    fn is_local(&self, name: &str) -> bool {
        let root = name.split('.').next().unwrap_or_default();
        self.scopes.iter().any(|it| *it.0 == *root)
    }

    fn select(&mut self, expr: &Expr, operand: &Expr, field: &str, test_only: bool) -> Type {
        let whole = expr.qualified_name().filter(|it| !self.is_local(it));
        if let Some((found, Some(reference))) = whole.and_then(|it| self.lookup(&it)) {
            self.refer(expr, reference);
            return found;
        }
        let from = self.check(operand);
        let found = self.field_type(expr.id, &from, field);
        if test_only { Type::Bool } else { found }
    }

    /// The type of a field; optional if what it is selected from is.
    fn field_type(&mut self, id: Id, from: &Type, field: &str) -> Type {
        let from = self.substitution.resolve(from);
        if let Some(inner) = from.unwrap_optional().cloned() {
            let found = self.field_type(id, &inner, field);
            return match found.unwrap_optional() {
                Some(_) => found,
                None => Type::optional(found),
            };
        }
        match &from {
            Type::Dyn | Type::Error => Type::Dyn,
            Type::Map(_, value) => (**value).clone(),
            Type::Object(name) => match self.environment.field(name, field) {
                Some(found) => found,
                None => self.complain(id, format!("undefined field '{field}'")),
            },
            Type::Var(_) => {
                self.substitution.assignable(&Type::Dyn, &from);
                Type::Dyn
            }
            Type::Null
            | Type::Bool
            | Type::Int
            | Type::Uint
            | Type::Double
            | Type::String
            | Type::Bytes
            | Type::Timestamp
            | Type::Duration
            | Type::List(_)
            | Type::Type(_)
            | Type::Opaque(..)
            | Type::Param(_) => {
                let from = self.substitution.apply(&from);
                self.complain(id, format!("type '{from}' does not support field selection"))
            }
        }
    }

    fn comprehension(&mut self, it: &Comprehension) -> Type {
        let range = self.check(&it.range);
        let accumulated = self.check(&it.init);
        let (first, second) = self.loop_variables(it, &range);
        let outer = self.scopes.len();
        self.scopes.push((it.accumulator.clone(), accumulated.clone()));
        self.scopes.push((it.variable.clone(), first));
        if let Some(name) = &it.second {
            self.scopes.push((name.clone(), second));
        }
        let condition = self.check(&it.condition);
        self.expect(&it.condition, &Type::Bool, &condition);
        let step = self.check(&it.step);
        self.expect(&it.step, &accumulated, &step);
        self.scopes.truncate(outer + 1);
        let result = self.check(&it.result);
        self.scopes.truncate(outer);
        self.substitution.resolve(&result)
    }

    fn loop_variables(&mut self, it: &Comprehension, range: &Type) -> (Type, Type) {
        let range = self.substitution.resolve(range);
        match (&range, &it.second) {
            (Type::List(element), None) => ((**element).clone(), Type::Dyn),
            (Type::List(element), Some(_)) => (Type::Int, (**element).clone()),
            (Type::Map(key, value), _) => ((**key).clone(), (**value).clone()),
            (Type::Dyn | Type::Error, _) => (Type::Dyn, Type::Dyn),
            (Type::Var(_), _) => {
                self.substitution.assignable(&Type::Dyn, &range);
                (Type::Dyn, Type::Dyn)
            }
            _ => {
                let range = self.substitution.apply(&range);
                let message = format!(
                    "expression of type '{range}' cannot be range of a comprehension \
                     (must be list, map, or dynamic)"
                );
                self.complain(it.range.id, message);
                (Type::Error, Type::Error)
            }
        }
    }

    /// Complains unless a node's type can be assigned to what is expected.
    fn expect(&mut self, expr: &Expr, wanted: &Type, found: &Type) {
        if self.substitution.assignable(found, wanted) {
            return;
        }
        let (wanted, found) = (self.substitution.apply(wanted), self.substitution.apply(found));
        self.complain(expr.id, format!("expected type '{wanted}' but found '{found}'"));
    }
}

fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
    }
}

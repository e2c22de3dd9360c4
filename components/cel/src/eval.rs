//! Runs a plan over values.
//!
//! Upstream: cel-go `interpreter/interpretable.go`, `attributes.go`. `&&`, `||` and the loops absorb
//! errors that another operand makes irrelevant; a cost beyond its limit nothing absorbs.

mod fold;
mod select;

use crate::{
    cost::actual,
    plan::{Call, Make, Node},
    value::{EvalError, Key, Outcome, Struct, Value},
};
use std::{collections::BTreeMap, sync::Arc};

/// Where variables come from.
pub trait Bindings<'a> {
    /// A variable's value; none if there is no such variable.
    fn get(&self, name: &str) -> Option<Outcome<'a>>;

    /// A field of a variable whose value is a [`Value::Scope`]; it may be computed now.
    fn field(&self, scope: &str, name: &str) -> Option<Outcome<'a>> {
        let (_, _) = (scope, name);
        None
    }
}

impl<'a> Bindings<'a> for BTreeMap<&str, Value<'a>> {
    fn get(&self, name: &str) -> Option<Outcome<'a>> {
        BTreeMap::get(self, name).cloned().map(Ok)
    }
}

/// One run.
pub(crate) struct Evaluation<'p, 'a> {
    bindings: &'p dyn Bindings<'a>,
    /// Variables of loops, at their places. An accumulator may hold an error.
    locals: Vec<Outcome<'a>>,
    cost: u64,
    cost_max: u64,
}

impl<'p, 'a> Evaluation<'p, 'a> {
    pub(crate) fn new(bindings: &'p dyn Bindings<'a>, locals: usize, cost_max: u64) -> Self {
        let locals = (0..locals).map(|_| Ok(Value::Null)).collect();
        Self { bindings, locals, cost: 0, cost_max }
    }

    pub(crate) fn cost(&self) -> u64 {
        self.cost
    }

    pub(crate) fn charge(&mut self, cost: u64) -> Result<(), EvalError> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost > self.cost_max { Err(EvalError::CostExceeded) } else { Ok(()) }
    }

    pub(crate) fn eval(&mut self, node: &Node) -> Outcome<'a> {
        match node {
            Node::Constant(value) => Ok(value.clone()),
            Node::Variable(name) => self.variable(name),
            Node::Local(place) => self.local(*place, false),
            Node::Taken(place) => self.local(*place, true),
            Node::Select(operand, field) => self.select(operand, field),
            Node::Has(operand, field) => self.has(operand, field),
            Node::OptSelect(operand, field) => self.opt_select(operand, field),
            Node::Index(it) => self.index(it),
            Node::OptIndex(it) => self.opt_index(it),
            Node::And(it) => self.logical(it, false),
            Node::Or(it) => self.logical(it, true),
            Node::Conditional(it) => self.conditional(it),
            Node::Among(it) => self.among(it),
            Node::NotStrictlyFalse(it) => self.not_strictly_false(it),
            Node::Call(call) => self.call(call),
            Node::List(elements) => self.list(elements),
            Node::Map(entries) => self.map(entries),
            Node::Struct(it) => self.structure(it),
            Node::Fold(fold) => self.fold(fold),
        }
    }

    fn variable(&mut self, name: &str) -> Outcome<'a> {
        self.charge(1)?;
        self.bindings.get(name).unwrap_or_else(|| Err(EvalError::no_attribute(name)))
    }

    fn local(&mut self, place: usize, take: bool) -> Outcome<'a> {
        self.charge(1)?;
        match self.locals.get_mut(place) {
            Some(value) if take => std::mem::replace(value, Ok(Value::Null)),
            Some(value) => value.clone(),
            None => Err(EvalError::no_attribute("")),
        }
    }

    /// `&&` where false decides, `||` where true does: the one that decides hides the other's error.
    fn logical(&mut self, operands: &[Node; 2], deciding: bool) -> Outcome<'a> {
        let [left, right] = operands;
        let left = truth(self.eval(left));
        match left {
            Ok(it) if it == deciding => return Ok(Value::Bool(it)),
            Err(error) if error.is_final() => return Err(error),
            Ok(_) | Err(_) => {}
        }
        match (left, truth(self.eval(right))) {
            (_, Ok(it)) if it == deciding => Ok(Value::Bool(it)),
            (_, Err(error)) if error.is_final() => Err(error),
            (Err(error), _) | (_, Err(error)) => Err(error),
            (Ok(_), Ok(it)) => Ok(Value::Bool(it)),
        }
    }

    fn conditional(&mut self, it: &[Node; 3]) -> Outcome<'a> {
        let [condition, then, other] = it;
        let chosen = if truth(self.eval(condition))? { then } else { other };
        let value = self.eval(chosen);
        // cel-go resolves a variable or a path there without observing its root.
        if chosen.is_path() && !matches!(chosen, Node::Conditional(_)) {
            self.cost = self.cost.saturating_sub(1);
        }
        value
    }

    /// `x in ['a', 'b']`, which is free.
    fn among(&mut self, it: &(Node, Value<'static>)) -> Outcome<'a> {
        let value = self.eval(&it.0)?;
        match &it.1 {
            Value::List(list) => Ok(Value::Bool(list.contains(&value)?)),
            _ => Err(EvalError::no_overload()),
        }
    }

    fn not_strictly_false(&mut self, operand: &Node) -> Outcome<'a> {
        let value = self.eval(operand);
        self.charge(1)?;
        match value {
            Err(error) if error.is_final() => Err(error),
            other => Ok(Value::Bool(!matches!(other, Ok(Value::Bool(false))))),
        }
    }

    fn call(&mut self, call: &Call) -> Outcome<'a> {
        // Most calls have one or two arguments: they need no memory of their own.
        let mut failed = None;
        match call.args.as_slice() {
            [one] => {
                let mut args = [self.argument(one, &mut failed)?];
                self.apply(call, &mut args, failed)
            }
            [one, two] => {
                let one = self.argument(one, &mut failed)?;
                let mut args = [one, self.argument(two, &mut failed)?];
                self.apply(call, &mut args, failed)
            }
            more => {
                let args = more.iter().map(|it| self.argument(it, &mut failed));
                let mut args = args.collect::<Result<Vec<_>, _>>()?;
                self.apply(call, &mut args, failed)
            }
        }
    }

    /// An argument; one that failed leaves its error behind, because the others are still evaluated and
    /// the call still costs.
    fn argument(&mut self, node: &Node, failed: &mut Option<EvalError>) -> Outcome<'a> {
        match self.eval(node) {
            Err(error) if !error.is_final() => {
                failed.get_or_insert(error);
                Ok(Value::Null)
            }
            outcome => outcome,
        }
    }

    fn apply(
        &mut self,
        call: &Call,
        args: &mut [Value<'a>],
        failed: Option<EvalError>,
    ) -> Outcome<'a> {
        if let Some(failed) = failed {
            let id = call.overloads.first().map_or("", |it| it.id);
            self.charge(actual::of_call(&call.function, id, args))?;
            return Err(failed);
        }
        let Some(overload) = call.overloads.iter().find(|it| it.takes(args)) else {
            self.charge(1)?;
            return Err(EvalError::no_overload());
        };
        self.charge(actual::of_call(&call.function, overload.id, args))?;
        let result = (overload.run)(args)?;
        self.charge(actual::of_result(&call.function, &result))?;
        Ok(result)
    }

    fn list(&mut self, elements: &[(Node, bool)]) -> Outcome<'a> {
        let mut items = Vec::with_capacity(elements.len());
        for (element, optional) in elements {
            let value = self.eval(element)?;
            items.extend(if *optional { present(value)? } else { Some(value) });
        }
        self.charge(actual::LIST_COST)?;
        Ok(Value::list(items))
    }

    fn map(&mut self, entries: &[(Node, Node, bool)]) -> Outcome<'a> {
        let mut made = BTreeMap::new();
        for (key, value, optional) in entries {
            let key = self.eval(key)?;
            let value = self.eval(value)?;
            let value = if *optional { present(value)? } else { Some(value) };
            let Some(value) = value else { continue };
            let key = match &key {
                Value::Double(_) => None,
                other => Key::new(other),
            };
            let key = key.ok_or_else(|| EvalError::new("unsupported key type"))?;
            if made.contains_key(&key) {
                return Err(EvalError::new("Failed with repeated key"));
            }
            made.insert(key, value);
        }
        self.charge(actual::MAP_COST)?;
        Ok(Value::map(made))
    }

    fn structure(&mut self, make: &Make) -> Outcome<'a> {
        let mut fields = BTreeMap::new();
        for (name, value, optional) in &make.fields {
            let value = self.eval(value)?;
            let value = if *optional { present(value)? } else { Some(value) };
            if let Some(value) = value {
                nested_type(&make.type_name, name, &value)?;
                fields.insert(name.clone(), value);
            }
        }
        self.charge(actual::STRUCT_COST)?;
        Ok(Value::Struct(Arc::new(Struct { type_name: make.type_name.clone(), fields })))
    }
}

/// `Object{spec: …}` takes an `Object.spec` there (apiserver `pkg/cel/mutation/typeresolver.go`).
fn nested_type(parent: &str, field: &str, value: &Value<'_>) -> Result<(), EvalError> {
    let Value::Struct(inner) = value else { return Ok(()) };
    let wanted = format!("{parent}.{field}");
    if *inner.type_name == *wanted {
        return Ok(());
    }
    Err(EvalError::new(format!(
        "unexpected type name \"{}\", expected \"{wanted}\", which matches field name path from \
         root Object type",
        inner.type_name
    )))
}

fn truth(value: Outcome<'_>) -> Result<bool, EvalError> {
    match value? {
        Value::Bool(it) => Ok(it),
        _ => Err(EvalError::no_overload()),
    }
}

/// What `?element` puts into its list, map or object.
fn present(value: Value<'_>) -> Result<Option<Value<'_>>, EvalError> {
    match value {
        Value::Optional(it) => Ok(it.map(|it| (*it).clone())),
        _ => {
            let found = value.type_of();
            let message =
                format!("cannot initialize optional entry from non-optional value {found}");
            Err(EvalError::new(message))
        }
    }
}

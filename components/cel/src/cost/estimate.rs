//! Walks a checked tree and adds up what it may cost.
//!
//! Upstream: cel-go `checker/cost.go` (`coster`).

mod sizes;

use super::{
    CostEstimate, SizeEstimate, Sizes,
    actual::{LIST_COST, MAP_COST, STRUCT_COST},
    calls::{self, CallEstimate, Operand},
};
use crate::{
    ast::{ACCUMULATOR, Comprehension, Element, Entry, Expr, Id, Kind, Literal, operator},
    checker::{Checked, Reference},
    types::Type,
};
use sizes::{EntrySizes, Local};
use std::{collections::BTreeMap, sync::Arc};

type Path = Vec<Arc<str>>;

/// What a checked expression may cost.
pub(crate) fn estimate(checked: &Checked, sizes: &dyn Sizes) -> CostEstimate {
    let mut coster = Coster {
        checked,
        sizes,
        paths: BTreeMap::new(),
        locals: Vec::new(),
        computed: BTreeMap::new(),
        entries: BTreeMap::new(),
    };
    coster.cost(&checked.ast.root)
}

struct Coster<'c> {
    checked: &'c Checked,
    sizes: &'c dyn Sizes,
    /// How nodes are reached from variables.
    paths: BTreeMap<Id, Path>,
    locals: Vec<Local>,
    computed: BTreeMap<Id, SizeEstimate>,
    entries: BTreeMap<Id, EntrySizes>,
}

impl Coster<'_> {
    fn cost(&mut self, expr: &Expr) -> CostEstimate {
        match &expr.kind {
            Kind::Literal(_) => CostEstimate::default(),
            Kind::Ident(name) => self.ident(expr, name),
            Kind::Select { operand, field, test_only } => {
                self.select(expr, operand, field, *test_only)
            }
            Kind::Call { target, function, args } => {
                self.call(expr, target.as_deref(), function, args)
            }
            Kind::List { elements } => self.list(expr, elements),
            Kind::Map { entries } => self.map(expr, entries),
            Kind::Struct { fields, .. } => {
                let base = CostEstimate::fixed(STRUCT_COST);
                fields.iter().fold(base, |sum, it| sum.plus(self.cost(&it.value)))
            }
            Kind::Comprehension(it) if is_binding(it) => self.binding(expr, it),
            Kind::Comprehension(it) => self.comprehension(expr, it),
        }
    }

    fn ident(&mut self, expr: &Expr, name: &Arc<str>) -> CostEstimate {
        let path = match self.local(name) {
            Some(local) => local.path.clone(),
            None => vec![name.clone()],
        };
        self.paths.insert(expr.id, path);
        CostEstimate::fixed(1)
    }

    /// Asking whether a field is there costs nothing (`PresenceTestHasCost(false)`).
    fn select(
        &mut self,
        expr: &Expr,
        operand: &Expr,
        field: &Arc<str>,
        test_only: bool,
    ) -> CostEstimate {
        let sum = self.cost(operand);
        if test_only {
            return sum;
        }
        let mut path = self.path(operand);
        path.push(field.clone());
        self.paths.insert(expr.id, path);
        match self.checked.type_of(operand) {
            Type::Map(..) | Type::Object(_) => sum.plus(CostEstimate::fixed(1)),
            _ => sum,
        }
    }

    fn call(
        &mut self,
        expr: &Expr,
        target: Option<&Expr>,
        function: &str,
        args: &[Expr],
    ) -> CostEstimate {
        if let ("dyn", [arg]) = (function, args) {
            let cost = self.cost(arg).plus(CostEstimate::fixed(1));
            self.copy_sizes(expr, arg);
            return cost;
        }
        let costs: Vec<_> = args.iter().map(|it| self.cost(it)).collect();
        let operands: Vec<_> = args.iter().map(|it| self.operand(it)).collect();
        if function == operator::OPT_SELECT {
            return costs.into_iter().fold(CostEstimate::fixed(1), CostEstimate::plus);
        }
        let checked = self.checked;
        let Some(Reference::Function { name, overloads, namespaced }) =
            checked.references.get(&expr.id)
        else {
            return CostEstimate::default();
        };
        let target = target.filter(|_| !namespaced);
        let mut sum = CostEstimate::default();
        let mut receiver = None;
        if let Some(target) = target {
            sum = self.cost(target);
            receiver = Some(self.operand(target));
        }
        let mut own = CostEstimate { min: u64::MAX, max: 0 };
        let mut size: Option<SizeEstimate> = None;
        for overload in overloads {
            let call = Call { expr, args, costs: &costs, operands: &operands };
            let (cost, found) = self.overload(&call, name, overload.id, receiver.as_ref());
            own = own.union(cost);
            if let Some(found) = found {
                size = Some(size.map_or(found, |it| it.union(found)));
            }
            if let ("index_list" | "index_map", [operand, _]) = (overload.id, args) {
                size = self.entry_sizes(operand).map(|it| it.value);
                let mut path = self.path(operand);
                let list = overload.id == "index_list";
                path.push(if list { "@items" } else { "@values" }.into());
                self.paths.insert(expr.id, path);
            }
            if size.is_none() {
                size = self.size(expr);
            }
        }
        if let Some(size) = size {
            self.computed.insert(expr.id, size);
        }
        sum.plus(own)
    }

    fn overload(
        &mut self,
        call: &Call<'_>,
        function: &str,
        overload: &str,
        target: Option<&Operand>,
    ) -> CallEstimate {
        let all = || call.costs.iter().copied().fold(CostEstimate::default(), CostEstimate::plus);
        if let Some((cost, size)) = calls::of_library(function, overload, target, call.operands) {
            return (cost.plus(all()), size);
        }
        match (overload, call.costs, call.args) {
            ("logical_and" | "logical_or", [left, right], _) => {
                let max = left.plus(*right).max;
                return (CostEstimate { min: left.min, max }, None);
            }
            ("conditional", [condition, then, other], [_, one, another]) => {
                let entries = EntrySizes::union(self.entry_sizes(one), self.entry_sizes(another));
                self.set_entries(call.expr, entries);
                let size = call.operands.get(1).zip(call.operands.get(2));
                let size = size.map(|(one, other)| one.size.union(other.size));
                return (condition.plus(then.union(*other)), size);
            }
            ("add_string" | "add_bytes" | "add_list", _, [left, right]) => {
                let entries = EntrySizes::union(self.entry_sizes(left), self.entry_sizes(right));
                self.set_entries(call.expr, entries);
            }
            _ => {}
        }
        let (cost, size) = calls::of_overload(overload, target, call.operands);
        (cost.plus(all()), size)
    }

    fn list(&mut self, expr: &Expr, elements: &[Element]) -> CostEstimate {
        let mut sum = CostEstimate::fixed(LIST_COST);
        let mut value = none_yet(elements.is_empty());
        for element in elements {
            sum = sum.plus(self.cost(&element.value));
            value = value.union(self.size_or_unknown(&element.value));
        }
        let entries = EntrySizes { list: true, key: SizeEstimate::fixed(1), value };
        self.set_entries(expr, Some(entries));
        sum
    }

    fn map(&mut self, expr: &Expr, entries: &[Entry]) -> CostEstimate {
        let mut sum = CostEstimate::fixed(MAP_COST);
        let (mut key, mut value) = (none_yet(entries.is_empty()), none_yet(entries.is_empty()));
        for entry in entries {
            sum = sum.plus(self.cost(&entry.key)).plus(self.cost(&entry.value));
            key = key.union(self.size_or_unknown(&entry.key));
            value = value.union(self.size_or_unknown(&entry.value));
        }
        self.set_entries(expr, Some(EntrySizes { list: false, key, value }));
        sum
    }

    fn comprehension(&mut self, expr: &Expr, it: &Comprehension) -> CostEstimate {
        let sum = self.cost(&it.range).plus(self.cost(&it.init));
        let outer = self.locals.len();
        self.push_binding(&it.accumulator, &it.init);
        self.push_loop(it);
        let turn = self.cost(&it.condition).plus(self.cost(&it.step));
        self.locals.truncate(outer + 1);
        let result = self.cost(&it.result);
        self.locals.truncate(outer);
        let turns = self.size_or_unknown(&it.range);
        match &it.init.kind {
            Kind::Literal(_) => {
                if let Some(size) = self.size(&it.init) {
                    self.computed.insert(expr.id, size);
                }
            }
            Kind::List { .. } | Kind::Map { .. } => {
                self.computed.insert(expr.id, turns);
                let entries = self.entry_sizes(&it.step);
                self.set_entries(expr, entries);
            }
            _ => {}
        }
        sum.plus(result).plus(turns.each(turn))
    }

    fn binding(&mut self, expr: &Expr, it: &Comprehension) -> CostEstimate {
        let sum = self.cost(&it.range).plus(self.cost(&it.init));
        self.push_binding(&it.accumulator, &it.init);
        let result = self.cost(&it.result);
        self.locals.pop();
        self.copy_sizes(expr, &it.result);
        sum.plus(result)
    }
}

struct Call<'a> {
    expr: &'a Expr,
    args: &'a [Expr],
    costs: &'a [CostEstimate],
    operands: &'a [Operand],
}

/// Where sizes of elements are joined to.
fn none_yet(empty: bool) -> SizeEstimate {
    SizeEstimate { min: if empty { 0 } else { u64::MAX }, max: 0 }
}

fn is_binding(it: &Comprehension) -> bool {
    let empty = matches!(&it.range.kind, Kind::List { elements } if elements.is_empty());
    let never = matches!(it.condition.kind, Kind::Literal(Literal::Bool(false)));
    empty && never && *it.accumulator != *ACCUMULATOR
}

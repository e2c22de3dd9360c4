//! Walks a checked tree and adds up what it may cost.
//!
//! Upstream: cel-go `checker/cost.go` (`coster`).

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

/// A loop's or a binding's variable.
struct Local {
    name: Arc<str>,
    path: Path,
    size: Option<SizeEstimate>,
    entries: Option<EntrySizes>,
}

/// How large keys (or indices) and values are.
#[derive(Clone, Copy)]
struct EntrySizes {
    list: bool,
    key: SizeEstimate,
    value: SizeEstimate,
}

impl EntrySizes {
    fn union(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (one, other) = (one?, other?);
        let (key, value) = (one.key.union(other.key), one.value.union(other.value));
        Some(Self { list: one.list, key, value })
    }
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

    fn push_loop(&mut self, it: &Comprehension) {
        let entries = self.entry_sizes(&it.range);
        let list = match entries {
            Some(entries) => entries.list,
            None => matches!(self.checked.type_of(&it.range), Type::List(_)),
        };
        let path = self.path(&it.range);
        let below = |part: &str| path.iter().cloned().chain([part.into()]).collect();
        let (keys, values) = if list { ("@indices", "@items") } else { ("@keys", "@values") };
        let key = |name: &Arc<str>| Local {
            name: name.clone(),
            path: below(keys),
            size: entries.map(|it| it.key),
            entries: None,
        };
        let value = |name: &Arc<str>| Local {
            name: name.clone(),
            path: below(values),
            size: entries.map(|it| it.value),
            entries: None,
        };
        match &it.second {
            Some(second) => self.locals.extend([key(&it.variable), value(second)]),
            None if list => self.locals.push(value(&it.variable)),
            None => self.locals.push(key(&it.variable)),
        }
    }

    fn push_binding(&mut self, name: &Arc<str>, value: &Expr) {
        let path = self.path(value);
        let (size, entries) = (self.size(value), self.entry_sizes(value));
        self.locals.push(Local { name: name.clone(), path, size, entries });
    }

    fn binding(&mut self, expr: &Expr, it: &Comprehension) -> CostEstimate {
        let sum = self.cost(&it.range).plus(self.cost(&it.init));
        self.push_binding(&it.accumulator, &it.init);
        let result = self.cost(&it.result);
        self.locals.pop();
        self.copy_sizes(expr, &it.result);
        sum.plus(result)
    }

    fn local(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rev().find(|it| *it.name == *name)
    }

    fn path(&self, expr: &Expr) -> Path {
        if let Kind::Ident(name) = &expr.kind
            && let Some(local) = self.local(name)
        {
            return local.path.clone();
        }
        self.paths.get(&expr.id).cloned().unwrap_or_default()
    }

    fn copy_sizes(&mut self, to: &Expr, from: &Expr) {
        if let Some(size) = self.size(from) {
            self.computed.insert(to.id, size);
        }
        let entries = self.entry_sizes(from);
        self.set_entries(to, entries);
    }

    fn set_entries(&mut self, expr: &Expr, entries: Option<EntrySizes>) {
        if let Some(entries) = entries {
            self.entries.insert(expr.id, entries);
        }
    }

    fn entry_sizes(&self, expr: &Expr) -> Option<EntrySizes> {
        if let Some(entries) = self.entries.get(&expr.id) {
            return Some(*entries);
        }
        match &expr.kind {
            Kind::Ident(name) => self.local(name).and_then(|it| it.entries),
            _ => None,
        }
    }

    fn size_or_unknown(&mut self, expr: &Expr) -> SizeEstimate {
        self.size(expr).unwrap_or(SizeEstimate::UNKNOWN)
    }

    fn size(&mut self, expr: &Expr) -> Option<SizeEstimate> {
        if let Some(size) = self.computed.get(&expr.id) {
            return Some(*size);
        }
        if let Some(size) = written_size(&expr.kind) {
            return Some(SizeEstimate::fixed(size));
        }
        if let Some(size) = self.sizes.size(&self.path(expr)) {
            self.computed.insert(expr.id, size);
            return Some(size);
        }
        if is_scalar(self.checked.type_of(expr)) {
            return Some(SizeEstimate::fixed(1));
        }
        match &expr.kind {
            Kind::Ident(name) => self.local(name).and_then(|it| it.size),
            _ => None,
        }
    }

    fn operand(&mut self, expr: &Expr) -> Operand {
        let size = self.size_or_unknown(expr);
        let items = match self.checked.type_of(expr) {
            Type::List(element) => {
                let mut path = self.path(expr);
                let rooted = path.first().is_some_and(|it| **it != *ACCUMULATOR);
                path.push("@items".into());
                let known = if rooted { self.sizes.size(&path) } else { None };
                Some((known.unwrap_or(SizeEstimate::UNKNOWN), Operand::is_text(element)))
            }
            _ => None,
        };
        let number = match &expr.kind {
            Kind::Literal(Literal::Int(it)) => Some(*it),
            _ => None,
        };
        let of = self.checked.type_of(expr).clone();
        Operand { size, items, of, number }
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

fn written_size(kind: &Kind) -> Option<u64> {
    Some(match kind {
        Kind::Literal(Literal::String(text)) => text.chars().count() as u64,
        Kind::Literal(Literal::Bytes(bytes)) => bytes.len() as u64,
        Kind::Literal(_) => 1,
        Kind::List { elements } => elements.len() as u64,
        Kind::Map { entries } => entries.len() as u64,
        _ => return None,
    })
}

fn is_scalar(found: &Type) -> bool {
    match found {
        Type::Bool | Type::Double | Type::Duration | Type::Int | Type::Timestamp | Type::Uint => {
            true
        }
        other => other.unwrap_optional().is_some_and(is_scalar),
    }
}

//! How large what a node gives can be: written out, computed, or told by the variables' schemas.

use super::{Coster, Path};
use crate::{
    ast::{ACCUMULATOR, Comprehension, Expr, Kind, Literal},
    cost::{SizeEstimate, calls::Operand},
    types::Type,
};
use std::sync::Arc;

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

/// A loop's or a binding's variable.
pub(super) struct Local {
    pub(super) name: Arc<str>,
    pub(super) path: Path,
    pub(super) size: Option<SizeEstimate>,
    pub(super) entries: Option<EntrySizes>,
}

/// How large keys (or indices) and values are.
#[derive(Clone, Copy)]
pub(super) struct EntrySizes {
    pub(super) list: bool,
    pub(super) key: SizeEstimate,
    pub(super) value: SizeEstimate,
}

impl EntrySizes {
    pub(super) fn union(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (one, other) = (one?, other?);
        let (key, value) = (one.key.union(other.key), one.value.union(other.value));
        Some(Self { list: one.list, key, value })
    }
}

impl Coster<'_> {
    pub(super) fn push_loop(&mut self, it: &Comprehension) {
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

    pub(super) fn push_binding(&mut self, name: &Arc<str>, value: &Expr) {
        let path = self.path(value);
        let (size, entries) = (self.size(value), self.entry_sizes(value));
        self.locals.push(Local { name: name.clone(), path, size, entries });
    }

    pub(super) fn local(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rev().find(|it| *it.name == *name)
    }

    pub(super) fn path(&self, expr: &Expr) -> Path {
        if let Kind::Ident(name) = &expr.kind
            && let Some(local) = self.local(name)
        {
            return local.path.clone();
        }
        self.paths.get(&expr.id).cloned().unwrap_or_default()
    }

    pub(super) fn copy_sizes(&mut self, to: &Expr, from: &Expr) {
        if let Some(size) = self.size(from) {
            self.computed.insert(to.id, size);
        }
        let entries = self.entry_sizes(from);
        self.set_entries(to, entries);
    }

    pub(super) fn set_entries(&mut self, expr: &Expr, entries: Option<EntrySizes>) {
        if let Some(entries) = entries {
            self.entries.insert(expr.id, entries);
        }
    }

    pub(super) fn entry_sizes(&self, expr: &Expr) -> Option<EntrySizes> {
        if let Some(entries) = self.entries.get(&expr.id) {
            return Some(*entries);
        }
        match &expr.kind {
            Kind::Ident(name) => self.local(name).and_then(|it| it.entries),
            _ => None,
        }
    }

    pub(super) fn size_or_unknown(&mut self, expr: &Expr) -> SizeEstimate {
        self.size(expr).unwrap_or(SizeEstimate::UNKNOWN)
    }

    pub(super) fn size(&mut self, expr: &Expr) -> Option<SizeEstimate> {
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

    pub(super) fn operand(&mut self, expr: &Expr) -> Operand {
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

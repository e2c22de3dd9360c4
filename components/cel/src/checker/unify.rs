//! Which types may stand for others, and what parameters then mean.
//!
//! Upstream: cel-go `checker/types.go`, `checker/mapping.go`.

use crate::types::Type;
use std::collections::BTreeMap;

/// What the parameters of the calls so far stand for.
#[derive(Debug, Default)]
pub(super) struct Substitution {
    known: Vec<Option<Type>>,
    /// What bindings were before, so that an overload that does not fit leaves nothing behind.
    undo: Vec<(usize, Option<Type>)>,
}

impl Substitution {
    /// A parameter that nothing is known of.
    pub(super) fn fresh(&mut self) -> Type {
        self.known.push(None);
        Type::Var(u32::try_from(self.known.len() - 1).unwrap_or(u32::MAX))
    }

    /// A declared type with its parameters made this call's own.
    pub(super) fn instantiate(
        &mut self,
        declared: &Type,
        own: &mut BTreeMap<&'static str, Type>,
    ) -> Type {
        match declared {
            Type::Param(name) => match own.get(name) {
                Some(found) => found.clone(),
                None => {
                    let fresh = self.fresh();
                    own.insert(name, fresh.clone());
                    fresh
                }
            },
            Type::List(it) => Type::list(self.instantiate(it, own)),
            Type::Map(key, value) => {
                let key = self.instantiate(key, own);
                Type::map(key, self.instantiate(value, own))
            }
            Type::Type(it) => Type::of(self.instantiate(it, own)),
            Type::Opaque(name, inner) => {
                let inner = inner.iter().map(|it| self.instantiate(it, own)).collect();
                Type::Opaque(name.clone(), inner)
            }
            _ => declared.clone(),
        }
    }

    /// What is known of a type itself; its parts are left as they are.
    pub(super) fn resolve(&self, found: &Type) -> Type {
        let mut found = found;
        while let Type::Var(number) = found {
            match self.known.get(*number as usize) {
                Some(Some(next)) => found = next,
                _ => break,
            }
        }
        found.clone()
    }

    /// The type with everything known put in; what stays open is `dyn`.
    pub(super) fn apply(&self, found: &Type) -> Type {
        match self.resolve(found) {
            Type::Var(_) | Type::Param(_) => Type::Dyn,
            Type::List(it) => Type::list(self.apply(&it)),
            Type::Map(key, value) => Type::map(self.apply(&key), self.apply(&value)),
            Type::Type(it) => Type::of(self.apply(&it)),
            Type::Opaque(name, inner) => {
                Type::Opaque(name, inner.iter().map(|it| self.apply(it)).collect())
            }
            plain => plain,
        }
    }

    /// Whether a value of one type may be used as another; remembers what parameters mean if so.
    pub(super) fn assignable(&mut self, from: &Type, to: &Type) -> bool {
        self.all_assignable(&[(from, to)])
    }

    /// Whether all may; remembers nothing if one may not.
    pub(super) fn all_assignable(&mut self, pairs: &[(&Type, &Type)]) -> bool {
        self.undo.clear();
        let fits = pairs.iter().all(|(from, to)| self.fits(from, to));
        if !fits {
            while let Some((number, before)) = self.undo.pop() {
                if let Some(place) = self.known.get_mut(number) {
                    *place = before;
                }
            }
        }
        fits
    }

    fn fits(&mut self, from: &Type, to: &Type) -> bool {
        if let Type::Var(number) = to {
            let (valid, bound) = self.substitutes(from, *number);
            if valid || bound {
                return valid;
            }
        }
        if let Type::Var(number) = from {
            return self.substitutes(to, *number).0;
        }
        match (from, to) {
            _ if from.is_dyn() || to.is_dyn() => true,
            (Type::Null, it) | (it, Type::Null) => nullable(it),
            (Type::List(one), Type::List(other)) => self.fits(one, other),
            (Type::Map(key, value), Type::Map(other_key, other_value)) => {
                self.fits(key, other_key) && self.fits(value, other_value)
            }
            (Type::Type(_), Type::Type(_)) => true,
            (Type::Opaque(one, inner), Type::Opaque(other, others)) => {
                one == other
                    && inner.len() == others.len()
                    && inner.iter().zip(others.iter()).all(|(one, other)| self.fits(one, other))
            }
            _ => from == to,
        }
    }

    /// Whether a type may stand for a parameter, and whether something did already.
    fn substitutes(&mut self, found: &Type, number: u32) -> (bool, bool) {
        if *found == Type::Var(number) {
            return (true, true);
        }
        if let Some(known) = self.known.get(number as usize).cloned().flatten() {
            if *found == known {
                return (true, true);
            }
            if !self.fits(found, &known) {
                return (false, true);
            }
            let general = most_general(found.clone(), known);
            if !self.refers(&general, number) {
                self.bind(number, general);
            }
            return (true, true);
        }
        if self.refers(found, number) {
            return (false, false);
        }
        self.bind(number, found.clone());
        (true, false)
    }

    fn bind(&mut self, number: u32, found: Type) {
        if let Some(place) = self.known.get_mut(number as usize) {
            self.undo.push((number as usize, place.replace(found)));
        }
    }

    /// Whether a parameter occurs in a type, which would then never end.
    fn refers(&self, found: &Type, number: u32) -> bool {
        match found {
            Type::Var(other) if *other == number => true,
            Type::Var(other) => {
                let known = self.known.get(*other as usize).and_then(Option::as_ref);
                known.is_some_and(|it| self.refers(it, number))
            }
            Type::List(it) | Type::Type(it) => self.refers(it, number),
            Type::Map(key, value) => self.refers(key, number) || self.refers(value, number),
            Type::Opaque(_, inner) => inner.iter().any(|it| self.refers(it, number)),
            _ => false,
        }
    }

    /// The type of elements so far and of one more; none if one list cannot hold both.
    pub(super) fn join(&mut self, so_far: Option<Type>, next: Type) -> Option<Type> {
        let Some(so_far) = so_far else { return Some(next) };
        self.assignable(&so_far, &next).then(|| most_general(so_far, next))
    }
}

/// `null` may stand for what protocol buffers can leave out.
fn nullable(found: &Type) -> bool {
    matches!(
        found,
        Type::Null | Type::Object(_) | Type::Opaque(..) | Type::Timestamp | Type::Duration
    )
}

fn most_general(one: Type, other: Type) -> Type {
    if less_specific(&one, &other) { one } else { other }
}

fn less_specific(one: &Type, other: &Type) -> bool {
    match (one, other) {
        (Type::Dyn | Type::Error | Type::Var(_), _) => true,
        (_, Type::Dyn | Type::Error | Type::Var(_)) => false,
        (Type::List(one), Type::List(other)) => less_specific(one, other),
        (Type::Map(key, value), Type::Map(other_key, other_value)) => {
            less_specific(key, other_key) && less_specific(value, other_value)
        }
        (Type::Type(_), Type::Type(_)) => true,
        (Type::Opaque(one, inner), Type::Opaque(other, others)) => {
            one == other
                && inner.iter().zip(others.iter()).all(|(one, other)| less_specific(one, other))
        }
        _ => one == other,
    }
}

//! What can be called: names, their overloads and what these do.
//!
//! Upstream: cel-go `common/decls`. Overloads' ids are upstream's, because costs are told by them.

use crate::{
    types::Type,
    value::{Outcome, Value},
};
use std::{collections::BTreeMap, sync::Arc};

/// What an overload does with its arguments, the target first. It may take them out of the slice.
pub type Run = for<'a> fn(&mut [Value<'a>]) -> Outcome<'a>;

/// One way to call a function.
#[derive(Clone, Debug)]
pub struct Overload {
    /// Upstream's name of it.
    pub id: &'static str,
    /// Whether it is called as a method.
    pub member: bool,
    /// Its arguments' types, the target's first.
    pub args: Vec<Type>,
    /// What it gives.
    pub result: Type,
    /// What it does.
    pub run: Run,
}

impl Overload {
    /// Whether it takes these values.
    pub(crate) fn takes(&self, values: &[Value<'_>]) -> bool {
        self.args.len() == values.len()
            && self.args.iter().zip(values).all(|(wanted, value)| value.is_a(wanted))
    }
}

/// Functions by name.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    by_name: BTreeMap<&'static str, Vec<Arc<Overload>>>,
    /// Names of types that functions give.
    types: BTreeMap<&'static str, Type>,
}

impl Functions {
    /// The overloads of a name, in the order of declaration.
    pub fn find(&self, name: &str) -> Option<&[Arc<Overload>]> {
        self.by_name.get(name).map(Vec::as_slice)
    }

    /// Declares a function that is called by its name.
    pub fn global(
        &mut self,
        name: &'static str,
        id: &'static str,
        args: &[Type],
        result: Type,
        run: Run,
    ) {
        self.add(name, Overload { id, member: false, args: args.to_vec(), result, run });
    }

    /// Declares a method; the first argument is its target.
    pub fn member(
        &mut self,
        name: &'static str,
        id: &'static str,
        args: &[Type],
        result: Type,
        run: Run,
    ) {
        self.add(name, Overload { id, member: true, args: args.to_vec(), result, run });
    }

    fn add(&mut self, name: &'static str, overload: Overload) {
        self.by_name.entry(name).or_default().push(Arc::new(overload));
    }

    /// Lets expressions name a library's type.
    pub fn named_type(&mut self, name: &'static str) {
        self.types.insert(name, Type::opaque(name));
    }

    /// The type of that name.
    pub fn find_type(&self, name: &str) -> Option<Type> {
        Type::named(name).or_else(|| self.types.get(name).cloned())
    }
}

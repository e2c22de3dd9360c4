//! Lists, maps and objects that are written out.
//!
//! Upstream: cel-go `checker/checker.go`; elements of different types are refused as apiserver's
//! environments refuse them (`cel.HomogeneousAggregateLiterals`).

use super::Checker;
use crate::{
    ast::{Element, Entry, Expr, Field},
    types::Type,
};

impl Checker<'_> {
    pub(super) fn list(&mut self, elements: &[Element]) -> Type {
        let mut joined = None;
        for element in elements {
            let found = self.check(&element.value);
            let found = self.unwrapped(&element.value, found, element.optional);
            joined = Some(self.joined(&element.value, joined, found));
        }
        Type::list(joined.unwrap_or_else(|| self.substitution.fresh()))
    }

    pub(super) fn map(&mut self, entries: &[Entry]) -> Type {
        let (mut keys, mut values) = (None, None);
        for entry in entries {
            let key = self.check(&entry.key);
            keys = Some(self.joined(&entry.key, keys, key));
            let value = self.check(&entry.value);
            let value = self.unwrapped(&entry.value, value, entry.optional);
            values = Some(self.joined(&entry.value, values, value));
        }
        let keys = keys.unwrap_or_else(|| self.substitution.fresh());
        Type::map(keys, values.unwrap_or_else(|| self.substitution.fresh()))
    }

    /// What `?element` adds to its list.
    fn unwrapped(&mut self, expr: &Expr, found: Type, optional: bool) -> Type {
        if !optional {
            return found;
        }
        let resolved = self.substitution.resolve(&found);
        match resolved.unwrap_optional() {
            Some(inner) => inner.clone(),
            None if resolved.is_dyn() => Type::Dyn,
            None => {
                self.expect(expr, &Type::optional(resolved.clone()), &resolved);
                resolved
            }
        }
    }

    fn joined(&mut self, expr: &Expr, so_far: Option<Type>, found: Type) -> Type {
        match self.substitution.join(so_far.clone(), found.clone()) {
            Some(joined) => joined,
            None => {
                self.expect(expr, &so_far.unwrap_or(Type::Dyn), &found);
                Type::Error
            }
        }
    }

    pub(super) fn structure(&mut self, expr: &Expr, type_name: &str, fields: &[Field]) -> Type {
        let found: Vec<_> = fields.iter().map(|it| self.check(&it.value)).collect();
        let type_name = type_name.strip_prefix('.').unwrap_or(type_name);
        if !self.environment.can_make(type_name) {
            let message = match self.environment.functions().find_type(type_name) {
                Some(_) => format!("'{type_name}' is not a message type"),
                None => format!("undeclared reference to '{type_name}' (in container '')"),
            };
            return self.complain(expr.id, message);
        }
        for (field, found) in fields.iter().zip(found) {
            let found = self.unwrapped(&field.value, found, field.optional);
            match self.environment.field(type_name, &field.name) {
                None => {
                    self.complain(field.id, format!("undefined field '{}'", field.name));
                }
                Some(wanted) if !self.substitution.assignable(&found, &wanted) => {
                    let found = self.substitution.apply(&found);
                    let message = format!(
                        "expected type of field '{}' is '{wanted}' but provided type is '{found}'",
                        field.name
                    );
                    self.complain(field.id, message);
                }
                Some(_) => {}
            }
        }
        Type::Object(type_name.into())
    }
}

//! Which overloads a call may mean.
//!
//! Upstream: cel-go `checker/checker.go` (`checkCall`, `resolveOverload`).

use super::{Checker, Reference};
use crate::{
    ast::{Expr, Kind, Literal, operator},
    functions::Overload,
    types::Type,
};
use std::{collections::BTreeMap, sync::Arc};

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        expr: &Expr,
        target: Option<&Expr>,
        function: &str,
        args: &[Expr],
    ) -> Type {
        if function == operator::OPT_SELECT {
            return self.optional_select(expr, args);
        }
        let Some(target) = target else {
            let name = function.strip_prefix('.').unwrap_or(function);
            return self.named(expr, name, args, false);
        };
        let qualified = target.qualified_name().map(|it| format!("{it}.{function}"));
        let qualified = qualified.filter(|it| !self.is_local(it));
        if let Some(name) = qualified.filter(|it| self.environment.functions().find(it).is_some()) {
            return self.named(expr, name.strip_prefix('.').unwrap_or(&name), args, true);
        }
        let mut types = vec![self.check(target)];
        types.extend(args.iter().map(|it| self.check(it)));
        self.resolve(expr, function, &types, true, false)
    }

    fn named(&mut self, expr: &Expr, name: &str, args: &[Expr], namespaced: bool) -> Type {
        let types: Vec<_> = args.iter().map(|it| self.check(it)).collect();
        self.resolve(expr, name, &types, false, namespaced)
    }

    /// `operand.?field`.
    fn optional_select(&mut self, expr: &Expr, args: &[Expr]) -> Type {
        let [operand, field] = args else { return Type::Error };
        let Kind::Literal(Literal::String(name)) = &field.kind else { return Type::Error };
        let from = self.check(operand);
        self.types.insert(field.id, Type::String);
        let found = self.field_type(expr.id, &from, name);
        match found.unwrap_optional() {
            Some(_) if self.substitution.resolve(&from).unwrap_optional().is_some() => found,
            _ => Type::optional(found),
        }
    }

    fn resolve(
        &mut self,
        expr: &Expr,
        name: &str,
        types: &[Type],
        member: bool,
        namespaced: bool,
    ) -> Type {
        let environment = self.environment;
        let Some(declared) = environment.functions().find(name) else {
            let message = format!("undeclared reference to '{name}' (in container '')");
            return self.complain(expr.id, message);
        };
        let mut result: Option<Type> = None;
        let mut overloads = Vec::new();
        for overload in declared.iter().filter(|it| it.member == member) {
            let Some(found) = self.applied(overload, types) else { continue };
            overloads.push(overload.clone());
            result = Some(match result {
                None => found,
                Some(so_far) if so_far.is_dyn() || so_far == found => so_far,
                Some(_) => Type::Dyn,
            });
        }
        let Some(result) = result else { return self.no_overload(expr, name, types, member) };
        self.refer(expr, Reference::Function { name: name.into(), overloads, namespaced });
        result
    }

    /// What an overload gives for arguments of these types; none if it does not take them.
    fn applied(&mut self, overload: &Arc<Overload>, types: &[Type]) -> Option<Type> {
        if overload.args.len() != types.len() {
            return None;
        }
        let mut own = BTreeMap::new();
        let wanted: Vec<_> =
            overload.args.iter().map(|it| self.substitution.instantiate(it, &mut own)).collect();
        let pairs: Vec<_> = types.iter().zip(&wanted).collect();
        if !self.substitution.all_assignable(&pairs) {
            return None;
        }
        let result = self.substitution.instantiate(&overload.result, &mut own);
        Some(self.substitution.resolve(&result))
    }

    fn no_overload(&mut self, expr: &Expr, name: &str, types: &[Type], member: bool) -> Type {
        if types.contains(&Type::Error) {
            return Type::Error;
        }
        let mut shown = types.iter().map(|it| self.substitution.apply(it).to_string());
        let target = match member {
            true => format!("{}.", shown.next().unwrap_or_default()),
            false => String::new(),
        };
        let shown = shown.collect::<Vec<_>>().join(", ");
        let message =
            format!("found no matching overload for '{name}' applied to '{target}({shown})'");
        self.complain(expr.id, message)
    }
}

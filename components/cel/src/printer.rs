//! Writes a tree as text that parses to the same tree.
//!
//! Upstream: cel-go `parser/unparser.go`. Macros are written as they were read.

use crate::{
    ast::{Ast, Element, Entry, Expr, Field, Kind, Literal, operator},
    escape,
};

/// The text of a tree.
pub fn print(ast: &Ast) -> String {
    let mut printer = Printer { ast, out: String::new() };
    printer.expr(&ast.root, 0);
    printer.out
}

/// Binds tighter than every operator.
const MEMBER: u8 = 9;

struct Printer<'a> {
    ast: &'a Ast,
    out: String,
}

/// How tightly an operator of two sides binds, and how it is written.
fn binary(function: &str) -> Option<(u8, &'static str)> {
    Some(match function {
        operator::OR => (2, "||"),
        operator::AND => (3, "&&"),
        operator::EQUALS => (4, "=="),
        operator::NOT_EQUALS => (4, "!="),
        operator::LESS => (4, "<"),
        operator::LESS_EQUALS => (4, "<="),
        operator::GREATER => (4, ">"),
        operator::GREATER_EQUALS => (4, ">="),
        operator::IN => (4, "in"),
        operator::ADD => (5, "+"),
        operator::SUBTRACT => (5, "-"),
        operator::MULTIPLY => (6, "*"),
        operator::DIVIDE => (6, "/"),
        operator::MODULO => (6, "%"),
        _ => return None,
    })
}

impl Printer<'_> {
    /// Writes a node; in brackets where what stands around it binds tighter.
    fn expr(&mut self, expr: &Expr, around: u8) {
        let expr = self.ast.macro_calls.get(&expr.id).unwrap_or(expr);
        let own = precedence(&expr.kind);
        if own < around {
            self.out.push('(');
        }
        self.bare(expr);
        if own < around {
            self.out.push(')');
        }
    }

    fn bare(&mut self, expr: &Expr) {
        match &expr.kind {
            Kind::Literal(it) => self.out.push_str(&literal(it)),
            Kind::Ident(name) => self.out.push_str(name),
            Kind::Select { operand, field, test_only } => self.select(operand, field, *test_only),
            Kind::Call { target, function, args } => self.call(target.as_deref(), function, args),
            Kind::List { elements } => self.list(elements),
            Kind::Map { entries } => self.map(entries),
            Kind::Struct { type_name, fields } => self.structure(type_name, fields),
            // Only macros make loops, and macros were written above.
            Kind::Comprehension(it) => self.expr(&it.range, 0),
        }
    }

    fn select(&mut self, operand: &Expr, field: &str, test_only: bool) {
        if test_only {
            self.out.push_str("has(");
        }
        self.expr(operand, MEMBER);
        self.out.push('.');
        self.field(field);
        if test_only {
            self.out.push(')');
        }
    }

    fn field(&mut self, name: &str) {
        let keyword = ["in", "true", "false", "null"].contains(&name);
        let starts = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
        let plain = name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
        match starts && plain && !keyword {
            true => self.out.push_str(name),
            false => self.out.extend(["`", name, "`"]),
        }
    }

    fn call(&mut self, target: Option<&Expr>, function: &str, args: &[Expr]) {
        match (function, args) {
            (operator::CONDITIONAL, [condition, then, other]) => {
                self.expr(condition, 2);
                self.out.push_str(" ? ");
                self.expr(then, 2);
                self.out.push_str(" : ");
                self.expr(other, 1);
            }
            (operator::NOT, [operand]) => self.prefix('!', operand),
            (operator::NEGATE, [operand]) => self.prefix('-', operand),
            (operator::INDEX, [operand, index]) => self.index(operand, "[", index),
            (operator::OPT_INDEX, [operand, index]) => self.index(operand, "[?", index),
            (operator::OPT_SELECT, [operand, field]) => {
                self.expr(operand, MEMBER);
                self.out.push_str(".?");
                if let Kind::Literal(Literal::String(name)) = &field.kind {
                    self.field(name);
                }
            }
            (_, [left, right]) if binary(function).is_some() => self.binary(function, left, right),
            _ => {
                if let Some(target) = target {
                    self.expr(target, MEMBER);
                    self.out.push('.');
                }
                self.out.push_str(function);
                self.out.push('(');
                self.each(args, |it, arg| it.expr(arg, 0));
                self.out.push(')');
            }
        }
    }

    fn prefix(&mut self, mark: char, operand: &Expr) {
        self.out.push(mark);
        // A number behind a minus would be read as one literal.
        let number = matches!(operand.kind, Kind::Literal(Literal::Int(_) | Literal::Double(_)));
        self.expr(operand, if number { u8::MAX } else { MEMBER });
    }

    fn index(&mut self, operand: &Expr, open: &str, index: &Expr) {
        self.expr(operand, MEMBER);
        self.out.push_str(open);
        self.expr(index, 0);
        self.out.push(']');
    }

    fn binary(&mut self, function: &str, left: &Expr, right: &Expr) {
        let Some((own, mark)) = binary(function) else { return };
        // Chains of `&&` and `||` are balanced when read: brackets there would change nothing but the
        // tree, and none on either side gives the same tree back.
        let logical = matches!(function, operator::AND | operator::OR);
        self.expr(left, own);
        self.out.extend([" ", mark, " "]);
        self.expr(right, if logical { own } else { own + 1 });
    }

    fn list(&mut self, elements: &[Element]) {
        self.out.push('[');
        self.each(elements, |it, element| {
            it.out.push_str(if element.optional { "?" } else { "" });
            it.expr(&element.value, 0);
        });
        self.out.push(']');
    }

    fn map(&mut self, entries: &[Entry]) {
        self.out.push('{');
        self.each(entries, |it, entry| {
            it.out.push_str(if entry.optional { "?" } else { "" });
            it.expr(&entry.key, 0);
            it.out.push_str(": ");
            it.expr(&entry.value, 0);
        });
        self.out.push('}');
    }

    fn structure(&mut self, type_name: &str, fields: &[Field]) {
        self.out.push_str(type_name);
        self.out.push('{');
        self.each(fields, |it, field| {
            it.out.push_str(if field.optional { "?" } else { "" });
            it.field(&field.name);
            it.out.push_str(": ");
            it.expr(&field.value, 0);
        });
        self.out.push('}');
    }

    fn each<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                self.out.push_str(", ");
            }
            write(self, item);
        }
    }
}

fn precedence(kind: &Kind) -> u8 {
    match kind {
        Kind::Call { function, args, .. } => match (&**function, args.len()) {
            (operator::CONDITIONAL, 3) => 1,
            (operator::NOT | operator::NEGATE, 1) => 7,
            (name, 2) => binary(name).map_or(MEMBER, |it| it.0),
            _ => MEMBER,
        },
        Kind::Literal(_)
        | Kind::Ident(_)
        | Kind::Select { .. }
        | Kind::List { .. }
        | Kind::Map { .. }
        | Kind::Struct { .. }
        | Kind::Comprehension(_) => MEMBER,
    }
}

fn literal(it: &Literal) -> String {
    match it {
        Literal::Null => "null".into(),
        Literal::Bool(it) => it.to_string(),
        Literal::Int(it) => it.to_string(),
        Literal::Uint(it) => format!("{it}u"),
        Literal::Double(it) => format!("{it:?}"),
        Literal::String(it) => escape::quoted(it),
        Literal::Bytes(it) => escape::quoted_bytes(it),
    }
}

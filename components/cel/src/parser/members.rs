//! What expressions begin with, and what may follow behind dots and in brackets.

use super::{Broken, Parsed, Parser};
use crate::{
    ast::{Element, Entry, Expr, Field, Kind, Literal, operator},
    lexer::{RESERVED, TokenKind},
};

/// What may begin an expression, as ANTLR lists it.
const OPERAND: &str = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, \
                       NUM_UINT, STRING, BYTES, IDENTIFIER}";

impl Parser<'_> {
    pub(super) fn member(&mut self) -> Parsed {
        let mut operand = self.primary()?;
        loop {
            if let Some(at) = self.taken(".") {
                operand = self.dot(at, operand)?;
            } else if let Some(at) = self.taken("[") {
                let optional = self.taken("?").is_some();
                let index = self.expr()?;
                self.expect("]", "']'")?;
                let function = if optional { operator::OPT_INDEX } else { operator::INDEX };
                operand = self.call(at, function, vec![operand, index])?;
            } else if self.next_is("{") {
                let Some(name) = operand.qualified_name() else {
                    return Err(self.mismatched("<EOF>"));
                };
                operand = self.structure(&name)?;
            } else {
                return Ok(operand);
            }
        }
    }

    /// What stands behind a dot: a field, an optional field, or a method.
    fn dot(&mut self, at: usize, operand: Expr) -> Parsed {
        let optional = self.taken("?").is_some();
        let start = self.peek().start;
        let (field, quoted) = match self.peek().kind.clone() {
            TokenKind::Ident(name) => (name, false),
            TokenKind::Quoted(name) => (name, true),
            _ => return Err(self.mismatched("IDENTIFIER")),
        };
        self.at += 1;
        if optional {
            let name = Literal::String(field);
            let field = self.node(start, Kind::Literal(name))?;
            return self.call(at, operator::OPT_SELECT, vec![operand, field]);
        }
        match self.taken("(") {
            Some(open) if !quoted => {
                let args = self.arguments()?;
                self.function(open, Some(operand), &field, args)
            }
            Some(open) => {
                self.complain(open, "unsupported syntax: '`'".into());
                Err(Broken)
            }
            None => {
                let operand = Box::new(operand);
                self.node(at, Kind::Select { operand, field, test_only: false })
            }
        }
    }

    fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        let mut args = Vec::new();
        if self.taken(")").is_some() {
            return Ok(args);
        }
        loop {
            args.push(self.expr()?);
            if self.taken(",").is_none() {
                self.expect(")", "{',', ')'}")?;
                return Ok(args);
            }
        }
    }

    fn primary(&mut self) -> Parsed {
        let at = self.peek().start;
        if self.taken("(").is_some() {
            let inner = self.expr()?;
            self.expect(")", "')'")?;
            return Ok(inner);
        }
        if self.taken("[").is_some() {
            return self.list(at);
        }
        if self.taken("{").is_some() {
            return self.map(at);
        }
        let leading = if self.taken(".").is_some() { "." } else { "" };
        if let TokenKind::Ident(name) = self.peek().kind.clone() {
            self.at += 1;
            return self.name(at, &format!("{leading}{name}"));
        }
        if !leading.is_empty() {
            return Err(self.mismatched("IDENTIFIER"));
        }
        match self.literal()? {
            Some(literal) => self.node(at, Kind::Literal(literal)),
            None => Err(self.mismatched(OPERAND)),
        }
    }

    fn name(&mut self, at: usize, name: &str) -> Parsed {
        if RESERVED.contains(&name.trim_start_matches('.')) {
            self.complain(at, format!("reserved identifier: {}", name.trim_start_matches('.')));
            return Err(Broken);
        }
        match self.taken("(") {
            Some(open) => {
                let args = self.arguments()?;
                self.function(open, None, name, args)
            }
            None => self.node(at, Kind::Ident(name.into())),
        }
    }

    fn list(&mut self, at: usize) -> Parsed {
        let mut elements = Vec::new();
        while self.taken("]").is_none() {
            let optional = self.taken("?").is_some();
            elements.push(Element { optional, value: self.expr()? });
            self.separator("]", "{',', ']'}")?;
        }
        self.node(at, Kind::List { elements })
    }

    fn map(&mut self, at: usize) -> Parsed {
        let mut entries = Vec::new();
        while self.taken("}").is_none() {
            let optional = self.taken("?").is_some();
            let key = self.expr()?;
            let colon = self.expect(":", "':'")?;
            let id = self.nodes.place(colon);
            entries.push(Entry { id, optional, key, value: self.expr()? });
            self.separator("}", "{',', '}'}")?;
        }
        self.node(at, Kind::Map { entries })
    }

    fn structure(&mut self, type_name: &str) -> Parsed {
        let at = self.expect("{", "'{'")?;
        let mut fields = Vec::new();
        while self.taken("}").is_none() {
            let optional = self.taken("?").is_some();
            let name = match self.peek().kind.clone() {
                TokenKind::Ident(name) | TokenKind::Quoted(name) => name,
                _ => return Err(self.mismatched("{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}")),
            };
            self.at += 1;
            let colon = self.expect(":", "':'")?;
            let id = self.nodes.place(colon);
            fields.push(Field { id, optional, name, value: self.expr()? });
            self.separator("}", "{',', '}'}")?;
        }
        self.node(at, Kind::Struct { type_name: type_name.into(), fields })
    }

    /// A comma, or the closing bracket, which stays.
    fn separator(&mut self, close: &str, wanted: &str) -> Parsed<()> {
        if self.taken(",").is_some() || self.next_is(close) {
            return Ok(());
        }
        Err(self.mismatched(wanted))
    }
}

//! Numbers, strings and the words that are values.

use super::{Broken, Parsed, Parser};
use crate::{ast::Literal, lexer::TokenKind};

impl Parser<'_> {
    /// The literal here, if there is one.
    pub(super) fn literal(&mut self) -> Parsed<Option<Literal>> {
        let at = self.peek().start;
        let negative = self.next_is("-") && self.number_follows();
        self.at += usize::from(negative);
        let sign = if negative { "-" } else { "" };
        let literal = match self.peek().kind.clone() {
            TokenKind::Int(digits, base) => i64::from_str_radix(&format!("{sign}{digits}"), base)
                .ok()
                .map(Literal::Int)
                .ok_or("int"),
            TokenKind::Uint(digits, base) => {
                u64::from_str_radix(&digits, base).ok().map(Literal::Uint).ok_or("uint")
            }
            TokenKind::Double(digits) => format!("{sign}{digits}")
                .parse::<f64>()
                .ok()
                .filter(|it| it.is_finite())
                .map(Literal::Double)
                .ok_or("double"),
            TokenKind::String(text) => Ok(Literal::String(text)),
            TokenKind::Bytes(bytes) => Ok(Literal::Bytes(bytes)),
            TokenKind::Punctuation("true") => Ok(Literal::Bool(true)),
            TokenKind::Punctuation("false") => Ok(Literal::Bool(false)),
            TokenKind::Punctuation("null") => Ok(Literal::Null),
            TokenKind::Punctuation(_)
            | TokenKind::Ident(_)
            | TokenKind::Quoted(_)
            | TokenKind::End => return Ok(None),
        };
        self.at += 1;
        match literal {
            Ok(literal) => Ok(Some(literal)),
            Err(kind) => {
                self.complain(at, format!("invalid {kind} literal"));
                Err(Broken)
            }
        }
    }
}

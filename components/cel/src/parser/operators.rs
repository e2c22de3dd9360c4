//! Operators, by how tightly they bind.

use super::{Broken, Parsed, Parser};
use crate::{
    ast::{Expr, operator},
    lexer::TokenKind,
};

/// An operator of two sides; the tighter it binds, the higher its level.
struct Binary {
    mark: &'static str,
    function: &'static str,
    level: u8,
}

const fn binary(mark: &'static str, function: &'static str, level: u8) -> Binary {
    Binary { mark, function, level }
}

const BINARY: [Binary; 12] = [
    binary("==", operator::EQUALS, 1),
    binary("!=", operator::NOT_EQUALS, 1),
    binary("<=", operator::LESS_EQUALS, 1),
    binary(">=", operator::GREATER_EQUALS, 1),
    binary("<", operator::LESS, 1),
    binary(">", operator::GREATER, 1),
    binary("in", operator::IN, 1),
    binary("+", operator::ADD, 2),
    binary("-", operator::SUBTRACT, 2),
    binary("*", operator::MULTIPLY, 3),
    binary("/", operator::DIVIDE, 3),
    binary("%", operator::MODULO, 3),
];

impl Parser<'_> {
    /// A chain of `||` of chains of `&&`. Each becomes a balanced tree, so that long chains stay flat
    /// (cel-go `parser/helper.go`, `balancer`).
    pub(super) fn logical(&mut self) -> Parsed {
        let (mut any, mut any_places) = (Vec::new(), Vec::new());
        let (mut all, mut all_places) = (Vec::new(), Vec::new());
        loop {
            all.push(self.relation()?);
            if let Some(at) = self.taken("&&") {
                all_places.push(at);
                continue;
            }
            let terms = std::mem::take(&mut all);
            any.push(self.balanced(operator::AND, &mut terms.into_iter(), &all_places)?);
            all_places.clear();
            match self.taken("||") {
                Some(at) => any_places.push(at),
                None => return self.balanced(operator::OR, &mut any.into_iter(), &any_places),
            }
        }
    }

    fn balanced(
        &mut self,
        function: &'static str,
        terms: &mut impl Iterator<Item = Expr>,
        places: &[usize],
    ) -> Parsed {
        let middle = places.len() / 2;
        let Some((at, right)) = places.get(middle..).and_then(<[usize]>::split_first) else {
            return terms.next().ok_or(Broken);
        };
        let left = places.get(..middle).unwrap_or_default();
        let left = self.balanced(function, terms, left)?;
        let right = self.balanced(function, terms, right)?;
        self.call(*at, function, vec![left, right])
    }

    /// Relations, sums and products: what waits for its right side stands on a stack, so that brackets
    /// are the only recursion.
    fn relation(&mut self) -> Parsed {
        let mut waiting: Vec<(Expr, usize, &'static Binary)> = Vec::new();
        loop {
            let mut right = self.unary()?;
            let next = BINARY.iter().find(|it| self.next_is(it.mark));
            let level = next.map_or(0, |it| it.level);
            while let Some((left, at, binary)) = waiting.pop_if(|it| it.2.level >= level) {
                right = self.call(at, binary.function, vec![left, right])?;
            }
            match next {
                Some(binary) => {
                    let at = self.expect(binary.mark, binary.mark)?;
                    waiting.push((right, at, binary));
                }
                None => return Ok(right),
            }
        }
    }

    /// `!` and `-`; an even number of either says nothing.
    fn unary(&mut self) -> Parsed {
        for (mark, function) in [("!", operator::NOT), ("-", operator::NEGATE)] {
            if !self.next_is(mark) || (mark == "-" && self.number_follows()) {
                continue;
            }
            let at = self.peek().start;
            let mut count = 0_usize;
            while self.next_is(mark) && !(mark == "-" && self.number_follows()) {
                self.at += 1;
                count += 1;
            }
            let operand = self.member()?;
            return match count % 2 {
                0 => Ok(operand),
                _ => self.call(at, function, vec![operand]),
            };
        }
        self.member()
    }

    /// Whether the minus here belongs to a number, so that the smallest integer can be written.
    pub(super) fn number_follows(&self) -> bool {
        let next = self.tokens.get(self.at + 1).map(|it| &it.kind);
        matches!(next, Some(TokenKind::Int(..) | TokenKind::Double(_)))
    }
}

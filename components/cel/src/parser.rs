//! Reads a text into a tree, expanding macros on the way.
//!
//! Upstream: cel-spec's grammar (`doc/langdef.md`), cel-go `parser/parser.go`; limits of size and
//! depth are cel-go's defaults. The first error of syntax ends the reading.

mod literals;
mod node;

use crate::{
    ast::{Ast, Element, Entry, Expr, Field, Kind, operator},
    lexer::{self, Token, TokenKind},
    macros::Macros,
    source::{Issue, Issues, Location, Source},
};
use node::Nodes;
use std::{collections::BTreeMap, sync::Arc};

/// A text may have so many code points (cel-go `expressionSizeCodePointLimit`).
pub const CODE_POINTS_MAX: usize = 100_000;
/// Brackets and operators may nest so deep (cel-go `maxRecursionDepth`).
pub const DEPTH_MAX: u32 = 250;
/// A tree may have so many nodes after macros copied their targets.
pub const NODES_MAX: u32 = 200_000;

/// Words that no variable may be named by (cel-spec `doc/langdef.md`).
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// What may begin an expression, as ANTLR lists it.
const OPERAND: &str = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, \
                       NUM_UINT, STRING, BYTES, IDENTIFIER}";

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

/// Reads a text.
///
/// # Errors
/// Everything that is wrong with its syntax.
pub fn parse(text: &str, macros: &Macros) -> Result<Ast, Issues> {
    let source = Source::new(text);
    let size = source.chars().len();
    if size > CODE_POINTS_MAX {
        let message = format!(
            "expression code point size exceeds limit: size: {size}, limit {CODE_POINTS_MAX}"
        );
        return Err(Issues::new(&source, vec![Issue { at: Location::NOWHERE, message }]));
    }
    let mut issues = Vec::new();
    let tokens = lexer::tokens(&source, &mut issues);
    let nodes = Nodes::default();
    let macro_calls = BTreeMap::new();
    let mut parser =
        Parser { source: &source, tokens, at: 0, depth: 0, issues, nodes, macros, macro_calls };
    let root = parser.whole();
    let Parser { issues, nodes, macro_calls, .. } = parser;
    match root {
        Ok(root) if issues.is_empty() => {
            Ok(Ast { root, offsets: nodes.into_offsets(), macro_calls, source })
        }
        _ => Err(Issues::new(&source, issues)),
    }
}

/// A complaint was noted; there is nothing to go on with.
#[derive(Debug)]
pub(crate) struct Broken;

/// What parsing a part gives.
pub(crate) type Parsed<T = Expr> = Result<T, Broken>;

/// Tokens on one side, nodes on the other.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    source: &'a Source,
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    issues: Vec<Issue>,
    nodes: Nodes,
    macros: &'a Macros,
    macro_calls: BTreeMap<u32, Expr>,
}

impl Parser<'_> {
    fn whole(&mut self) -> Parsed {
        let root = self.expr()?;
        match self.peek().kind {
            TokenKind::End => Ok(root),
            _ => Err(self.mismatched("<EOF>")),
        }
    }

    fn expr(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.too_deep());
        }
        let condition = self.logical()?;
        let whole = match self.taken("?") {
            None => condition,
            Some(at) => {
                let then = self.logical()?;
                self.expect(":", "':'")?;
                let other = self.expr()?;
                self.call(at, operator::CONDITIONAL, vec![condition, then, other])?
            }
        };
        self.depth -= 1;
        Ok(whole)
    }

    /// A chain of `||` of chains of `&&`. Each becomes a balanced tree, so that long chains stay flat
    /// (cel-go `parser/helper.go`, `balancer`).
    fn logical(&mut self) -> Parsed {
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
    fn number_follows(&self) -> bool {
        let next = self.tokens.get(self.at + 1).map(|it| &it.kind);
        matches!(next, Some(TokenKind::Int(..) | TokenKind::Double(_)))
    }

    fn member(&mut self) -> Parsed {
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
            let name = crate::ast::Literal::String(field);
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

    /// A call: of a macro if one is named so and takes so many arguments.
    fn function(&mut self, at: usize, target: Option<Expr>, name: &str, args: Vec<Expr>) -> Parsed {
        let expander = self.macros.find(name, target.is_some(), args.len());
        let target = target.map(Box::new);
        let call = self.node(at, Kind::Call { target, function: name.into(), args })?;
        let Some(expand) = expander else { return Ok(call) };
        let written = call.clone();
        let Kind::Call { target, args, .. } = call.kind else { return Err(Broken) };
        let Some(expanded) = expand(self, at, target.map(|it| *it), args)? else {
            return Ok(written);
        };
        // A macro is as deep as it was written: what it expands to is some times that.
        self.nodes.copy_height(written.id, expanded.id);
        if !matches!(expanded.kind, Kind::Select { test_only: true, .. }) {
            self.macro_calls.insert(expanded.id, written);
        }
        Ok(expanded)
    }

    /// A call of an operator or function without a target.
    pub(crate) fn call(&mut self, at: usize, function: &str, args: Vec<Expr>) -> Parsed {
        self.node(at, Kind::Call { target: None, function: Arc::from(function), args })
    }

    /// A node, unless the tree becomes too deep or too large.
    pub(crate) fn node(&mut self, at: usize, kind: Kind) -> Parsed {
        match self.nodes.node(at, kind) {
            Ok(node) => Ok(node),
            Err(node::TooLarge::Deep) => Err(self.too_deep()),
            Err(node::TooLarge::Wide) => {
                let message = format!("expression node count exceeds limit: {NODES_MAX}");
                self.issues.push(Issue { at: Location::NOWHERE, message });
                Err(Broken)
            }
        }
    }

    fn too_deep(&mut self) -> Broken {
        let message = format!("expression recursion limit exceeded: {DEPTH_MAX}");
        self.issues.push(Issue { at: Location::NOWHERE, message });
        Broken
    }

    /// Notes a complaint about a place.
    pub(crate) fn complain(&mut self, at: usize, message: String) {
        self.issues.push(Issue { at: self.source.location(at), message });
    }

    /// Where a node stands.
    pub(crate) fn offset(&self, node: &Expr) -> usize {
        self.nodes.offset(node.id)
    }

    fn mismatched(&mut self, wanted: &str) -> Broken {
        let token = self.peek().clone();
        let text: String = match token.kind {
            TokenKind::End => "<EOF>".into(),
            _ => {
                self.source.chars().get(token.start..token.end).unwrap_or_default().iter().collect()
            }
        };
        let message = format!("Syntax error: mismatched input '{text}' expecting {wanted}");
        self.complain(token.start, message);
        Broken
    }

    fn peek(&self) -> &Token {
        static END: Token = Token { kind: TokenKind::End, start: 0, end: 0 };
        self.tokens.get(self.at).unwrap_or(&END)
    }

    fn next_is(&self, mark: &str) -> bool {
        matches!(self.peek().kind, TokenKind::Punctuation(it) if it == mark)
    }

    /// Takes a mark if it is next, and gives its place.
    fn taken(&mut self, mark: &str) -> Option<usize> {
        self.next_is(mark).then(|| {
            let at = self.peek().start;
            self.at += 1;
            at
        })
    }

    fn expect(&mut self, mark: &str, wanted: &str) -> Parsed<usize> {
        match self.taken(mark) {
            Some(at) => Ok(at),
            None => Err(self.mismatched(wanted)),
        }
    }
}

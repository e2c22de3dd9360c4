//! Reads a text into a tree, expanding macros on the way.
//!
//! Upstream: cel-spec's grammar (`doc/langdef.md`), cel-go `parser/parser.go`; limits of size and
//! depth are cel-go's defaults. The first error of syntax ends the reading.

mod literals;
mod members;
mod node;
mod operators;

use crate::{
    ast::{Ast, Expr, Kind, operator},
    lexer::{self, Token, TokenKind},
    macros::{Macros, Written},
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

    /// A call: of a macro if one is named so and takes so many arguments.
    fn function(&mut self, at: usize, target: Option<Expr>, name: &str, args: Vec<Expr>) -> Parsed {
        let expander = self.macros.find(name, target.is_some(), args.len());
        let target = target.map(Box::new);
        let call = self.node(at, Kind::Call { target, function: name.into(), args })?;
        let Some(expand) = expander else { return Ok(call) };
        let written = call.clone();
        let Kind::Call { target, args, .. } = call.kind else { return Err(Broken) };
        let Some(expanded) = expand(self, Written { at, target: target.map(|it| *it), args })?
        else {
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

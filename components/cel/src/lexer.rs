//! Cuts a text into tokens.
//!
//! Upstream: cel-spec `doc/langdef.md` (Syntax), cel-go `parser/gen/CEL.g4`.

use crate::{
    escape,
    source::{Issue, Source},
};
use std::sync::Arc;

/// A token and the code points it spans.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What a token can be.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum TokenKind {
    /// Operators, brackets, and [`KEYWORDS`].
    Punctuation(&'static str),
    Ident(Arc<str>),
    /// `` `a-b` ``, only behind a dot.
    Quoted(Arc<str>),
    /// Digits of an integer, with the base.
    Int(String, u32),
    Uint(String, u32),
    Double(String),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
    End,
}

/// Longer ones first, so that the first that fits is the longest.
const PUNCTUATION: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!",
    "?", ":", "+", "*", "/", "%",
];

/// Words that are signs: a value or an operator.
pub(crate) const KEYWORDS: [&str; 4] = ["in", "true", "false", "null"];

/// Words that no variable may be named by (cel-spec `doc/langdef.md`).
pub(crate) const RESERVED: [&str; 17] = [
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

/// Every token of a text, ending with [`TokenKind::End`]; what is none is complained of and left out.
pub(crate) fn tokens(source: &Source, issues: &mut Vec<Issue>) -> Vec<Token> {
    let mut lexer = Lexer { source, text: source.chars(), at: 0 };
    let mut found = Vec::new();
    loop {
        lexer.skip_blanks();
        let start = lexer.at;
        if start >= lexer.text.len() {
            found.push(Token { kind: TokenKind::End, start, end: start });
            return found;
        }
        match lexer.token() {
            Ok(kind) => found.push(Token { kind, start, end: lexer.at }),
            Err(message) => issues.push(Issue { at: source.location(start), message }),
        }
    }
}

struct Lexer<'a> {
    source: &'a Source,
    text: &'a [char],
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    fn starts_with(&self, what: &str) -> bool {
        what.chars().enumerate().all(|(n, it)| self.peek(n) == Some(it))
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let taken: String = rest.iter().copied().take_while(|it| wanted(*it)).collect();
        self.at += taken.chars().count();
        taken
    }

    fn skip_blanks(&mut self) {
        loop {
            self.take_while(|it| matches!(it, ' ' | '\t' | '\r' | '\n' | '\x0c'));
            if !self.starts_with("//") {
                return;
            }
            self.take_while(|it| it != '\n');
        }
    }

    fn token(&mut self) -> Result<TokenKind, String> {
        let first = self.peek(0).unwrap_or('\0');
        let digit_follows = self.peek(1).is_some_and(|it| it.is_ascii_digit());
        if first.is_ascii_digit() || (first == '.' && digit_follows) {
            return Ok(self.number());
        }
        if let Some(prefix) = self.string_prefix() {
            return self.string(prefix);
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let word = self.take_while(|it| it.is_ascii_alphanumeric() || it == '_');
            let keyword = KEYWORDS.into_iter().find(|it| *it == word);
            return Ok(
                keyword.map_or_else(|| TokenKind::Ident(word.into()), TokenKind::Punctuation)
            );
        }
        if first == '`' {
            return self.quoted();
        }
        match PUNCTUATION.into_iter().find(|it| self.starts_with(it)) {
            Some(mark) => {
                self.at += mark.len();
                Ok(TokenKind::Punctuation(mark))
            }
            None => {
                self.at += 1;
                Err(unrecognized(&[first]))
            }
        }
    }

    fn number(&mut self) -> TokenKind {
        if self.starts_with("0x") && self.peek(2).is_some_and(|it| it.is_ascii_hexdigit()) {
            self.at += 2;
            let digits = self.take_while(|it| it.is_ascii_hexdigit());
            return self.integer(digits, 16);
        }
        let mut text = self.take_while(|it| it.is_ascii_digit());
        let mut real = false;
        if self.peek(0) == Some('.') && self.peek(1).is_some_and(|it| it.is_ascii_digit()) {
            self.at += 1;
            text = format!("{text}.{}", self.take_while(|it| it.is_ascii_digit()));
            real = true;
        }
        if let Some(exponent) = self.exponent() {
            text.push_str(&exponent);
            real = true;
        }
        if real { TokenKind::Double(text) } else { self.integer(text, 10) }
    }

    fn exponent(&mut self) -> Option<String> {
        matches!(self.peek(0), Some('e' | 'E')).then_some(())?;
        let sign = self.peek(1).filter(|it| matches!(it, '+' | '-'));
        let skipped = 1 + usize::from(sign.is_some());
        self.peek(skipped).filter(char::is_ascii_digit)?;
        self.at += skipped;
        let digits = self.take_while(|it| it.is_ascii_digit());
        Some(format!("e{}{digits}", sign.map(String::from).unwrap_or_default()))
    }

    fn integer(&mut self, digits: String, base: u32) -> TokenKind {
        if matches!(self.peek(0), Some('u' | 'U')) {
            self.at += 1;
            return TokenKind::Uint(digits, base);
        }
        TokenKind::Int(digits, base)
    }

    /// How many letters stand before the quote that begins a string here.
    fn string_prefix(&self) -> Option<usize> {
        let quote = (0..3).find(|n| matches!(self.peek(*n), Some('"' | '\'')))?;
        let prefix: String = (0..quote).filter_map(|n| self.peek(n)).collect();
        let known = ["", "r", "b", "rb", "br"].contains(&prefix.to_ascii_lowercase().as_str());
        known.then_some(quote)
    }

    fn string(&mut self, prefix: usize) -> Result<TokenKind, String> {
        let start = self.at;
        let letters: String =
            (0..prefix).filter_map(|n| self.peek(n)).map(|it| it.to_ascii_lowercase()).collect();
        let (raw, bytes) = (letters.contains('r'), letters.contains('b'));
        self.at += prefix;
        let quote = self.peek(0).unwrap_or('"');
        let long = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        let marks = if long { 3 } else { 1 };
        self.at += marks;
        let body = match self.string_body(quote, marks, raw) {
            Some(body) => body,
            None => return Err(unrecognized(self.text.get(start..self.at).unwrap_or_default())),
        };
        let failed =
            |lexer: &Self| unrecognized(lexer.text.get(start..lexer.at).unwrap_or_default());
        if bytes {
            let value = escape::bytes(&body, raw).ok_or_else(|| failed(self))?;
            return Ok(TokenKind::Bytes(value.into()));
        }
        let value = escape::string(&body, raw).ok_or_else(|| failed(self))?;
        Ok(TokenKind::String(value.into()))
    }

    /// Leaves the lexer behind the closing quote, or where the string broke off.
    fn string_body(&mut self, quote: char, marks: usize, raw: bool) -> Option<Vec<char>> {
        let mut body = Vec::new();
        loop {
            let next = self.peek(0)?;
            if (0..marks).all(|n| self.peek(n) == Some(quote)) {
                self.at += marks;
                return Some(body);
            }
            if marks == 1 && matches!(next, '\n' | '\r') {
                return None;
            }
            body.push(next);
            self.at += 1;
            if next == '\\' && !raw {
                body.push(self.peek(0)?);
                self.at += 1;
            }
        }
    }

    fn quoted(&mut self) -> Result<TokenKind, String> {
        let start = self.at;
        self.at += 1;
        let name = self.take_while(|it| {
            it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '-' | '/' | ' ')
        });
        if self.peek(0) == Some('`') && !name.is_empty() {
            self.at += 1;
            return Ok(TokenKind::Quoted(name.into()));
        }
        Err(unrecognized(self.source.chars().get(start..self.at).unwrap_or_default()))
    }
}

fn unrecognized(text: &[char]) -> String {
    let text: String = text.iter().collect();
    let text = text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
    format!("Syntax error: token recognition error at: '{text}'")
}

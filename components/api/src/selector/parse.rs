//! The text of label selectors.

use super::{Operator, Requirement, SelectorError, key_fault};
use std::collections::BTreeSet;

type Outcome<T> = Result<T, SelectorError>;

fn wrong<T>(text: String) -> Outcome<T> {
    Err(SelectorError(text))
}

fn expected<T>(what: &str, found: &Token<'_>) -> Outcome<T> {
    wrong(format!("found '{}', expected: {what}", found.text()))
}

pub(super) fn requirements(text: &str) -> Outcome<Vec<Requirement>> {
    let mut parser = Parser { tokens: tokens(text), at: 0 };
    let mut found = Vec::new();
    loop {
        match parser.peek() {
            Token::Word(_) | Token::Sign("!") => {}
            Token::End => return Ok(found),
            other => return expected("!, identifier, or 'end of string'", &other),
        }
        let one = parser.requirement();
        let told =
            |error: SelectorError| SelectorError(format!("unable to parse requirement: {error}"));
        found.push(one.map_err(told)?);
        match parser.next() {
            Token::End => return Ok(found),
            Token::Sign(",") => {}
            other => return expected("',' or 'end of string'", &other),
        }
        if !matches!(parser.peek(), Token::Word(_) | Token::Sign("!")) {
            return expected("identifier after ','", &parser.peek());
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Token<'a> {
    /// A key, a value, `in` or `notin`.
    Word(&'a str),
    /// `=`, `==`, `!=`, `!`, `<`, `>`, `,`, `(`, `)`.
    Sign(&'static str),
    End,
}

impl Token<'_> {
    fn text(&self) -> &str {
        match self {
            Token::Word(word) => word,
            Token::Sign(sign) => sign,
            Token::End => "",
        }
    }
}

/// The longer ones first.
const SIGNS: [&str; 9] = ["==", "!=", "=", "!", "<", ">", ",", "(", ")"];

fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut rest, mut tokens) = (text, Vec::new());
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if rest.is_empty() {
            tokens.push(Token::End);
            return tokens;
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
            continue;
        }
        let end = rest.find(|it: char| " \t\r\n=!(),<>".contains(it)).unwrap_or(rest.len());
        tokens.push(Token::Word(&rest[..end]));
        rest = &rest[end..];
    }
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token<'a> {
        self.tokens.get(self.at).cloned().unwrap_or(Token::End)
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn requirement(&mut self) -> Outcome<Requirement> {
        let negated = self.peek() == Token::Sign("!");
        if negated {
            self.at += 1;
        }
        let Token::Word(key) = self.peek() else {
            return expected("identifier", &self.peek());
        };
        self.at += 1;
        if let Some(fault) = key_fault("<nil>", key) {
            return wrong(fault);
        }
        let ends = matches!(self.peek(), Token::End | Token::Sign(","));
        if negated || ends {
            let operator = if negated { Operator::DoesNotExist } else { Operator::Exists };
            return Requirement::new(key, operator, BTreeSet::new());
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => BTreeSet::from([self.exact_value()?]),
        };
        Requirement::new(key, operator, values)
    }

    fn operator(&mut self) -> Outcome<Operator> {
        Ok(match self.next() {
            Token::Word("in") => Operator::In,
            Token::Word("notin") => Operator::NotIn,
            Token::Sign("=") => Operator::Equals,
            Token::Sign("==") => Operator::DoubleEquals,
            Token::Sign("!=") => Operator::NotEquals,
            Token::Sign(">") => Operator::GreaterThan,
            Token::Sign("<") => Operator::LessThan,
            other => return expected("in, notin, =, ==, !=, gt, lt", &other),
        })
    }

    fn exact_value(&mut self) -> Outcome<String> {
        match self.peek() {
            Token::End | Token::Sign(",") => Ok(String::new()),
            Token::Word(value) => {
                self.at += 1;
                Ok(value.to_owned())
            }
            other => expected("identifier", &other),
        }
    }

    /// `(a,b)`; between two commas, or beside a parenthesis, is the empty value.
    fn values(&mut self) -> Outcome<BTreeSet<String>> {
        match self.next() {
            Token::Sign("(") => {}
            other => return wrong(format!("found '{}' expected: '('", other.text())),
        }
        match self.peek() {
            Token::Word(_) | Token::Sign(",") => self.listed(),
            Token::Sign(")") => {
                self.at += 1;
                Ok(BTreeSet::from([String::new()]))
            }
            other => expected("',', ')' or identifier", &other),
        }
    }

    /// Values up to the closing parenthesis.
    fn listed(&mut self) -> Outcome<BTreeSet<String>> {
        let mut values = BTreeSet::new();
        loop {
            let comma = match self.next() {
                Token::Word(value) => {
                    values.insert(value.to_owned());
                    false
                }
                Token::Sign(",") => true,
                other => return expected("',', or identifier", &other),
            };
            match self.peek() {
                Token::Sign(next @ ("," | ")")) => {
                    if comma {
                        values.insert(String::new());
                    }
                    if next == ")" {
                        self.at += 1;
                        return Ok(values);
                    }
                }
                _ if comma && values.is_empty() => drop(values.insert(String::new())),
                _ if comma => {}
                other => return expected("',' or ')'", &other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LabelSelector, SelectorError};
    use proptest::prelude::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn labels(text: &str) -> BTreeMap<String, String> {
        let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn what_matches() {
        let cases = [
            ("", "a=b", true),
            ("a=b", "a=b", true),
            ("a==b", "a=c", false),
            ("a!=b", "", true),
            ("a!=b", "a=b", false),
            ("a in (b,c)", "a=c", true),
            ("a in (,c)", "a=", true),
            ("a notin (b)", "x=y", true),
            ("a", "a=", true),
            ("!a", "a=", false),
            ("a>1", "a=2", true),
            ("a<1", "a=x", false),
            ("a=b,c", "a=b,c=d", true),
            ("a=b,c", "a=b", false),
            ("in in (in)", "in=in", true),
            ("a=", "a=", true),
        ];
        for (selector, on, expected) in cases {
            let parsed =
                LabelSelector::parse(selector).unwrap_or_else(|e| panic!("{selector}: {e}"));
            assert_eq!(parsed.matches(&labels(on)), expected, "{selector} on {on}");
            let value = json!(labels(on));
            assert_eq!(parsed.matches_value(Some(&value)), expected, "{selector} on {on}");
        }
    }

    #[test]
    fn structured_ones() {
        let one = |selector| LabelSelector::of(Some(&selector));
        let both = json!({"matchLabels": {"b": "c"}, "matchExpressions":
            [{"key": "a", "operator": "NotIn", "values": ["y", "x"]}]});
        assert_eq!(one(both).unwrap().to_string(), "a notin (x,y),b=c");
        assert!(one(json!({})).unwrap().is_everything());
        assert!(!LabelSelector::of(None).unwrap().matches(&BTreeMap::new()));
        let bad =
            |operator: &str| one(json!({"matchExpressions": [{"key": "a", "operator": operator}]}));
        let told = |text: &str| Err(SelectorError(text.into()));
        assert_eq!(bad("Eq"), told("\"Eq\" is not a valid label selector operator"));
        let empty =
            "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty";
        assert_eq!(bad("In"), told(empty));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(text in "[!ab=<> (),in1]{0,24}") {
            if let Ok(selector) = LabelSelector::parse(&text) {
                let again = LabelSelector::parse(&selector.to_string());
                prop_assert_eq!(again, Ok(selector));
            }
        }
    }
}

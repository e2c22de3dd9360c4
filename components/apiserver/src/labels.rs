//! Label selectors: `a=1,b!=2,c in (x,y),d notin (z),e,!f,g>3`.
//!
//! Upstream: apimachinery/pkg/labels/selector.go.

use std::collections::{BTreeMap, BTreeSet};

/// Requirements, all of which must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Labels(Vec<Requirement>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Test {
    Exists,
    DoesNotExist,
    In(BTreeSet<String>),
    NotIn(BTreeSet<String>),
    GreaterThan(i64),
    LessThan(i64),
}

impl Labels {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.trim();
        let mut requirements = Vec::new();
        while !rest.is_empty() {
            let (requirement, after) = Requirement::parse(rest)?;
            requirements.push(requirement);
            rest = after.trim_start();
            if rest.is_empty() {
                break;
            }
            let Some(next) = rest.strip_prefix(',') else {
                return Err(format!("found '{rest}', expected: ',' or 'end of string'"));
            };
            rest = next.trim_start();
            if rest.is_empty() {
                return Err("found '', expected: identifier after ','".into());
            }
        }
        Ok(Self(requirements))
    }

    pub(crate) fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn takes(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels.get(&requirement.key)))
    }
}

impl Requirement {
    /// The first requirement of a text, and what follows it.
    fn parse(text: &str) -> Result<(Self, &str), String> {
        if let Some(rest) = text.strip_prefix('!') {
            let (key, rest) = word(rest.trim_start())?;
            return Ok((Self { key: key.into(), test: Test::DoesNotExist }, rest));
        }
        let (key, rest) = word(text)?;
        let rest = rest.trim_start();
        let (test, rest) = Test::parse(rest)?;
        Ok((Self { key: key.into(), test }, rest))
    }

    fn holds(&self, value: Option<&String>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.test {
            Test::Exists => value.is_some(),
            Test::DoesNotExist => value.is_none(),
            Test::In(values) => value.is_some_and(|value| values.contains(value)),
            Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Test::GreaterThan(bound) => number().is_some_and(|number| number > *bound),
            Test::LessThan(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

impl Test {
    fn parse(text: &str) -> Result<(Self, &str), String> {
        let one = |value: &str| BTreeSet::from([value.to_owned()]);
        for sign in ["==", "!=", "=", ">", "<"] {
            let Some(rest) = text.strip_prefix(sign) else { continue };
            let (value, rest) = value(rest.trim_start());
            let number = || value.parse().map_err(|_| format!("invalid value {value:?}"));
            let test = match sign {
                "!=" => Self::NotIn(one(value)),
                ">" => Self::GreaterThan(number()?),
                "<" => Self::LessThan(number()?),
                _ => Self::In(one(value)),
            };
            return Ok((test, rest));
        }
        match word(text) {
            Ok(("in", rest)) => set(rest).map(|(values, rest)| (Self::In(values), rest)),
            Ok(("notin", rest)) => set(rest).map(|(values, rest)| (Self::NotIn(values), rest)),
            Ok((other, _)) => {
                Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt"))
            }
            Err(_) => Ok((Self::Exists, text)),
        }
    }
}

/// `(a, b)`.
fn set(text: &str) -> Result<(BTreeSet<String>, &str), String> {
    let open = text.trim_start().strip_prefix('(');
    let inside = open.and_then(|rest| rest.split_once(')'));
    let (inside, rest) = inside.ok_or_else(|| format!("found '{text}', expected: '('"))?;
    Ok((inside.split(',').map(|value| value.trim().to_owned()).collect(), rest))
}

fn value(text: &str) -> (&str, &str) {
    let end = text.find([',', ' ', '(', ')', '=', '!', '<', '>']).unwrap_or(text.len());
    text.split_at(end)
}

fn word(text: &str) -> Result<(&str, &str), String> {
    match value(text) {
        ("", _) => Err(format!("found '{text}', expected: identifier")),
        found => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_take_what_upstream_s_take() {
        let labels = [("a", "1"), ("b", "x")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let labels = BTreeMap::from(labels);
        for (text, takes) in [
            ("", true),
            ("a=1", true),
            ("a==1,b=x", true),
            ("a!=1", false),
            ("c!=1", true),
            ("a in (1, 2)", true),
            ("a notin (1)", false),
            ("c notin (1)", true),
            ("a,b", true),
            ("!c", true),
            ("!a", false),
            ("a>0, a<2", true),
            ("a>1", false),
            ("a=", false),
        ] {
            assert_eq!(Labels::parse(text).map(|l| l.takes(&labels)), Ok(takes), "{text}");
        }
        for bad in ["=1", "a in", "a in 1", "a,", "a b", "a>x", "!"] {
            assert!(Labels::parse(bad).is_err(), "{bad}");
        }
    }
}

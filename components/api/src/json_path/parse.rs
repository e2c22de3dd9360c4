//! Reads JSONPath.

use super::{Filter, JsonPathError, Operator, Step};
use serde_json::Value;

/// Longer paths are refused.
const MAX_STEPS: usize = 100;

pub(super) fn steps(text: &str) -> Result<Vec<Step>, JsonPathError> {
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if steps.len() == MAX_STEPS {
            return Err(wrong(format!("more than {MAX_STEPS} steps")));
        }
        let after = if let Some(after) = rest.strip_prefix("..") {
            steps.push(Step::Descend);
            if after.starts_with(['[', '*']) { after } else { name(after, &mut steps) }
        } else if let Some(after) = rest.strip_prefix('[') {
            let (inside, after) = bracket(after)?;
            steps.push(subscript(inside)?);
            after
        } else if let Some(after) = rest.strip_prefix('.') {
            name(after, &mut steps)
        } else {
            name(rest, &mut steps)
        };
        rest = after;
    }
    Ok(steps)
}

fn wrong(why: String) -> JsonPathError {
    JsonPathError(why)
}

/// Takes a name, in which a backslash keeps a dot from ending it. An empty one is no step.
fn name<'t>(text: &'t str, steps: &mut Vec<Step>) -> &'t str {
    let mut name = String::new();
    let mut letters = text.char_indices();
    let mut end = text.len();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '\\' => name.extend(letters.next().map(|(_, letter)| letter)),
            '.' | '[' => {
                end = place;
                break;
            }
            letter => name.push(letter),
        }
    }
    match name.as_str() {
        "" => (),
        "*" => steps.push(Step::Each),
        _ => steps.push(Step::Field(name)),
    }
    &text[end..]
}

/// What is in brackets, and what follows them. Brackets in quotes are none.
fn bracket(text: &str) -> Result<(&str, &str), JsonPathError> {
    let (mut depth, mut quote) = (1_u32, None);
    for (place, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), _) => (),
            (None, '\'' | '"') => quote = Some(letter),
            (None, '[') => depth += 1,
            (None, ']') => depth -= 1,
            _ => (),
        }
        if depth == 0 {
            return Ok((&text[..place], &text[place + 1..]));
        }
    }
    Err(wrong("unterminated array".to_owned()))
}

fn subscript(text: &str) -> Result<Step, JsonPathError> {
    let text = text.trim();
    if text == "*" {
        return Ok(Step::Each);
    }
    if let Some(name) = quoted(text) {
        return Ok(Step::Field(name));
    }
    if let Some(filter) = text.strip_prefix("?(").and_then(|text| text.strip_suffix(')')) {
        return filter_of(filter.trim()).map(Step::Filter);
    }
    text.parse().map(Step::Index).map_err(|_| wrong(format!("invalid array index {text}")))
}

fn quoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|quote| ['\'', '"'].contains(quote))?;
    let inside = text.get(1..)?.strip_suffix(quote)?;
    (!inside.contains(quote)).then(|| inside.to_owned())
}

fn filter_of(text: &str) -> Result<Filter, JsonPathError> {
    // The longer ones first.
    let operators = [
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    let found = operators.iter().find_map(|(sign, operator)| {
        let (left, right) = text.split_once(sign)?;
        Some((left.trim(), *operator, right.trim()))
    });
    let (path, test) = match found {
        Some((path, operator, value)) => (path, Some((operator, literal(value)?))),
        None => (text, None),
    };
    let path = path.strip_prefix('@').ok_or_else(|| wrong(format!("invalid filter {text}")))?;
    Ok(Filter { path: steps(path)?, test })
}

fn literal(text: &str) -> Result<Value, JsonPathError> {
    match quoted(text) {
        Some(text) => Ok(Value::String(text)),
        None => serde_json::from_str(text)
            .ok()
            .filter(|it: &Value| it.is_boolean() || it.is_number())
            .ok_or_else(|| wrong(format!("invalid value {text}"))),
    }
}

//! `'%s has %d'.format([name, count])`.
//!
//! Upstream: cel-go `ext/formatting.go`, whose numbers behind `%f` and `%e` are written as in American
//! English: version 2 of the strings' library, which Kubernetes pins, has them so.

mod show;

use crate::{
    library::arguments::{fitting_string, list, text},
    types::Type,
    value::{EvalError, Outcome, Value},
};

/// Digits behind the point that a clause may ask for: more are refused, so that a short template
/// makes no long text.
const PRECISION_MAX: usize = 1000;
/// What a clause asks for if it does not say.
const PRECISION: usize = 6;

pub(super) fn format<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (template, items) = (text(args, 0)?, list(args, 1)?);
    let mut out = String::new();
    let mut used = 0;
    for piece in Pieces(template) {
        match piece? {
            Piece::Text(text) => out.push_str(text),
            Piece::Clause(clause) => {
                let item = items.get(used).ok_or_else(|| out_of_range(used))??;
                clause.write(&item, &mut out)?;
                used += 1;
            }
        }
        fitting_string(out.len())?;
    }
    Ok(Value::string(out))
}

/// What is wrong with a template for arguments of these types: the argument's place, if it is one's
/// fault, and the complaint.
pub(crate) fn complaint(template: &str, types: &[&Type]) -> Option<(Option<usize>, String)> {
    let mut used = 0;
    for piece in Pieces(template) {
        match piece {
            Err(error) => return Some((None, error.to_string())),
            Ok(Piece::Text(_)) => {}
            Ok(Piece::Clause(clause)) => {
                let Some(found) = types.get(used) else {
                    return Some((None, out_of_range(used).to_string()));
                };
                if !clause.takes(found) {
                    return Some((Some(used), clause.refused(found.name()).to_string()));
                }
                used += 1;
            }
        }
    }
    (used < types.len()).then(|| {
        let (expected, got) = (used, types.len());
        let message = "too many arguments supplied to string.format";
        (None, format!("{message} (expected {expected}, got {got})"))
    })
}

fn out_of_range(at: usize) -> EvalError {
    EvalError::new(format!("index {at} out of range"))
}

enum Piece<'t> {
    Text(&'t str),
    Clause(Clause),
}

/// What is left of a template.
struct Pieces<'t>(&'t str);

impl<'t> Iterator for Pieces<'t> {
    type Item = Result<Piece<'t>, EvalError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(rest) = self.0.strip_prefix('%') else {
            let (text, rest) = self.0.split_at(self.0.find('%').unwrap_or(self.0.len()));
            self.0 = rest;
            return (!text.is_empty()).then_some(Ok(Piece::Text(text)));
        };
        if let Some(rest) = rest.strip_prefix('%') {
            self.0 = rest;
            return Some(Ok(Piece::Text("%")));
        }
        Some(Clause::read(rest).map(|(clause, rest)| {
            self.0 = rest;
            Piece::Clause(clause)
        }))
    }
}

struct Clause {
    precision: Option<usize>,
    verb: char,
}

impl Clause {
    fn read(text: &str) -> Result<(Self, &str), EvalError> {
        let mut rest = text;
        let mut precision = None;
        if let Some(after) = text.strip_prefix('.') {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, after) = after.split_at(digits);
            let wrong = "could not parse formatting clause: error while parsing precision";
            let wanted: usize = digits.parse().map_err(|_| EvalError::new(wrong))?;
            if wanted > PRECISION_MAX {
                return Err(EvalError::new(format!("precision exceeds limit: {PRECISION_MAX}")));
            }
            precision = Some(wanted);
            rest = after;
        }
        let missing = || EvalError::new("unexpected end of string");
        let verb = rest.chars().next().ok_or_else(missing)?;
        if !"sdfebxXo".contains(verb) {
            return Err(EvalError::new(format!(
                "could not parse formatting clause: unrecognized formatting clause \"{verb}\""
            )));
        }
        Ok((Self { precision, verb }, rest.get(verb.len_utf8()..).unwrap_or_default()))
    }

    /// Whether values of a type may be written so.
    fn takes(&self, found: &Type) -> bool {
        match (self.verb, found) {
            (_, Type::Dyn | Type::Error) => true,
            ('s', Type::Opaque(..) | Type::Object(_)) => false,
            ('s', _) | ('d' | 'b' | 'o' | 'x' | 'X', Type::Int | Type::Uint) => true,
            ('f' | 'e', Type::Double | Type::String) | ('b', Type::Bool) => true,
            ('x' | 'X', Type::String | Type::Bytes) => true,
            _ => false,
        }
    }

    fn write(&self, item: &Value<'_>, out: &mut String) -> Result<(), EvalError> {
        let precision = self.precision.unwrap_or(PRECISION);
        let refused = || self.refused(item.type_of().name());
        if self.verb == 's' {
            return show::whole(item, out).ok_or_else(refused)?;
        }
        let text = match self.verb {
            'd' => integer(item, |it| it.to_string()),
            'f' => show::double(item).map(|it| show::grouped(it, precision)),
            'e' => show::double(item).map(|it| show::scientific(it, precision)),
            'b' => match item {
                Value::Bool(it) => Some(u8::from(*it).to_string()),
                other => integer(other, |it| format!("{it:b}")),
            },
            'o' => integer(item, |it| format!("{it:o}")),
            'x' => hexadecimal(item),
            _ => hexadecimal(item).map(|it| it.to_uppercase()),
        };
        out.push_str(&text.ok_or_else(refused)?);
        Ok(())
    }

    fn refused(&self, kind: &str) -> EvalError {
        let why = match self.verb {
            's' => {
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, \
                 lists, types, durations, and timestamps"
            }
            'd' => "decimal clause can only be used on integers",
            'f' => "fixed-point clause can only be used on doubles",
            'e' => "scientific clause can only be used on doubles",
            'b' => "only integers and bools can be formatted as binary",
            'o' => "octal clause can only be used on integers",
            _ => "only integers, byte buffers, and strings can be formatted as hex",
        };
        EvalError::new(format!("error during formatting: {why}, was given {kind}"))
    }
}

/// An integer's digits, its sign before them.
fn integer(item: &Value<'_>, digits: impl Fn(u64) -> String) -> Option<String> {
    match item {
        Value::Int(it) => {
            let sign = if *it < 0 { "-" } else { "" };
            Some(format!("{sign}{}", digits(it.unsigned_abs())))
        }
        Value::Uint(it) => Some(digits(*it)),
        _ => None,
    }
}

fn hexadecimal(item: &Value<'_>) -> Option<String> {
    let bytes = |it: &[u8]| it.iter().map(|it| format!("{it:02x}")).collect::<String>();
    match item {
        Value::String(it) => Some(bytes(it.as_bytes())),
        Value::Bytes(it) => Some(bytes(it)),
        other => integer(other, |it| format!("{it:x}")),
    }
}

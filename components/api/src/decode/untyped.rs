//! JSON of which no type is known, and the two words by which an object's type is told.

use super::{Complaints, DecodeError, Decoded, Step, scan::Scanner};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let mut reader = Reader { scanner: Scanner::new(bytes), steps: Vec::new(), said: None };
    reader.said = Some(Complaints::default());
    let value = reader.value()?;
    reader.scanner.finish()?;
    Ok(Decoded { value, complaints: reader.said.unwrap_or_default().list })
}

/// A value in the middle of a typed object.
pub(super) fn inner(bytes: &[u8]) -> Result<Value, DecodeError> {
    Reader { scanner: Scanner::new(bytes), steps: Vec::new(), said: None }.value()
}

/// An object's `apiVersion` and `kind`, empty where it has none.
///
/// # Errors
/// As upstream's: no JSON, or words that are no text.
pub fn type_meta(bytes: &[u8]) -> Result<(String, String), String> {
    let told = |error| format!("couldn't get version/kind; json parse error: {error}");
    words(&mut Scanner::new(bytes)).map_err(told)
}

fn words(scanner: &mut Scanner<'_>) -> Result<(String, String), DecodeError> {
    let found = scanner.kind()?;
    if found != "object" {
        scanner.skip()?;
        let of = "of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; \
                  Kind string \"json:\\\"kind,omitempty\\\"\" }";
        let text = format!("json: cannot unmarshal {found} into Go value {of}");
        return Err(DecodeError::Mismatch(text));
    }
    let (mut version, mut kind, mut first) = (String::new(), String::new(), true);
    scanner.enter(b'{')?;
    while let Some(key) = scanner.key(first)? {
        first = false;
        let slot = match &*key {
            "apiVersion" => &mut version,
            "kind" => &mut kind,
            _ => {
                scanner.skip()?;
                continue;
            }
        };
        match scanner.kind()? {
            "string" => *slot = scanner.string()?.into_owned(),
            "null" => drop(scanner.skip()?),
            other => return Err(no_text(other, &key)),
        }
    }
    scanner.finish()?;
    Ok((version, kind))
}

fn no_text(kind: &str, key: &str) -> DecodeError {
    let place = format!("Go struct field .{key} of type string");
    DecodeError::Mismatch(format!("json: cannot unmarshal {kind} into {place}"))
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    steps: Vec<Step<'a>>,
    /// Duplicates are told only where somebody asked.
    said: Option<Complaints>,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Value, DecodeError> {
        Ok(match self.scanner.kind()? {
            "object" => self.object()?,
            "array" => self.list()?,
            "string" => Value::String(self.scanner.string()?.into_owned()),
            "number" => number(self.scanner.number()?)?,
            "null" => {
                self.scanner.literal("null")?;
                Value::Null
            }
            _ => Value::Bool(self.scanner.truth()?),
        })
    }

    fn object(&mut self) -> Result<Value, DecodeError> {
        self.scanner.enter(b'{')?;
        let mut map = Map::new();
        let mut first = true;
        while let Some(key) = self.scanner.key(first)? {
            first = false;
            if let Some(said) = self.said.as_mut().filter(|_| map.contains_key(&*key)) {
                said.add("duplicate", &self.steps, &key);
            }
            self.steps.push(Step::Name(Cow::clone(&key)));
            let value = self.value()?;
            self.steps.pop();
            map.insert(key.into_owned(), value);
        }
        Ok(Value::Object(map))
    }

    fn list(&mut self) -> Result<Value, DecodeError> {
        self.scanner.enter(b'[')?;
        let mut list = Vec::new();
        while self.scanner.item(list.is_empty())? {
            self.steps.push(Step::Index(list.len()));
            list.push(self.value()?);
            self.steps.pop();
        }
        Ok(Value::Array(list))
    }
}

/// Whole numbers stay whole, as upstream keeps them; others become floating.
fn number(text: &str) -> Result<Value, DecodeError> {
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(Value::from(whole));
    }
    let floating = text.parse().ok().and_then(Number::from_f64);
    floating.map(Value::Number).ok_or_else(|| {
        let text = format!("json: cannot unmarshal number {text} into Go value of type float64");
        DecodeError::Mismatch(text)
    })
}

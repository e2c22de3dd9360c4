//! A request's query, decoded.

use std::collections::BTreeMap;

/// Parameters by name; of one that is given twice the first counts, as with Go's `Query().Get`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Query(BTreeMap<String, Vec<String>>);

impl Query {
    /// Decodes `a=1&b=2`. What cannot be decoded is left out, as Go leaves it out.
    pub(crate) fn parse(text: &str) -> Self {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            if let (Some(key), Some(value)) = (decoded(key), decoded(value)) {
                all.entry(key).or_default().push(value);
            }
        }
        Self(all)
    }

    /// The first value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.first().map(String::as_str)
    }

    /// All values.
    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// A flag, as apimachinery's Convert_Slice_string_To_bool reads it: given and not false.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !matches!(value.to_lowercase().as_str(), "false" | "0"))
    }

    /// A number; none when it is absent, an error's text when it is not one.
    ///
    /// # Errors
    /// What Go's strconv says.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, String> {
        match self.get(name) {
            None | Some("") => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| format!("strconv.ParseInt: parsing {text:?}: invalid syntax")),
        }
    }
}

/// A path with its escapes replaced; none where one is broken.
pub(crate) fn path(text: &str) -> Option<String> {
    unescaped(text, false)
}

fn decoded(text: &str) -> Option<String> {
    unescaped(text, true)
}

/// `%41` replaced, and `+` where it means a space; none when an escape is broken or the result is
/// not UTF-8.
fn unescaped(text: &str, plus: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' if plus => b' ',
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let query = Query::parse("a=1%2C2&b=x+y&watch&c=%zz&a=3&limit=x&d=");
        assert_eq!(query.get("a"), Some("1,2"));
        assert_eq!(query.all("a").len(), 2);
        assert_eq!(query.get("b"), Some("x y"));
        assert_eq!(query.get("c"), None);
        assert!(query.is_true("watch") && !query.is_true("none"));
        assert!(query.number("limit").is_err());
        assert_eq!(query.number("d"), Ok(None));
    }
}

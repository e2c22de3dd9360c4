//! The tokens of JSON, with Go's words for what is none.

use super::{DEPTH_MAX, DecodeError};
use std::borrow::Cow;

type Outcome<T> = Result<T, DecodeError>;

/// A place in a text, and how deep in it.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// The next byte that is no space, which stays.
    pub(super) fn peek(&mut self) -> Outcome<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Ok(*byte),
            }
        }
        Err(end())
    }

    fn take(&mut self) -> Outcome<u8> {
        let byte = *self.bytes.get(self.at).ok_or_else(end)?;
        self.at += 1;
        Ok(byte)
    }

    /// Nothing but space may follow.
    pub(super) fn finish(&mut self) -> Outcome<()> {
        match self.peek() {
            Ok(byte) => Err(self.invalid(byte, "after top-level value")),
            Err(_) => Ok(()),
        }
    }

    /// A character that has no place where it is.
    fn invalid(&self, byte: u8, context: &str) -> DecodeError {
        let shown = match byte {
            b'\'' => r"'\''".to_owned(),
            b'"' => "'\"'".to_owned(),
            b'\n' => r"'\n'".to_owned(),
            b'\r' => r"'\r'".to_owned(),
            b'\t' => r"'\t'".to_owned(),
            b'\\' => r"'\\'".to_owned(),
            0x20..=0x7e | 0x80.. => format!("'{}'", char::from(byte)),
            _ => format!(r"'\x{byte:02x}'"),
        };
        DecodeError::Syntax(format!("invalid character {shown} {context}"))
    }

    /// Goes into a list or an object; `open` has been seen.
    pub(super) fn enter(&mut self, open: u8) -> Outcome<()> {
        if self.depth == DEPTH_MAX {
            return Err(self.invalid(open, "exceeded max depth"));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Whether a list goes on; the comma is taken.
    pub(super) fn item(&mut self, first: bool) -> Outcome<bool> {
        let byte = self.peek()?;
        if byte == b']' {
            // A comma before the end is seen as the value that is missing.
            self.depth -= 1;
            self.at += 1;
            return Ok(false);
        }
        if first {
            return Ok(true);
        }
        if byte != b',' {
            return Err(self.invalid(byte, "after array element"));
        }
        self.at += 1;
        match self.peek()? {
            b']' => Err(self.invalid(b']', "looking for beginning of value")),
            _ => Ok(true),
        }
    }

    /// The key that an object goes on with; the colon is taken.
    pub(super) fn key(&mut self, first: bool) -> Outcome<Option<Cow<'a, str>>> {
        let mut byte = self.peek()?;
        if byte == b'}' {
            self.depth -= 1;
            self.at += 1;
            return Ok(None);
        }
        if !first {
            if byte != b',' {
                return Err(self.invalid(byte, "after object key:value pair"));
            }
            self.at += 1;
            byte = self.peek()?;
        }
        if byte != b'"' {
            return Err(self.invalid(byte, "looking for beginning of object key string"));
        }
        let key = self.string()?;
        match self.peek()? {
            b':' => self.at += 1,
            byte => return Err(self.invalid(byte, "after object key")),
        }
        Ok(Some(key))
    }

    /// A string; its quotation mark is next.
    pub(super) fn string(&mut self) -> Outcome<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        let rest = &self.bytes[start..];
        let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        let length = plain.ok_or_else(end)?;
        if rest[length] == b'"' {
            self.at += length + 1;
            // As Go: what is no UTF-8 becomes the sign for that.
            return Ok(String::from_utf8_lossy(&rest[..length]));
        }
        self.at += length;
        let mut text = rest[..length].to_vec();
        loop {
            match self.take()? {
                b'"' => break,
                b'\\' => self.escape(&mut text)?,
                byte @ 0..0x20 => return Err(self.invalid(byte, "in string literal")),
                byte => text.push(byte),
            }
        }
        Ok(Cow::Owned(String::from_utf8_lossy(&text).into_owned()))
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Outcome<()> {
        let plain = match self.take()? {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.unicode(text),
            byte => return Err(self.invalid(byte, "in string escape code")),
        };
        text.push(plain);
        Ok(())
    }

    /// `\u` and its four digits, or two of them that make one character; else the sign for "none".
    fn unicode(&mut self, text: &mut Vec<u8>) -> Outcome<()> {
        let first = self.hexadecimal()?;
        let mut found = char::from_u32(first);
        if (0xd800..0xdc00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hexadecimal()?;
            match second {
                0xdc00..0xe000 => {
                    let point = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    found = char::from_u32(point);
                }
                _ => self.at = before,
            }
        }
        let found = found.unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn hexadecimal(&mut self) -> Outcome<u32> {
        let mut value = 0;
        for _ in 0..4 {
            let byte = self.take()?;
            let digit = char::from(byte).to_digit(16);
            let context = r"in \u hexadecimal character escape";
            value = value * 16 + digit.ok_or_else(|| self.invalid(byte, context))?;
        }
        Ok(value)
    }

    /// `true`, `false` or `null`; its first letter is next.
    pub(super) fn literal(&mut self, word: &str) -> Outcome<()> {
        for (place, expected) in word.bytes().enumerate() {
            let byte = self.take()?;
            if byte != expected {
                let expected = char::from(expected);
                let context = format!("in literal {word} (expecting '{expected}')");
                debug_assert!(place > 0, "a literal is known by its first letter");
                return Err(self.invalid(byte, &context));
            }
        }
        Ok(())
    }

    /// A number as it is written.
    pub(super) fn number(&mut self) -> Outcome<&'a str> {
        let start = self.at;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.digits("in numeric literal")?,
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default())
    }

    fn digits(&mut self, context: &str) -> Outcome<()> {
        let found = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if found == 0 {
            let byte = self.take()?;
            return Err(self.invalid(byte, context));
        }
        self.at += found;
        Ok(())
    }

    /// What kind of value is next, in Go's words; a number's or literal's text is not looked at.
    pub(super) fn kind(&mut self) -> Outcome<&'static str> {
        Ok(match self.peek()? {
            b'{' => "object",
            b'[' => "array",
            b'"' => "string",
            b't' | b'f' => "bool",
            b'n' => "null",
            b'-' | b'0'..=b'9' => "number",
            byte => return Err(self.invalid(byte, "looking for beginning of value")),
        })
    }

    /// Passes over a value and gives its text.
    pub(super) fn skip(&mut self) -> Outcome<&'a [u8]> {
        let kind = self.kind()?;
        let start = self.at;
        match kind {
            "object" => {
                self.enter(b'{')?;
                let mut first = true;
                while self.key(first)?.is_some() {
                    first = false;
                    self.skip()?;
                }
            }
            "array" => {
                self.enter(b'[')?;
                let mut first = true;
                while self.item(first)? {
                    first = false;
                    self.skip()?;
                }
            }
            "string" => drop(self.string()?),
            "number" => drop(self.number()?),
            "null" => self.literal("null")?,
            _ => drop(self.truth()?),
        }
        Ok(&self.bytes[start..self.at])
    }

    /// `true` or `false`, one of which is next.
    pub(super) fn truth(&mut self) -> Outcome<bool> {
        let truth = self.bytes.get(self.at) == Some(&b't');
        self.literal(if truth { "true" } else { "false" })?;
        Ok(truth)
    }
}

fn end() -> DecodeError {
    DecodeError::Syntax("unexpected end of JSON input".into())
}

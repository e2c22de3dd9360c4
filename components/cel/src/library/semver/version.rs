//! Versions of semver.org 2.0.0.

use crate::escape::quoted;
use std::cmp::Ordering;

/// `1.2.3-alpha.1+build`; what was built does not count for precedence and is not kept.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(super) numbers: [u64; 3],
    pre: Vec<Identifier>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Identifier {
    /// Numbers come before words.
    Number(u64),
    Word(String),
}

impl Version {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("Version string empty".into());
        }
        let (text, build) = match text.split_once('+') {
            Some((text, build)) => (text, Some(build)),
            None => (text, None),
        };
        let (core, pre) = match text.split_once('-') {
            Some((core, pre)) => (core, Some(pre)),
            None => (text, None),
        };
        let parts: Vec<&str> = core.splitn(3, '.').collect();
        let [major, minor, patch] = parts.as_slice() else {
            return Err("No Major.Minor.Patch elements found".into());
        };
        let numbers = [number(major, "Major")?, number(minor, "Minor")?, number(patch, "Patch")?];
        let pre = pre.into_iter().flat_map(|it| it.split('.'));
        let pre = pre.map(identifier).collect::<Result<_, _>>()?;
        for part in build.into_iter().flat_map(|it| it.split('.')) {
            if part.is_empty() {
                return Err("Build meta data is empty".into());
            }
            if !part.bytes().all(word_byte) {
                let part = quoted(part);
                return Err(format!("Invalid character(s) found in build meta data {part}"));
            }
        }
        Ok(Self { numbers, pre })
    }

    /// After leaving out a `v` and leading zeros, and adding what a short version lacks.
    pub(super) fn parse_normalized(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let mut parts: Vec<String> = text.splitn(3, '.').map(without_zeros).collect();
        if parts.len() < 3 {
            if parts.last().is_some_and(|it| it.contains(['+', '-'])) {
                return Err("short version cannot contain PreRelease/Build meta data".into());
            }
            parts.resize(3, "0".into());
        }
        Self::parse(&parts.join("."))
    }

    pub(super) fn precedence(&self, other: &Version) -> Ordering {
        let released = |it: &Version| it.pre.is_empty();
        self.numbers
            .cmp(&other.numbers)
            // A release comes behind what was tried before it.
            .then_with(|| released(self).cmp(&released(other)))
            .then_with(|| self.pre.cmp(&other.pre))
    }
}

fn without_zeros(part: &str) -> String {
    if part.len() < 2 {
        return part.to_owned();
    }
    let rest = part.trim_start_matches('0');
    match rest.starts_with(|it: char| it.is_ascii_digit()) {
        true => rest.to_owned(),
        false => format!("0{rest}"),
    }
}

fn number(text: &str, name: &str) -> Result<u64, String> {
    let lower = name.to_lowercase();
    if text.is_empty() || !text.bytes().all(|it| it.is_ascii_digit()) {
        return Err(format!("Invalid character(s) found in {lower} number {}", quoted(text)));
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err(format!("{name} number must not contain leading zeroes {}", quoted(text)));
    }
    text.parse()
        .map_err(|_| format!("strconv.ParseUint: parsing {}: value out of range", quoted(text)))
}

fn word_byte(it: u8) -> bool {
    it.is_ascii_alphanumeric() || it == b'-'
}

fn identifier(text: &str) -> Result<Identifier, String> {
    if text.is_empty() {
        return Err("Prerelease is empty".into());
    }
    if text.bytes().all(|it| it.is_ascii_digit()) {
        if text.len() > 1 && text.starts_with('0') {
            let text = quoted(text);
            return Err(format!(
                "Numeric PreRelease version must not contain leading zeroes {text}"
            ));
        }
        let number = text.parse().map_err(|_| {
            format!("strconv.ParseUint: parsing {}: value out of range", quoted(text))
        });
        return number.map(Identifier::Number);
    }
    match text.bytes().all(word_byte) {
        true => Ok(Identifier::Word(text.to_owned())),
        false => Err(format!("Invalid character(s) found in prerelease {}", quoted(text))),
    }
}

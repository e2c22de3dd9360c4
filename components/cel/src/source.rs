//! The text of an expression, and complaints that point into it.
//!
//! Upstream: cel-go `common/source.go`, `common/error.go`. Offsets and columns count code points.

use std::fmt;

/// A place in the text: lines from one, columns from zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Location {
    /// From one; -1 where a complaint concerns the whole text.
    pub line: i64,
    /// From zero.
    pub column: usize,
}

impl Location {
    /// For what has no place.
    pub const NOWHERE: Location = Location { line: -1, column: 0 };
}

/// The text that is compiled.
#[derive(Clone, Debug)]
pub struct Source {
    text: Vec<char>,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Source {
    /// Takes the text apart into lines.
    pub fn new(text: &str) -> Self {
        let text: Vec<char> = text.chars().collect();
        let after_breaks =
            text.iter().enumerate().filter(|(_, it)| **it == '\n').map(|it| it.0 + 1);
        let lines = std::iter::once(0).chain(after_breaks).collect();
        Self { text, lines }
    }

    /// Every code point.
    pub fn chars(&self) -> &[char] {
        &self.text
    }

    /// The line and column of an offset.
    pub fn location(&self, offset: usize) -> Location {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|it| self.lines.get(it)).copied().unwrap_or(0);
        Location { line: i64::try_from(line).unwrap_or(i64::MAX), column: offset - start }
    }

    /// A line's text without its break.
    fn line(&self, number: i64) -> Option<String> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        let start = *self.lines.get(at)?;
        let end = self.lines.get(at + 1).map_or(self.text.len(), |next| next - 1);
        Some(self.text.get(start..end)?.iter().collect())
    }

    fn render(&self, issue: &Issue) -> String {
        let Location { line, column } = issue.at;
        let shown = if issue.at == Location::NOWHERE { 0 } else { column + 1 };
        let mut text = format!("ERROR: <input>:{line}:{shown}: {}", issue.message);
        if let Some(snippet) = self.line(line) {
            let dots = ".".repeat(column);
            text.push_str(&format!("\n | {snippet}\n | {dots}^"));
        }
        text
    }
}

/// One complaint about a text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Issue {
    /// Where.
    pub at: Location,
    /// What, as upstream words it.
    pub message: String,
}

/// Why a text does not compile: at least one complaint, in the order of the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issues {
    /// Each by itself.
    pub issues: Vec<Issue>,
    rendered: String,
}

/// So many complaints are told at once (cel-go `common.NewErrors`' limit).
const ISSUES_MAX: usize = 100;

impl Issues {
    /// Sorts the complaints by place and renders them with their lines of text.
    pub(crate) fn new(source: &Source, mut issues: Vec<Issue>) -> Self {
        issues.sort_by_key(|it| it.at);
        let shown = issues.iter().take(ISSUES_MAX).map(|it| source.render(it));
        let mut rendered = shown.collect::<Vec<_>>().join("\n");
        if issues.len() > ISSUES_MAX {
            rendered
                .push_str(&format!("\n{} more errors were truncated", issues.len() - ISSUES_MAX));
        }
        Self { issues, rendered }
    }
}

impl fmt::Display for Issues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered)
    }
}

impl std::error::Error for Issues {}

//! The table while it is put together, and its text: a line a type, kind or field.
//!
//! `components/api/src/table.rs` describes the format. A supplement is written in the same one; there
//! `*` stands for the shape that is known already, and `-word` takes an attribute away.

use crate::Outcome;
use std::{collections::BTreeMap, fmt::Write};

/// Types by OpenAPI's names.
#[derive(Debug, Default)]
pub(crate) struct Rows(pub(crate) BTreeMap<String, TypeRow>);

/// One type.
#[derive(Debug, Default)]
pub(crate) struct TypeRow {
    pub(crate) attributes: Attributes,
    /// `apps v1 Deployment`, with `-` for the core group.
    pub(crate) kinds: Vec<String>,
    pub(crate) fields: BTreeMap<String, FieldRow>,
}

/// One field.
#[derive(Debug, Default)]
pub(crate) struct FieldRow {
    pub(crate) shape: String,
    pub(crate) attributes: Attributes,
}

/// Words after a shape, such as `required` or `pb=3`; a word without a value has an empty one.
pub(crate) type Attributes = BTreeMap<String, String>;

impl FieldRow {
    pub(crate) fn set(&mut self, word: &str, value: &str) {
        self.attributes.insert(word.to_owned(), value.to_owned());
    }
}

impl Rows {
    /// Adds what a supplement says.
    pub(crate) fn amend(&mut self, text: &str) -> Outcome<()> {
        let mut current = None;
        for (number, line) in text.lines().enumerate() {
            let wrong = |what: &str| format!("supplement, line {}: {what}: {line}", number + 1);
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let Some(first) = words.next() else { continue };
            let inside = line.starts_with(' ');
            if first == "type" && !inside {
                let name = words.next().ok_or_else(|| wrong("no name"))?;
                current = Some(self.0.entry(name.to_owned()).or_default());
                amend(&mut current.as_mut().ok_or("no type")?.attributes, words);
                continue;
            }
            let row = current.as_mut().ok_or_else(|| wrong("no type yet"))?;
            if first == "kind" && !inside {
                row.kinds.push(words.collect::<Vec<_>>().join(" "));
                continue;
            }
            let shape = words.next().ok_or_else(|| wrong("no shape"))?;
            if shape == "*" && !row.fields.contains_key(first) {
                return Err(wrong("no such field").into());
            }
            let field = row.fields.entry(first.to_owned()).or_default();
            if shape != "*" {
                shape.clone_into(&mut field.shape);
            }
            amend(&mut field.attributes, words);
        }
        Ok(())
    }

    /// Fields that have no number, `apiVersion` and `kind` of objects aside: those are not sent.
    pub(crate) fn without_number(&self) -> Vec<String> {
        let mut lonely = Vec::new();
        for (name, row) in &self.0 {
            for (field, facts) in &row.fields {
                let object = !row.kinds.is_empty();
                let envelope = object && (field == "apiVersion" || field == "kind");
                if !envelope && !facts.attributes.contains_key("pb") {
                    lonely.push(format!("{name}.{field}"));
                }
            }
        }
        lonely
    }

    /// The table's text.
    pub(crate) fn print(&self) -> String {
        let mut text =
            String::from("# Written by `cargo run -p tables`. The format: ../src/table.rs.\n");
        for (name, row) in &self.0 {
            let _ = writeln!(text, "type {name}{}", words(&row.attributes));
            for kind in &row.kinds {
                let _ = writeln!(text, "kind {kind}");
            }
            for (field, facts) in &row.fields {
                let _ = writeln!(text, " {field} {}{}", facts.shape, words(&facts.attributes));
            }
        }
        text
    }
}

fn amend<'a>(attributes: &mut Attributes, words: impl Iterator<Item = &'a str>) {
    for word in words {
        if let Some(gone) = word.strip_prefix('-') {
            attributes.remove(gone);
            continue;
        }
        let (word, value) = word.split_once('=').unwrap_or((word, ""));
        attributes.insert(word.to_owned(), value.to_owned());
    }
}

fn words(attributes: &Attributes) -> String {
    let word = |(word, value): (&String, &String)| match value.is_empty() {
        true => format!(" {word}"),
        false => format!(" {word}={value}"),
    };
    attributes.iter().map(word).collect()
}

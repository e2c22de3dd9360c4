//! The text that the types of built-in kinds are kept in, and how it becomes [`Schemas`].
//!
//! `tables/types.txt` is written by `.ci/tables`. A line is a type, one of its kinds, or, after a
//! space, one of its fields:
//!
//! ```text
//! type io.k8s.api.apps.v1.DeploymentSpec
//! kind apps v1 Deployment
//!  strategy {io.k8s.api.apps.v1.DeploymentStrategy} pb=4 retain-keys written
//! ```
//!
//! | shape | means |
//! |---|---|
//! | `text`, `int32`, `micro-time`, … | a value |
//! | `{name}` | an object of that type |
//! | `[shape]`, `<shape>` | a list; a map from text |
//!
//! | word | means |
//! |---|---|
//! | `required` | an object without it is refused |
//! | `default=JSON`, `values=A\|B` | as in OpenAPI; `~` stands for a space |
//! | `kept`, `written`, neither | [`Zero`] |
//! | `pb=4`, `within=2,2` | its number in protobuf, and the messages around it |
//! | `list=set`, `list=port,protocol`, neither | [`ListKind`] |
//! | `atomic` | [`Owned`] |
//! | `merge`, `merge-key=name`, `replace`, `retain-keys` | [`PatchStrategy`] |
//!
//! The core group is `-`; what follows `#` at a line's start is a remark.

use crate::schema::{
    Field, GroupVersionKind, ListKind, Owned, PatchStrategy, Schemas, Shape, Type, TypeId, Zero,
};
use std::collections::BTreeMap;
use thiserror::Error;

/// A line that is none of the format.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("line {line}: {reason}")]
pub struct TableError {
    /// Counted from one.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

type Names<'a> = BTreeMap<&'a str, TypeId>;

/// Reads a table.
///
/// # Errors
/// A line that is no type, kind or field; a shape of a type that the table does not have.
pub fn parse(text: &str) -> Result<Schemas, TableError> {
    let names = names(text);
    let mut types: Vec<Type> = Vec::with_capacity(names.len());
    for (place, line) in text.lines().enumerate() {
        let wrong = |reason: String| TableError { line: place + 1, reason };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(rest) = line.strip_prefix("type ") {
            types.push(new_type(rest));
            continue;
        }
        let current = types.last_mut().ok_or_else(|| wrong("no type yet".into()))?;
        if let Some(rest) = line.strip_prefix("kind ") {
            current.kinds.push(kind(rest).ok_or_else(|| wrong("no kind".into()))?);
        } else {
            current.fields.push(field(line.trim_start(), &names).map_err(wrong)?);
        }
    }
    for one in &mut types {
        one.fields.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(Schemas::new(types))
}

fn names(text: &str) -> Names<'_> {
    let types = text.lines().filter_map(|line| line.strip_prefix("type "));
    let names = types.map(|rest| rest.split(' ').next().unwrap_or_default());
    names.zip(0..).map(|(name, place)| (name, TypeId(place))).collect()
}

fn new_type(rest: &str) -> Type {
    let (name, words) = rest.split_once(' ').unwrap_or((rest, ""));
    let owned = if words == "atomic" { Owned::Atomic } else { Owned::Granular };
    Type { name: name.to_owned(), fields: Vec::new(), kinds: Vec::new(), owned, others: None }
}

fn kind(rest: &str) -> Option<GroupVersionKind> {
    let mut words = rest.split(' ');
    let group = words.next().map(|group| if group == "-" { "" } else { group })?;
    let (version, kind) = (words.next()?, words.next()?);
    Some(GroupVersionKind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
    })
}

fn field(line: &str, names: &Names<'_>) -> Result<Field, String> {
    let mut words = line.split(' ');
    let (name, shape) = (words.next(), words.next());
    let (Some(name), Some(shape)) = (name, shape) else { return Err("a field of one word".into()) };
    let mut facts = Facts::default();
    for word in words {
        facts.take(word).map_err(|()| format!("{word} means nothing"))?;
    }
    let shape = self::shape(shape, &facts, names).ok_or_else(|| format!("no shape: {shape}"))?;
    Ok(Field {
        name: name.to_owned(),
        shape,
        required: facts.required,
        default: facts.default,
        values: facts.values,
        zero: facts.zero,
        number: facts.number,
        within: facts.within,
        patch: facts.patch,
    })
}

/// A field's words.
struct Facts {
    required: bool,
    default: Option<serde_json::Value>,
    values: Vec<String>,
    zero: Zero,
    number: Option<u32>,
    within: Vec<u32>,
    patch: PatchStrategy,
    list: ListKind,
    owned: Owned,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            required: false,
            default: None,
            values: Vec::new(),
            zero: Zero::Dropped,
            number: None,
            within: Vec::new(),
            patch: PatchStrategy::default(),
            list: ListKind::Atomic,
            owned: Owned::Granular,
        }
    }
}

impl Facts {
    fn take(&mut self, word: &str) -> Result<(), ()> {
        let (word, value) = word.split_once('=').unwrap_or((word, ""));
        match word {
            "required" => self.required = true,
            "kept" => self.zero = Zero::Kept,
            "written" => self.zero = Zero::Written,
            "merge" => self.patch.merge = true,
            "retain-keys" => self.patch.retain_keys = true,
            "replace" => self.patch.replace = true,
            "atomic" => self.owned = Owned::Atomic,
            "merge-key" => self.patch.merge_key = Some(value.to_owned()),
            "default" => self.default = Some(serde_json::from_str(value).map_err(|_| ())?),
            "values" => {
                self.values = value.replace('~', " ").split('|').map(str::to_owned).collect()
            }
            "pb" => self.number = Some(value.parse().map_err(|_| ())?),
            "within" => {
                let numbers = value.split(',').map(str::parse).collect::<Result<_, _>>();
                self.within = numbers.map_err(|_| ())?;
            }
            "list" if value == "set" => self.list = ListKind::Set,
            "list" => self.list = ListKind::Map(value.split(',').map(str::to_owned).collect()),
            _ => return Err(()),
        }
        Ok(())
    }
}

/// `None` for what is no shape. Words about lists and maps concern the outermost one.
fn shape(text: &str, facts: &Facts, names: &Names<'_>) -> Option<Shape> {
    let inner = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    if let Some(name) = inner('{', '}') {
        return Some(Shape::Object(*names.get(name)?, facts.owned));
    }
    if let Some(item) = inner('[', ']') {
        let item = shape(item, &Facts::default(), names)?;
        return Some(Shape::List(Box::new(item), facts.list.clone()));
    }
    if let Some(value) = inner('<', '>') {
        let value = shape(value, &Facts::default(), names)?;
        return Some(Shape::Map(Box::new(value), facts.owned));
    }
    Some(match text {
        "text" => Shape::Text,
        "bytes" => Shape::Bytes,
        "bool" => Shape::Bool,
        "int32" => Shape::Int32,
        "int64" => Shape::Int64,
        "double" => Shape::Double,
        "int-or-string" => Shape::IntOrString,
        "quantity" => Shape::Quantity,
        "time" => Shape::Time,
        "micro-time" => Shape::MicroTime,
        "duration" => Shape::Duration,
        "raw" => Shape::Raw,
        "json" => Shape::Json,
        "fields" => Shape::Fields,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_lines_are_told_by_number() {
        let cases = [
            (" name text", 1, "no type yet"),
            ("type a\n name", 2, "a field of one word"),
            ("type a\n name txt", 2, "no shape: txt"),
            ("type a\n name {b}", 2, "no shape: {b}"),
            ("type a\nkind apps v1", 2, "no kind"),
            ("# a remark\ntype a\n name text pb=x", 3, "pb=x means nothing"),
        ];
        for (text, line, reason) in cases {
            let error = parse(text).expect_err(text);
            assert_eq!(error, TableError { line, reason: reason.into() }, "{text}");
        }
    }

    #[test]
    fn a_word_about_a_list_concerns_the_outer_one() {
        let schemas = parse("type a\n extra <[text]> atomic\n ports [[int32]] list=set").unwrap();
        let one = schemas.at(schemas.named("a").unwrap());
        let inner = Shape::List(Box::new(Shape::Text), ListKind::Atomic);
        assert_eq!(one.field("extra").unwrap().shape, Shape::Map(inner.into(), Owned::Atomic));
        let inner = Shape::List(Box::new(Shape::Int32), ListKind::Atomic);
        assert_eq!(one.field("ports").unwrap().shape, Shape::List(inner.into(), ListKind::Set));
    }
}

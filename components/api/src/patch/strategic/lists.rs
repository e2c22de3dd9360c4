//! Lists, patched: of scalars as sets, of objects by their keys.

use super::{
    DIRECTIVE, Merger,
    lookup::{List, bad},
    order, unknown_directive,
};
use crate::patch::{PatchError, go};
use serde_json::{Map, Value};
use std::mem;

impl<'a> Merger<'a> {
    /// One list, patched; its items are in upstream's order.
    pub(super) fn lists(
        self,
        list: List<'a>,
        old: Vec<Value>,
        new: Vec<Value>,
        deletes: bool,
    ) -> Result<Vec<Value>, PatchError> {
        if !list.merge && !deletes {
            return Ok(new);
        }
        let Some(first) = one_kind(&old, &new)? else { return Ok(Vec::new()) };
        match (first.is_object(), list.key) {
            (false, _) if deletes => {
                Ok(old.into_iter().filter(|item| !new.contains(item)).collect())
            }
            (false, _) => {
                let merged = without_repeats(old.iter().chain(&new));
                order::arrange(merged, &new, &old, None)
            }
            (true, Some(key)) => self.keyed_lists(list, key, old, new),
            (true, None) => Err(bad("cannot merge lists without merge key for struct".to_owned())),
        }
    }

    fn keyed_lists(
        self,
        list: List<'a>,
        key: &str,
        mut old: Vec<Value>,
        new: Vec<Value>,
    ) -> Result<Vec<Value>, PatchError> {
        let new = obey_directives(&mut old, new, key)?;
        let mut merged = old.clone();
        for item in &new {
            let wanted = key_of(item, key)?;
            match merged.iter_mut().find(|old| old.get(key) == Some(wanted)) {
                Some(found) => {
                    let before = mem::take(object(found)?);
                    let patch = object(&mut item.clone())?.clone();
                    *found = Value::Object(self.objects(list.item, before, patch)?);
                }
                None => merged.push(item.clone()),
            }
        }
        order::arrange(merged, &new, &old, Some(key))
    }
}

/// Does what the items that are directives say, and gives the items that are not.
fn obey_directives(
    old: &mut Vec<Value>,
    new: Vec<Value>,
    key: &str,
) -> Result<Vec<Value>, PatchError> {
    let (mut items, mut replace) = (Vec::new(), false);
    for mut item in new {
        let fields = object(&mut item)?;
        let Some(directive) = fields.get(DIRECTIVE) else {
            items.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let gone = fields.get(key).ok_or_else(|| no_key(fields, key))?;
                old.retain(|item| item.get(key) != Some(gone));
            }
            Some("replace") => replace = true,
            Some("merge") => {
                let why = "merging lists cannot yet be specified in the patch";
                return Err(bad(why.to_owned()));
            }
            _ => return Err(unknown_directive(directive, fields)),
        }
    }
    if replace {
        *old = mem::take(&mut items);
    }
    Ok(items)
}

/// An item of two lists that hold items of one kind; `None` if both are empty.
fn one_kind<'v>(old: &'v [Value], new: &'v [Value]) -> Result<Option<&'v Value>, PatchError> {
    let Some(first) = old.iter().chain(new).next() else { return Ok(None) };
    if first.is_array() {
        return Err(PatchError::Rejected("lists of lists are not supported".to_owned()));
    }
    match old.iter().chain(new).all(|item| go::type_name(item) == go::type_name(first)) {
        true => Ok(Some(first)),
        false => {
            let show = |list: &[Value]| go::plain(&Value::Array(list.to_vec()));
            let both = format!("[{} {}]", show(old), show(new));
            Err(bad(format!("list element types are not identical: {both}")))
        }
    }
}

fn without_repeats<'v>(items: impl Iterator<Item = &'v Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !kept.contains(item) {
            kept.push(item.clone());
        }
    }
    kept
}

/// What tells an item apart.
pub(super) fn key_of<'v>(item: &'v Value, key: &str) -> Result<&'v Value, PatchError> {
    match item {
        Value::Object(fields) => fields.get(key).ok_or_else(|| no_key(fields, key)),
        other => Err(not_an_object(other)),
    }
}

fn object(item: &mut Value) -> Result<&mut Map<String, Value>, PatchError> {
    match item {
        Value::Object(fields) => Ok(fields),
        other => Err(not_an_object(other)),
    }
}

fn not_an_object(item: &Value) -> PatchError {
    let got = go::type_name(item);
    bad(format!("expected a map[string]interface {{}}, but received a {got}"))
}

fn no_key(fields: &Map<String, Value>, key: &str) -> PatchError {
    let fields = go::plain(&Value::Object(fields.clone()));
    bad(format!("map: {fields} does not contain declared merge key: {key}"))
}

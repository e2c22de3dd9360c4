//! The order of a merged list's items, and `$setElementOrder`, with which a client chooses it.
//!
//! The patch's order goes before the server's; items that only the server has are put in between so
//! that they keep their order and, as well as may be, their places
//! (preserve-order-in-strategic-merge-patch.md in upstream's design proposals).

use super::{
    DIRECTIVE, Merger, SET_ORDER, list_of, lists,
    lookup::{Place, bad},
    without_directives,
};
use crate::{
    patch::{PatchError, go},
    schema::Shape,
};
use serde_json::{Map, Value};
use std::collections::VecDeque;

impl<'a> Merger<'a> {
    /// Merges the lists for which the patch sets an order; takes them and the orders out of it.
    pub(super) fn ordered_lists(
        self,
        shape: &'a Shape,
        object: &mut Map<String, Value>,
        patch: &mut Map<String, Value>,
    ) -> Result<(), PatchError> {
        let set = patch.keys().filter(|name| name.starts_with(SET_ORDER)).cloned();
        for directive in set.collect::<Vec<_>>() {
            let order = list(patch.remove(&directive))?.unwrap_or_default();
            let name = list_of(&directive, SET_ORDER)?;
            let old = list(object.remove(name))?;
            let new = list(patch.remove(name))?;
            let place = Place::find(self.schemas, shape, name)?.list()?;
            agrees(new.as_deref().unwrap_or_default(), &order, place.key)?;
            let server_order = old.clone().unwrap_or_default();
            let merged = match (old, new) {
                (Some(old), Some(new)) => self.lists(place, old, new, false)?,
                (Some(old), None) => old,
                (None, Some(new)) => new.into_iter().filter_map(without_directives).collect(),
                (None, None) => continue,
            };
            let arranged = arrange(merged, &order, &server_order, place.key)?;
            object.insert(name.to_owned(), Value::Array(arranged));
        }
        Ok(())
    }
}

fn list(value: Option<Value>) -> Result<Option<Vec<Value>>, PatchError> {
    match value {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(other) => {
            let got = go::type_name(&other);
            Err(bad(format!("expected a []interface {{}}, but received a {got}")))
        }
    }
}

/// Checks that a patch's items stand in the order that it sets, and in no other.
fn agrees(new: &[Value], order: &[Value], key: Option<&str>) -> Result<(), PatchError> {
    if new.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut order_left = order.iter();
    for item in new.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        let wanted = identity(item, key)?;
        loop {
            let Some(next) = order_left.next() else {
                let show = |list: &[Value]| go::plain(&Value::Array(list.to_vec()));
                return Err(bad(format!(
                    "The order in patch list:\n{}\n doesn't match {SET_ORDER} list:\n{}\n",
                    show(new),
                    show(order)
                )));
            };
            if identity(next, key)? == wanted {
                break;
            }
        }
    }
    Ok(())
}

fn identity<'v>(item: &'v Value, key: Option<&str>) -> Result<&'v Value, PatchError> {
    match key {
        Some(key) => lists::key_of(item, key),
        None => Ok(item),
    }
}

/// Puts a merged list's items in order: those of the patch in the patch's, the others in the
/// server's, and both together so that the server's order holds where it can.
pub(super) fn arrange(
    merged: Vec<Value>,
    patch_order: &[Value],
    server_order: &[Value],
    key: Option<&str>,
) -> Result<Vec<Value>, PatchError> {
    let patch_order = ranks(patch_order, key)?;
    let server_order = ranks(server_order, key)?;
    let (mut of_patch, mut of_server) = (Vec::new(), Vec::new());
    for item in merged {
        let id = identity(&item, key)?;
        let in_patch = patch_order.iter().position(|it| *it == id);
        let in_server = server_order.iter().position(|it| *it == id);
        match in_patch {
            Some(rank) => of_patch.push((rank, in_server, item)),
            None => of_server.push((in_server.unwrap_or(usize::MAX), in_server, item)),
        }
    }
    of_patch.sort_by_key(|(rank, ..)| *rank);
    of_server.sort_by_key(|(rank, ..)| *rank);
    Ok(interleave(of_server.into(), of_patch.into()))
}

fn ranks<'v>(order: &'v [Value], key: Option<&str>) -> Result<Vec<&'v Value>, PatchError> {
    order.iter().map(|item| identity(item, key)).collect()
}

/// An item with its rank in its own list and its place on the server, if it was there.
type Ranked = (usize, Option<usize>, Value);

/// A server's item goes before a patch's only if it stood before it on the server.
fn interleave(mut of_server: VecDeque<Ranked>, mut of_patch: VecDeque<Ranked>) -> Vec<Value> {
    let mut all = Vec::with_capacity(of_server.len() + of_patch.len());
    while let (Some((_, server, _)), Some((_, patch, _))) = (of_server.front(), of_patch.front()) {
        let before = matches!((server, patch), (Some(server), Some(patch)) if server < patch);
        let from = if before { &mut of_server } else { &mut of_patch };
        all.extend(from.pop_front().map(|(.., item)| item));
    }
    all.extend(of_patch.into_iter().chain(of_server).map(|(.., item)| item));
    all
}

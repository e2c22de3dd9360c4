//! An object is one and the same from its birth to its end, and counts its generations.

use super::{Deeds, EstatePromise, broken, deeds::Deed, line, meta};
use crate::{Broken, history::History};
use serde_json::Value;
use std::collections::BTreeMap;

/// A uid is one object's for ever; its birth, the mark that it is to go, and its past generations are
/// never undone; a generation counts changes of what is wanted, and those alone.
#[derive(Debug, Default)]
pub struct EstateIdentity;

/// Kinds whose generation counts, by what their keys begin with.
const COUNTED: [&str; 1] = ["deployments/"];

impl EstatePromise for EstateIdentity {
    const NAME: &'static str = "estate_identity";
    const PROMISE: &'static str = "uid is unique across the whole lifetime of the cluster; \
        generation is a sequence number representing a specific generation of the desired state, \
        set by the system and monotonically increasing, per-resource (API conventions, metadata)";

    fn judge(_: &History, deeds: &Deeds<'_>) -> Result<(), Broken> {
        // Whose each uid is, and whether that one is gone.
        let mut owners = BTreeMap::<&str, (&str, bool)>::new();
        for deed in deeds.all() {
            if let Some(before) = deed.before {
                let gone = deed.after().is_none();
                owners.insert(meta(before, "uid"), (&deed.change.key, gone));
            }
            let Some(after) = deed.after() else { continue };
            let uid = meta(after, "uid");
            if uid.is_empty() {
                continue;
            }
            let (owner, gone) = *owners.entry(uid).or_insert((&deed.change.key, false));
            if gone || owner != deed.change.key {
                return Err(broken(deed.change, format!("has the uid of {owner}")));
            }
            if let Some(before) = deed.before {
                goes_on(deed, before, after)?;
            }
        }
        Ok(())
    }
}

fn goes_on(deed: &Deed<'_>, before: &Value, after: &Value) -> Result<(), Broken> {
    let same = |name: &str| meta(before, name) == meta(after, name);
    let marked = |object| !meta(object, "deletionTimestamp").is_empty();
    let number = |object: &Value| object["metadata"]["generation"].as_u64().unwrap_or(0);
    let step = number(after).checked_sub(number(before));
    let wanted = before["spec"] != after["spec"] || marked(before) != marked(after);
    // Annotations count too, but not at the status' door.
    let noted = before["metadata"]["annotations"] != after["metadata"]["annotations"];
    let counted = COUNTED.iter().any(|kind| deed.change.key.starts_with(kind));
    let right = match step {
        Some(0) => !wanted,
        Some(1) => wanted || noted,
        _ => false,
    };
    let wrong = [
        (!same("uid"), "became another object"),
        (!same("creationTimestamp"), "was born twice"),
        (marked(before) && !marked(after), "is no longer to be deleted"),
        (step.is_none(), "goes back to an earlier generation"),
        (counted && !right, "counts its generations wrongly"),
    ];
    match wrong.iter().find(|(wrong, _)| *wrong) {
        None => Ok(()),
        Some((_, what)) => Err(broken(deed.change, *what).with(line(before)).with(line(after))),
    }
}

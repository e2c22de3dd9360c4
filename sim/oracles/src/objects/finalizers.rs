//! An object goes only when somebody asked for it and nobody holds it any more, and never comes back.

use super::{ObjectPromise, Truth, line, name};
use crate::{
    Broken,
    history::{
        Object, ObjectAnswer, ObjectCall, ObjectChange, ObjectOutcome, ObjectRequest, Objects,
    },
};
use std::collections::BTreeSet;

/// An object with finalizers is never removed, an object is removed only when that was asked for, and
/// a removed identity does not come back.
#[derive(Debug, Default)]
pub struct ObjectFinalizers;

impl ObjectPromise for ObjectFinalizers {
    const NAME: &'static str = "object_finalizers";
    const PROMISE: &'static str = "When you tell Kubernetes to delete an object that has finalizers \
        specified for it, the API marks the object for deletion by populating \
        .metadata.deletionTimestamp; it is removed when metadata.finalizers is empty (concepts, \
        finalizers)";

    fn judge(objects: &Objects, truth: &Truth<'_>) -> Result<(), Broken> {
        for own in truth.by_name() {
            let mut ended = BTreeSet::new();
            for change in own {
                let Some(before) = truth.before(&change.name, change.revision) else { continue };
                match (before, &change.object) {
                    (Some(before), None) => {
                        goes(change, before, objects)?;
                        ended.insert(&*before.uid);
                    }
                    (before, Some(object)) => lives(change, before, object, &ended)?,
                    (None, None) => {}
                }
            }
        }
        Ok(())
    }
}

fn goes(change: &ObjectChange, before: &Object, objects: &Objects) -> Result<(), Broken> {
    let about = |call: &&ObjectCall| name(&call.request) == Some(&*before.name);
    let mut calls = objects.calls.iter().filter(about);
    let wanted = match before.finalizers.is_empty() {
        true => calls.any(|call| deletes(call, before)),
        false => before.deleting && calls.any(|call| gives_up(call, before, change.revision)),
    };
    if wanted {
        return Ok(());
    }
    let why = if before.finalizers.is_empty() { "unasked" } else { "with finalizers" };
    let text = format!("{} vanished at {} {why}", before.name, change.revision);
    Err(Broken::new(change.at, text).with(line(before)))
}

/// Whether this request may have removed the object as it was.
fn deletes(call: &ObjectCall, before: &Object) -> bool {
    let ObjectRequest::Delete { uid, expected, .. } = &call.request else { return false };
    !call.is_refused()
        && uid.as_ref().is_none_or(|uid| *uid == before.uid)
        && expected.is_none_or(|expected| expected == before.revision)
}

/// Whether this request took the last finalizers away at the revision.
fn gives_up(call: &ObjectCall, before: &Object, revision: u64) -> bool {
    let ObjectRequest::Update { object, expected } = &call.request else { return false };
    let did = match &call.outcome {
        ObjectOutcome::Answered { answer: ObjectAnswer::Object(answer), .. } => {
            answer.revision == revision
        }
        ObjectOutcome::Unknown { .. } => {
            expected.is_none_or(|expected| expected == before.revision)
        }
        ObjectOutcome::Answered { .. } | ObjectOutcome::Refused { .. } => false,
    };
    did && object.finalizers.is_empty()
}

fn lives(
    change: &ObjectChange,
    before: Option<&Object>,
    object: &Object,
    ended: &BTreeSet<&str>,
) -> Result<(), Broken> {
    let other = before.is_some_and(|before| before.uid != object.uid);
    let undone = before.is_some_and(|before| before.deleting && !object.deleting);
    let wrong = [
        (ended.contains(&*object.uid), "came back after its end"),
        (other, "became another object"),
        (undone, "is no longer to be deleted"),
    ];
    match wrong.iter().find(|(wrong, _)| *wrong) {
        None => Ok(()),
        Some((_, what)) => {
            let text = format!("{} {what} at {}", change.name, change.revision);
            Err(Broken::new(change.at, text).with(line(change)))
        }
    }
}

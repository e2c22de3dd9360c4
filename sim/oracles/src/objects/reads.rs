//! A read shows a state that was, and unless it may be old, the newest.

use super::{Floor, ObjectPromise, Truth, broken, line, name, said};
use crate::{
    Broken,
    history::{Object, ObjectAnswer, ObjectCall, ObjectRequest, Objects},
};

/// Every read shows a state that existed, whole and at the revision that it names; one that asks for
/// no revision shows everything that was acknowledged before it was asked.
#[derive(Debug, Default)]
pub struct ObjectReads;

impl ObjectPromise for ObjectReads {
    const NAME: &'static str = "object_reads";
    const PROMISE: &'static str = "resourceVersion unset: return data at the most recent resource \
        version; the returned data must be consistent. resourceVersion=\"0\": any (API concepts, \
        semantics for get and list)";

    fn judge(objects: &Objects, truth: &Truth<'_>) -> Result<(), Broken> {
        let floor = Floor::of(objects, truth);
        objects.calls.iter().try_for_each(|call| read(call, &floor, truth))
    }
}

fn read(call: &ObjectCall, floor: &Floor, truth: &Truth<'_>) -> Result<(), Broken> {
    let stale = match call.request {
        ObjectRequest::Get { stale, .. } | ObjectRequest::List { stale, .. } => stale,
        ObjectRequest::Create(_)
        | ObjectRequest::Update { .. }
        | ObjectRequest::Patch { .. }
        | ObjectRequest::Delete { .. } => return Ok(()),
    };
    let Some((_, answer)) = call.answered() else { return Ok(()) };
    let least = if stale { 0 } else { floor.at(call.called) };
    match answer {
        ObjectAnswer::Object(object) => one(call, object, least, truth),
        ObjectAnswer::Missing => missing(call, least, truth),
        ObjectAnswer::List { revision, objects } => list(call, *revision, objects, least, truth),
        ObjectAnswer::Gone { .. } => Err(broken(call, "a read says that it deleted".into())),
    }
}

fn one(call: &ObjectCall, object: &Object, least: u64, truth: &Truth<'_>) -> Result<(), Broken> {
    let was = truth.at(&object.name, object.revision);
    if let Some(was) = was.filter(|was| *was != Some(object)) {
        let text = format!("read {}, there was {}", said(Some(object)), said(was));
        return Err(broken(call, text));
    }
    let next = truth.next(&object.name, object.revision);
    if let Some(next) = next.filter(|next| next.revision <= least) {
        let text = format!("read {} though {} was known", said(Some(object)), next.revision);
        return Err(broken(call, text).with(line(next)));
    }
    Ok(())
}

fn missing(call: &ObjectCall, least: u64, truth: &Truth<'_>) -> Result<(), Broken> {
    let Some(name) = name(&call.request) else { return Ok(()) };
    let Some(Some(there)) = truth.at(name, least) else { return Ok(()) };
    let goes = truth.between(least, truth.known_to());
    let mut goes = goes.iter().filter(|change| change.name == name && change.object.is_none());
    if goes.next().is_some() || !truth.knows(least, truth.known_to()) {
        return Ok(());
    }
    Err(broken(call, format!("found nothing where {} is", said(Some(there)))))
}

fn list(
    call: &ObjectCall,
    revision: u64,
    objects: &[Object],
    least: u64,
    truth: &Truth<'_>,
) -> Result<(), Broken> {
    if revision < least {
        return Err(broken(call, format!("a list of {revision} though {least} was known")));
    }
    let Some(all) = truth.all_at(revision) else { return Ok(()) };
    if objects.iter().eq(all.iter().copied()) {
        return Ok(());
    }
    let lacks = all.iter().find(|object| !objects.contains(object));
    let more = objects.iter().find(|object| !all.contains(object));
    let text =
        format!("a list of {revision} lacks {} and has {}", said(lacks.copied()), said(more));
    Err(broken(call, text))
}

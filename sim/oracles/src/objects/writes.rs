//! No write is lost, doubled, or made of a state that it did not mean.

use super::{ObjectPromise, Truth, broken, line, said};
use crate::{
    Broken,
    history::{Object, ObjectAnswer, ObjectCall, ObjectChange, ObjectRequest, Objects},
};
use std::collections::{BTreeMap, BTreeSet};

/// What is stored is what somebody asked for, on the state that it was asked for; what was refused
/// is not stored, and what was acknowledged is.
#[derive(Debug, Default)]
pub struct ObjectWrites;

type Authors<'a> = BTreeMap<&'a str, &'a ObjectCall>;

impl ObjectPromise for ObjectWrites {
    const NAME: &'static str = "object_writes";
    const PROMISE: &'static str = "Kubernetes leverages the concept of resource versions to achieve \
        optimistic concurrency: an update of an object whose resourceVersion is no longer the \
        current one is rejected with a conflict (API conventions, concurrency control)";

    fn judge(objects: &Objects, truth: &Truth<'_>) -> Result<(), Broken> {
        let writes = objects.calls.iter().filter_map(|call| Some((call.request.token()?, call)));
        let authors: Authors<'_> = writes.collect();
        for own in truth.by_name() {
            let mut tokens = BTreeSet::new();
            for change in own {
                if let Some(object) = &change.object {
                    stored(change, object, &authors, &mut tokens, truth)?;
                }
            }
        }
        objects.calls.iter().try_for_each(|call| acknowledged(call, truth))
    }
}

/// A state that is stored has an author who asked for it.
fn stored<'a>(
    change: &ObjectChange,
    object: &'a Object,
    authors: &Authors<'_>,
    tokens: &mut BTreeSet<&'a str>,
    truth: &Truth<'_>,
) -> Result<(), Broken> {
    let before = truth.before(&change.name, change.revision);
    let is_new = tokens.insert(&object.token);
    if let Some(Some(before)) = before
        && before.token == object.token
    {
        let same =
            Object { revision: object.revision, deleting: object.deleting, ..before.clone() };
        return if same == *object { Ok(()) } else { Err(wrong(change, "changed by nobody")) };
    }
    if before.is_none() {
        return Ok(());
    }
    let Some(author) = authors.get(&*object.token) else {
        return Err(wrong(change, "written by nobody"));
    };
    let blame = |what| Err(wrong(change, what).with(line(author)));
    if author.is_refused() {
        return blame("stored although it was refused");
    }
    if !is_new {
        return blame("written once more, over what came after it");
    }
    match is_as_asked(&author.request, before.flatten(), object) {
        Ok(()) => Ok(()),
        Err(what) => Err(wrong(change, what).with(line(author)).with(said(before.flatten()))),
    }
}

/// Whether the request makes this object of the one before.
fn is_as_asked(
    request: &ObjectRequest,
    before: Option<&Object>,
    object: &Object,
) -> Result<(), &'static str> {
    let revision = before.map(|before| before.revision);
    match request {
        ObjectRequest::Create(_) if before.is_some() => Err("created over another"),
        ObjectRequest::Update { expected: Some(_), .. }
        | ObjectRequest::Patch { expected: Some(_), .. }
            if request_expects(request) != revision =>
        {
            Err("written on another state than it named")
        }
        ObjectRequest::Update { .. } | ObjectRequest::Patch { .. } if before.is_none() => {
            Err("changed though it was not there")
        }
        ObjectRequest::Create(wanted) | ObjectRequest::Update { object: wanted, .. } => {
            let same = wanted.counters == object.counters
                && wanted.finalizers == object.finalizers
                && wanted.side == object.side;
            if same { Ok(()) } else { Err("not what was asked for") }
        }
        ObjectRequest::Patch { counter: (name, count), .. } => {
            let mut merged = before.cloned().unwrap_or_default();
            merged.counters.insert(name.clone(), *count);
            let same = merged.counters == object.counters
                && merged.finalizers == object.finalizers
                && merged.side == object.side;
            if same { Ok(()) } else { Err("patched from another state than the one before") }
        }
        ObjectRequest::Delete { .. } | ObjectRequest::Get { .. } | ObjectRequest::List { .. } => {
            Err("written by a request that writes nothing")
        }
    }
}

fn request_expects(request: &ObjectRequest) -> Option<u64> {
    match request {
        ObjectRequest::Update { expected, .. }
        | ObjectRequest::Patch { expected, .. }
        | ObjectRequest::Delete { expected, .. } => *expected,
        ObjectRequest::Create(_) | ObjectRequest::Get { .. } | ObjectRequest::List { .. } => None,
    }
}

/// What was acknowledged is in the log, as it was answered.
fn acknowledged(call: &ObjectCall, truth: &Truth<'_>) -> Result<(), Broken> {
    let Some((_, ObjectAnswer::Object(object))) = call.answered() else { return Ok(()) };
    if let Some(token) = call.request.token()
        && object.token != token
    {
        return Err(broken(call, "the answer to a write is another object".into()));
    }
    let is_read = matches!(call.request, ObjectRequest::Get { .. });
    if is_read || !truth.knows(object.revision.saturating_sub(1), object.revision) {
        return Ok(());
    }
    let Some(change) = truth.change_at(object.revision) else {
        return Err(broken(call, "an acknowledged write is not in the log".into()));
    };
    let good = match &change.object {
        Some(stored) => stored == object,
        // It gave up the last finalizer.
        None => change.name == object.name && object.finalizers.is_empty(),
    };
    if good {
        return Ok(());
    }
    let text =
        format!("acknowledged {}, stored {}", said(Some(object)), said(change.object.as_ref()));
    Err(broken(call, text).with(line(change)))
}

fn wrong(change: &ObjectChange, what: &str) -> Broken {
    let text = format!("{} of {} is {what}", change.name, change.revision);
    Broken::new(change.at, text).with(line(change))
}

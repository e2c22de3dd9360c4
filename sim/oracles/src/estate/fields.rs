//! Who applied a field keeps it until somebody takes it openly.

use super::{
    Deeds, EstatePromise, broken,
    deeds::{Deed, author_of, by_token},
    items, line,
};
use crate::{
    Broken,
    history::{EstateCall, History},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A write changes no more fields and owners than it says: an apply sets what it lists, takes away
/// what it alone owned and lists no more, and takes from others only by force; any other write owns
/// what it changed.
///
/// Judged of the members of shared `ConfigMap`s' `data`.
#[derive(Debug, Default)]
pub struct FieldsOwned;

/// What the keys of the shared objects begin with; their namespace follows.
const SHARED: &str = "configmaps/";
const NAME: &str = "/shared-";

impl EstatePromise for FieldsOwned {
    const NAME: &'static str = "fields_owned";
    const PROMISE: &'static str = "Server-Side Apply tracks ownership: a field that a manager no \
        longer applies is removed only if nobody else owns it; changing a field that another manager \
        owns is a conflict unless forced, and then it loses it (server-side apply)";

    fn judge(history: &History, deeds: &Deeds<'_>) -> Result<(), Broken> {
        let authors = by_token(&history.estate.calls);
        let shared = |key: &str| key.starts_with(SHARED) && key.contains(NAME);
        for deed in deeds.all().filter(|deed| shared(&deed.change.key)) {
            let Some(after) = deed.after() else { continue };
            let Some(author) = author_of(deed, &authors) else { continue };
            let before = deed.before.unwrap_or(&Value::Null);
            if let Err(what) = follows(before, after, author) {
                return Err(fail(deed, &what, author));
            }
        }
        Ok(())
    }
}

fn fail(deed: &Deed<'_>, what: &str, author: &EstateCall) -> Broken {
    let managed = |object: &Value| object["metadata"]["managedFields"].to_string();
    let state = |object: Option<&Value>| {
        object.map(|object| format!("{} {}", object["data"], managed(object))).unwrap_or_default()
    };
    broken(deed.change, what).with(line(author)).with(state(deed.before)).with(state(deed.after()))
}

/// Manager and operation.
type Owner = (String, String);
type Owners<'a> = BTreeMap<Owner, BTreeSet<&'a str>>;
type Data<'a> = BTreeMap<&'a str, &'a Value>;

fn data(object: &Value) -> Data<'_> {
    let members = object["data"].as_object().into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value)).collect()
}

/// Who owns which members of `data`; who owns none is left out.
fn owners(object: &Value) -> Owners<'_> {
    let entries = items(&object["metadata"]["managedFields"]).map(|entry| {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let fields = entry["fieldsV1"]["f:data"].as_object().into_iter().flatten();
        let fields = fields.filter_map(|(name, _)| name.strip_prefix("f:")).collect();
        ((text("manager"), text("operation")), fields)
    });
    entries.filter(|(_, fields): &(Owner, BTreeSet<&str>)| !fields.is_empty()).collect()
}

/// Whether the state and its owners are what the request makes of those before.
fn follows(before: &Value, after: &Value, author: &EstateCall) -> Result<(), String> {
    let (had, has) = (data(before), data(after));
    let (owned, owns) = (owners(before), owners(after));
    let changed: BTreeSet<&str> = had
        .keys()
        .chain(has.keys())
        .filter(|name| had.get(*name) != has.get(*name))
        .copied()
        .collect();
    let applies = author.media.contains("apply-patch");
    let operation = if applies { "Apply" } else { "Update" };
    let me = (query(&author.path, "fieldManager").to_owned(), operation.to_owned());
    let others = |owner: &&Owner| **owner != me;
    for owner in owned.keys().chain(owns.keys()).filter(others) {
        let (kept, keeps) = (of(&owned, owner), of(&owns, owner));
        let due: BTreeSet<&str> = kept.difference(&changed).copied().collect();
        if keeps != due {
            return Err(format!("{owner:?} owned {kept:?}, and owns {keeps:?}"));
        }
    }
    let mine = (of(&owned, &me), of(&owns, &me));
    match applies {
        true => applied(author, (&had, &has), mine, &owned, &me),
        false => {
            let stays: BTreeSet<&str> =
                mine.0.union(&changed).filter(|name| has.contains_key(*name)).copied().collect();
            match mine.1 == stays {
                true => Ok(()),
                false => Err(format!("{me:?} should own {stays:?}, and owns {:?}", mine.1)),
            }
        }
    }
}

fn applied(
    author: &EstateCall,
    (had, has): (&Data<'_>, &Data<'_>),
    (owned, owns): (BTreeSet<&str>, BTreeSet<&str>),
    all: &Owners<'_>,
    me: &Owner,
) -> Result<(), String> {
    let listed = data(&author.body);
    let names: BTreeSet<&str> = listed.keys().copied().collect();
    if owns != names {
        return Err(format!("{me:?} applied {names:?}, and owns {owns:?}"));
    }
    let also = |name: &str| all.iter().any(|(owner, set)| owner != me && set.contains(name));
    let mut due = had.clone();
    due.retain(|name, _| names.contains(name) || !owned.contains(name) || also(name));
    due.extend(listed.iter().map(|(name, value)| (*name, *value)));
    if due != *has {
        return Err(format!("the state should be {due:?}, and is {has:?}"));
    }
    let forced = query(&author.path, "force") == "true";
    let taken = |name: &&&str| also(name) && had.get(**name) != listed.get(**name);
    match names.iter().find(|name| !forced && taken(name)) {
        Some(name) => Err(format!("{name} was taken from its owner without force")),
        None => Ok(()),
    }
}

fn of<'a>(owners: &Owners<'a>, owner: &Owner) -> BTreeSet<&'a str> {
    owners.get(owner).cloned().unwrap_or_default()
}

fn query<'a>(path: &'a str, name: &str) -> &'a str {
    let pairs = path.split_once('?').map_or("", |(_, query)| query).split('&');
    let mut found = pairs.filter_map(|pair| pair.split_once('='));
    found.find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}

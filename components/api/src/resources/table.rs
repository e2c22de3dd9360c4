//! The text that the built-in resources are kept in.
//!
//! ```text
//! resource - v1 Pod pods namespaced pod short=po in=all
//!  sub status
//!  sub eviction policy/v1/Eviction create
//!  columns Name=name | Ready | Status | Restarts | Age | IP*
//! ```
//!
//! A resource tells group (`-` for core), version, kind, plural, scope and singular; then, where they
//! are not what is usual, `verbs=`, `short=`, `in=` (categories), `path=` (below `/registry/`) and
//! `stored=` (the group and version that etcd holds). A subresource has its resource's kind and can be
//! got, patched and updated unless it says otherwise. A column is text unless `=` says otherwise; `*`
//! marks those of wide tables.

use super::{Column, Resource, Subresource};
use crate::{schema::GroupVersionKind, table::TableError};

const ALL: &str = "create,delete,deletecollection,get,list,patch,update,watch";

/// Reads a table.
///
/// # Errors
/// A line of another form.
pub fn parse(text: &str) -> Result<Vec<Resource>, TableError> {
    let mut resources: Vec<Resource> = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let wrong = |reason: &str| TableError { line: place + 1, reason: reason.into() };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(rest) = line.strip_prefix("resource ") {
            resources.push(resource(rest).ok_or_else(|| wrong("no resource"))?);
            continue;
        }
        let current = resources.last_mut().ok_or_else(|| wrong("no resource yet"))?;
        if let Some(rest) = line.strip_prefix(" sub ") {
            let one = subresource(rest, &current.kind).ok_or_else(|| wrong("no subresource"))?;
            current.subresources.push(one);
        } else if let Some(rest) = line.strip_prefix(" columns ") {
            current.columns = rest.split(" | ").map(column).collect();
        } else {
            return Err(wrong("neither resource, sub nor columns"));
        }
    }
    Ok(resources)
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

fn resource(line: &str) -> Option<Resource> {
    let mut words = line.split(' ');
    let group = words.next().map(|group| if group == "-" { "" } else { group })?;
    let (version, kind, plural) = (words.next()?, words.next()?, words.next()?);
    let namespaced = words.next()? == "namespaced";
    let kind = GroupVersionKind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
    };
    let mut found = Resource {
        stored: kind.clone(),
        kind,
        plural: plural.to_owned(),
        singular: words.next()?.to_owned(),
        namespaced,
        verbs: list(ALL),
        short_names: Vec::new(),
        categories: Vec::new(),
        subresources: Vec::new(),
        columns: Vec::new(),
        path: plural.to_owned(),
        custom: None,
    };
    words.all(|word| unusual(&mut found, word).is_some()).then_some(found)
}

/// A word about what is not as usual.
fn unusual(resource: &mut Resource, word: &str) -> Option<()> {
    let (word, value) = word.split_once('=')?;
    match word {
        "verbs" => resource.verbs = list(value),
        "short" => resource.short_names = list(value),
        "in" => resource.categories = list(value),
        "path" => value.clone_into(&mut resource.path),
        "stored" => {
            let (group, version) = value.split_once('/').unwrap_or(("", value));
            group.clone_into(&mut resource.stored.group);
            version.clone_into(&mut resource.stored.version);
        }
        _ => return None,
    }
    Some(())
}

fn subresource(line: &str, own: &GroupVersionKind) -> Option<Subresource> {
    let mut words = line.split(' ');
    let name = words.next()?.to_owned();
    let mut kind = words.next().unwrap_or(&own.kind).split('/').rev();
    let kind = GroupVersionKind {
        kind: kind.next()?.to_owned(),
        version: kind.next().unwrap_or_default().to_owned(),
        group: kind.next().unwrap_or_default().to_owned(),
    };
    Some(Subresource { name, kind, verbs: list(words.next().unwrap_or("get,patch,update")) })
}

fn column(text: &str) -> Column {
    let (text, priority) = text.strip_suffix('*').map_or((text, 0), |rest| (rest, 1));
    let (name, said) = text.split_once('=').unwrap_or((text, "string"));
    let (kind, format) = if said == "name" { ("string", "name") } else { (said, "") };
    Column { name: name.into(), kind: kind.into(), format: format.into(), priority }
}

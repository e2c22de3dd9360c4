//! What is stored is somebody's doing who was not refused and did not merely try.

use super::{
    Deeds, EstatePromise, broken,
    deeds::{Deed, by_token, key_of},
    line, meta, path,
};
use crate::{
    Broken,
    history::{EstateCall, History},
};
use std::collections::{BTreeMap, BTreeSet};

/// A refused request and a dry run leave nothing behind, no request has its effect twice or on
/// another object than it names, and what was acknowledged is stored.
#[derive(Debug, Default)]
pub struct EstateWrites;

impl EstatePromise for EstateWrites {
    const NAME: &'static str = "estate_writes";
    const PROMISE: &'static str = "When you submit a request in dry-run mode, the final object that \
        would be stored is returned, but nothing is persisted (API concepts, dry-run)";

    fn judge(history: &History, deeds: &Deeds<'_>) -> Result<(), Broken> {
        let calls = &history.estate.calls;
        let authors = by_token(calls);
        let mut seen = BTreeSet::new();
        for deed in deeds.all() {
            for (_, token) in deed.new_tokens() {
                written(deed, token, &authors, seen.insert(token))?;
            }
            if ends(deed) && has_author(deed) {
                ended(deed, calls)?;
            }
        }
        calls.iter().try_for_each(|call| acknowledged(call, deeds))
    }
}

fn written(
    deed: &Deed<'_>,
    token: &str,
    authors: &BTreeMap<&str, &EstateCall>,
    is_new: bool,
) -> Result<(), Broken> {
    let Some(author) = authors.get(token) else {
        return Err(broken(deed.change, format!("{token} is nobody's")));
    };
    // Tokens of others that an update brings back were seen before: it was made of an older state.
    if !is_new {
        return Ok(());
    }
    let about = key_of(path(author));
    let elsewhere = about.is_some_and(|key| key != deed.change.key);
    let wrong = [
        (author.is_refused(), "stored although it was refused"),
        (author.dry_run, "stored by a dry run"),
        (elsewhere, "written by a request about another object"),
    ];
    match wrong.iter().find(|(wrong, _)| *wrong) {
        None => Ok(()),
        Some((_, what)) => Err(broken(deed.change, *what).with(line(author))),
    }
}

/// It goes, or is marked to go.
fn ends(deed: &Deed<'_>) -> bool {
    let Some(before) = deed.before else { return false };
    let marked = deed.after().is_none_or(|after| !meta(after, "deletionTimestamp").is_empty());
    marked && meta(before, "deletionTimestamp").is_empty()
}

/// Somebody's object, and not one that servers keep for themselves.
fn has_author(deed: &Deed<'_>) -> bool {
    deed.before.is_some_and(|before| super::tokens(before).next().is_some())
}

fn ended(deed: &Deed<'_>, calls: &[EstateCall]) -> Result<(), Broken> {
    let Some((collection, _)) = deed.change.key.rsplit_once('/') else { return Ok(()) };
    let wanted = |call: &EstateCall| {
        let about = key_of(path(call));
        let all = key_of(&format!("{}/x", path(call)));
        let whole = all.is_some_and(|key| key.rsplit_once('/').map(|it| it.0) == Some(collection));
        call.method == "DELETE"
            && !call.dry_run
            && !call.is_refused()
            && match about {
                Some(key) => key == deed.change.key,
                None => whole,
            }
    };
    match calls.iter().any(wanted) {
        true => Ok(()),
        false => Err(broken(deed.change, "deleted though nobody asked").with(line(deed.change))),
    }
}

/// What was acknowledged is in the log.
fn acknowledged(call: &EstateCall, deeds: &Deeds<'_>) -> Result<(), Broken> {
    if !call.is_done() || call.dry_run || call.token.is_empty() || call.path.contains("/scale") {
        return Ok(());
    }
    let revision: u64 = meta(&call.answer, "resourceVersion").parse().unwrap_or(0);
    let named = match call.method.as_str() {
        "POST" => key_of(&format!("{}/{}", path(call), meta(&call.answer, "name"))),
        _ => key_of(path(call)),
    };
    let Some(key) = named.filter(|_| revision > 0) else { return Ok(()) };
    if !deeds.knows(revision - 1, revision) {
        return Ok(());
    }
    let lost = |why: &str| {
        let text = format!("{key} at {revision}: acknowledged, and {why}");
        Err(Broken::new(call.returned, text).with(line(call)))
    };
    let Some(deed) = deeds.at(revision, &key) else {
        return lost("not in the log");
    };
    let Some(stored) = deed.after() else { return Ok(()) };
    let members = ["spec", "status", "data"];
    let same = members.iter().all(|member| stored.get(member) == call.answer.get(member));
    if same && meta(stored, "uid") == meta(&call.answer, "uid") {
        Ok(())
    } else {
        lost("otherwise")
    }
}

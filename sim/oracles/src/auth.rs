//! While authentication is on, who may not do a thing does not do it.

use crate::{
    Broken, Kind, Observation, Oracle,
    history::{
        AuthChange, Delete, History, Operation, Outcome, Put, Range, Request, Revision, Time, Txn,
        Watch,
    },
    kv::is_linearizable,
};

/// No request of a user succeeds for which its roles gave it no permission at any moment of the
/// request.
///
/// A change that may have happened counts in the user's favour, and one without an answer may
/// happen at any later time. A read that one member answers by itself, or a watch, may rest on what
/// was permitted before, and is judged when its revision shows that the member knows of the switch.
#[derive(Debug, Default)]
pub struct AuthPermits;

impl Oracle for AuthPermits {
    const NAME: &'static str = "auth_permits";
    const KIND: Kind = Kind::History;
    const PROMISE: &'static str = "With authentication on, a user reads, writes and watches only \
        the keys and ranges that its roles permit; a changed password ends what was begun with \
        the old one";
    const FACTS: Option<&'static [&'static str]> = Some(&[]);

    fn observe(&mut self, observation: &Observation<'_>) -> Result<(), Broken> {
        let Observation::History(record) = observation else { return Ok(()) };
        let rights = Rights::of(record.history);
        if rights.on.is_empty() {
            return Ok(());
        }
        record.history.operations.iter().try_for_each(|operation| rights.judge(operation))?;
        record.history.watches.iter().try_for_each(|watch| rights.judge_watch(watch))
    }
}

/// Something that was perhaps so from one moment to another.
struct Span<T> {
    what: T,
    from: Time,
    to: Time,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// From a key up to, not including, another; without an end it has none.
type Keys = (String, Option<String>);

struct Permission<'h> {
    role: &'h str,
    keys: Keys,
    read: bool,
    write: bool,
}

/// What everybody could do when.
struct Rights<'h> {
    /// When authentication was surely on.
    on: Vec<On>,
    /// User and role.
    holders: Vec<Span<(&'h str, &'h str)>>,
    permissions: Vec<Span<Permission<'h>>>,
}

/// A time in which authentication was surely on.
struct On {
    from: Time,
    to: Time,
    /// A revision that is later: who has reached it knows of the switch.
    reached: Revision,
}

/// A change of users and roles that was not refused, and its answer's time if there was one.
struct Changed<'h> {
    change: &'h AuthChange,
    called: Time,
    returned: Option<Time>,
}

impl<'h> Rights<'h> {
    fn of(history: &'h History) -> Self {
        let changes: Vec<_> = history.operations.iter().filter_map(changed).collect();
        let (mut holders, mut permissions) = (Vec::new(), Vec::new());
        for grant in &changes {
            let from = grant.called;
            let to = |ends: &dyn Fn(&AuthChange) -> bool| end_of(grant, &changes, ends);
            match grant.change {
                AuthChange::UserGrantRole { user, role } => {
                    let to = to(&|end| takes_role(end, user, role));
                    holders.push(Span { what: (user.as_str(), role.as_str()), from, to });
                }
                AuthChange::RoleGrant { role, key, range_end, read, write } => {
                    let to = to(&|end| takes_permission(end, role, key, range_end));
                    let (keys, read, write) = (keys(key, range_end), *read, *write);
                    let what = Permission { role, keys, read, write };
                    permissions.push(Span { what, from, to });
                }
                _ => {}
            }
        }
        let mut on = surely_on(&changes);
        on.iter_mut().for_each(|on| on.reached = first_after(history, on.from));
        Self { on, holders, permissions }
    }

    fn judge(&self, operation: &Operation) -> Result<(), Broken> {
        let Outcome::Answered { returned, revision, .. } = operation.outcome else {
            return Ok(());
        };
        let Operation { user, called, request, .. } = operation;
        // What one member answers by itself may be as old as that member's knowledge.
        let local = !is_linearizable(request);
        let known = if local { revision } else { Revision::MAX };
        if !self.is_bound(user, (*called, returned), known) {
            return Ok(());
        }
        let since = if local { 0 } else { *called };
        let mut asked = Vec::new();
        accesses(request, &mut asked);
        match asked.iter().find(|(access, keys)| !self.may(user, *access, keys, since, returned)) {
            Some((access, keys)) => {
                let line = serde_json::to_string(operation).unwrap_or_default();
                Err(self.broken(user, *access, keys, returned).with(line))
            }
            None => Ok(()),
        }
    }

    fn judge_watch(&self, watch: &Watch) -> Result<(), Broken> {
        let created = watch.responses.iter().find(|response| response.created);
        let Some(created) = created.filter(|response| !response.canceled) else { return Ok(()) };
        let (user, wanted) = (&watch.user, keys(&watch.request.key, &watch.request.range_end));
        if !self.is_bound(user, (watch.called, created.at), created.revision)
            || self.may(user, Access::Read, &wanted, 0, created.at)
        {
            return Ok(());
        }
        let line = serde_json::to_string(&watch.request).unwrap_or_default();
        Err(self.broken(user, Access::Read, &wanted, created.at).with(line))
    }

    /// True when the user is known, may not do everything, and authentication was on all the time,
    /// also where no more than this revision is known.
    fn is_bound(&self, user: &str, (from, to): (Time, Time), known: Revision) -> bool {
        let in_force = |on: &On| on.from < from && to < on.to && on.reached <= known;
        let on = || self.on.iter().any(in_force);
        !user.is_empty() && user != "root" && on()
    }

    /// True when permissions that were perhaps there in this time cover all keys together.
    fn may(&self, user: &str, access: Access, keys: &Keys, since: Time, until: Time) -> bool {
        let then = |from: Time, to: Time| from < until && to > since;
        let holders = self.holders.iter().filter(|span| then(span.from, span.to));
        let roles: Vec<&str> =
            holders.filter(|span| span.what.0 == user).map(|span| span.what.1).collect();
        let permissions = self.permissions.iter().filter(|span| then(span.from, span.to));
        let mut held: Vec<&Keys> = permissions
            .filter(|span| roles.contains(&span.what.role))
            .filter(|span| if access == Access::Read { span.what.read } else { span.what.write })
            .map(|span| &span.what.keys)
            .collect();
        held.sort();
        covered(keys, &held)
    }

    fn broken(&self, user: &str, access: Access, keys: &Keys, at: Time) -> Broken {
        let what = if access == Access::Read { "read" } else { "wrote" };
        Broken::new(at, format!("{user} {what} {keys:?} without permission"))
    }
}

fn changed(operation: &Operation) -> Option<Changed<'_>> {
    let Request::Auth(change) = &operation.request else { return None };
    let returned = match operation.outcome {
        Outcome::Answered { returned, .. } => Some(returned),
        Outcome::Unknown { .. } => None,
        Outcome::Refused { .. } => return None,
    };
    Some(Changed { change, called: operation.called, returned })
}

/// When what was granted was surely taken away; never, if the grant may still be under way.
fn end_of(grant: &Changed<'_>, all: &[Changed<'_>], ends: &dyn Fn(&AuthChange) -> bool) -> Time {
    let Some(granted) = grant.returned else { return Time::MAX };
    let later = all.iter().filter(|end| end.called > granted && ends(end.change));
    later.filter_map(|end| end.returned).min().unwrap_or(Time::MAX)
}

fn takes_role(end: &AuthChange, of: &str, taken: &str) -> bool {
    match end {
        AuthChange::UserRevokeRole { user, role } => user == of && role == taken,
        AuthChange::UserDelete { user } | AuthChange::UserChangePassword { user } => user == of,
        AuthChange::RoleDelete { role } => role == taken,
        _ => false,
    }
}

fn takes_permission(end: &AuthChange, of: &str, first: &str, last: &str) -> bool {
    match end {
        AuthChange::RoleRevoke { role, key, range_end } => {
            role == of && key == first && range_end == last
        }
        AuthChange::RoleDelete { role } => role == of,
        _ => false,
    }
}

/// From the answer to a switch on until anybody asks for a switch off. One of those without an
/// answer may come at any time.
fn surely_on(changes: &[Changed<'_>]) -> Vec<On> {
    let switched_off = || changes.iter().filter(|it| *it.change == AuthChange::Disable);
    let switched_on = changes.iter().filter(|it| *it.change == AuthChange::Enable);
    let on = switched_on.filter_map(|on| {
        let from = on.returned?;
        let not_before =
            switched_off().filter(|off| off.returned.is_none_or(|over| over >= on.called));
        let to = not_before.map(|off| off.called).min().unwrap_or(Time::MAX);
        (to > from).then_some(On { from, to, reached: Revision::MAX })
    });
    on.collect()
}

/// The revision of the first write that was asked for after a moment.
fn first_after(history: &History, at: Time) -> Revision {
    let written = |operation: &Operation| match (&operation.request, &operation.outcome) {
        (Request::Put(_), Outcome::Answered { revision, .. }) if operation.called > at => {
            Some(*revision)
        }
        _ => None,
    };
    history.operations.iter().filter_map(written).min().unwrap_or(Revision::MAX)
}

/// All that a request reads and writes; of a transaction that is both of its branches.
fn accesses(request: &Request, all: &mut Vec<(Access, Keys)>) {
    match request {
        Request::Range(Range { key, range_end, .. }) => {
            all.push((Access::Read, keys(key, range_end)));
        }
        Request::Put(Put { key, prev_kv, .. }) => {
            all.push((Access::Write, keys(key, "")));
            if *prev_kv {
                all.push((Access::Read, keys(key, "")));
            }
        }
        Request::Delete(Delete { key, range_end, prev_kv }) => {
            all.push((Access::Write, keys(key, range_end)));
            if *prev_kv {
                all.push((Access::Read, keys(key, range_end)));
            }
        }
        Request::Txn(Txn { compares, success, failure }) => {
            let read = compares.iter().map(|it| (Access::Read, keys(&it.key, &it.range_end)));
            all.extend(read);
            success.iter().chain(failure).for_each(|inner| match inner {
                // Upstream asks for no permission to read what a put within a transaction replaces.
                Request::Put(put) => all.push((Access::Write, keys(&put.key, ""))),
                other => accesses(other, all),
            });
        }
        _ => {}
    }
}

fn keys(key: &str, range_end: &str) -> Keys {
    let end = match range_end {
        "" => Some(format!("{key}\0")),
        "\0" => None,
        end => Some(end.to_owned()),
    };
    (key.to_owned(), end)
}

/// True when these ranges, sorted by their first keys, leave no key out.
fn covered((first, end): &Keys, held: &[&Keys]) -> bool {
    let mut reached = first;
    if end.as_ref().is_some_and(|end| end <= first) {
        return true;
    }
    for (start, last) in held {
        if start > reached {
            return false;
        }
        match last {
            None => return true,
            Some(last) => reached = reached.max(last),
        }
        if end.as_ref().is_some_and(|end| end <= reached) {
            return true;
        }
    }
    false
}

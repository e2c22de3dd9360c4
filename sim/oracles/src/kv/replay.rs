//! Runs the reference store through the revisions and compares every answer on the way.
//!
//! A revision that no answer claims was made by a request with an unknown outcome or by the end of
//! a lease. What watches and reads showed of it mostly leaves one candidate; where it leaves more,
//! they are tried in turn.

mod attempts;

pub(crate) use attempts::{explains_watches, replay};

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Broken,
    history::{Event, Outcome, Refusal, Request, Response, Revision, in_range},
    kv::{Author, Change, broken, end_of, evidence::Evidence, plan::Plan, sightings::Sightings},
    model::Store,
};

/// An answer that does not fit.
struct Failure {
    broken: Broken,
    /// The keys that would have to be otherwise; None: any.
    keys: Option<Vec<String>>,
}

type Step = Result<(), Failure>;

struct Replay<'p, 'a> {
    plan: &'p Plan<'a>,
    /// What watches showed, where they have a say.
    sightings: Option<&'p Sightings<'a>>,
    store: Store,
    log: Vec<Change>,
    /// Requests with an unknown outcome that had their effect.
    used: BTreeSet<usize>,
    /// For each put without an answer: who asked for it.
    puts: BTreeMap<(&'a str, &'a str), Vec<usize>>,
    /// Requests without an answer whose puts keep a value that another one wrote.
    keepers: Vec<usize>,
    choices: Vec<Choice>,
    undecided: Option<String>,
}

/// A revision with several candidates, and the state before it.
struct Choice {
    store: Store,
    used: BTreeSet<usize>,
    left: Vec<Author>,
    /// What all its candidates ask for.
    requests: Vec<Request>,
    /// One of them is a recipe that may have done anything.
    open: bool,
    /// It matters to the keys which of them it was.
    matters: bool,
}

impl<'p, 'a> Replay<'p, 'a> {
    fn new(plan: &'p Plan<'a>, sightings: Option<&'p Sightings<'a>>) -> Self {
        let mut puts = BTreeMap::<_, Vec<usize>>::new();
        let mut keepers = Vec::new();
        for &index in &plan.unknown {
            let request = &plan.operation(index).request;
            if keeps_value(request) {
                keepers.push(index);
            }
            each_put(request, &mut |key, value| {
                puts.entry((key, value)).or_default().push(index);
            });
        }
        Self {
            plan,
            sightings,
            store: Store::default(),
            log: Vec::new(),
            used: BTreeSet::new(),
            puts,
            keepers,
            choices: Vec::new(),
            undecided: None,
        }
    }

    fn advance(&mut self) -> Step {
        if self.log.is_empty() {
            self.views(1)?;
        }
        while self.store.revision < self.plan.last && self.undecided.is_none() {
            let revision = self.store.revision + 1;
            let author = match self.plan.writers.get(&revision) {
                Some(&index) => Author::Operation(index),
                None => self.choose(revision)?,
            };
            self.go_on(revision, author)?;
        }
        Ok(())
    }

    fn go_on(&mut self, revision: Revision, author: Author) -> Step {
        if self.is_unseen_recipe(revision, author) {
            self.undecided = Some(format!("revision {revision} may be a recipe's"));
            return Ok(());
        }
        self.apply(revision, author)?;
        self.views(revision)
    }

    /// Back to the last choice that has to do with the keys and has another candidate, and one
    /// step on with that. None: there is no such choice.
    fn take_back(&mut self, keys: Option<&[String]>) -> Option<Step> {
        while let Some(mut choice) = self.choices.pop() {
            let touches = |key: &String| choice.requests.iter().any(|r| concerns(r, key));
            let concerned = choice.open || keys.is_none_or(|keys| keys.iter().any(touches));
            let Some(author) = choice.left.pop().filter(|_| concerned) else { continue };
            self.store = choice.store.clone();
            self.used = choice.used.clone();
            let revision = self.store.revision + 1;
            self.log.truncate(self.log.partition_point(|change| change.revision < revision));
            self.choices.push(choice);
            return Some(self.go_on(revision, author));
        }
        None
    }

    fn apply(&mut self, revision: Revision, author: Author) -> Step {
        let request = self.request_of(revision, author);
        let outcome = self.store.execute(&request);
        if let Author::Operation(index) = author {
            self.check_writer(revision, index, &outcome)?;
            self.used.insert(index);
        }
        let events = outcome.map(|(_, events)| events).unwrap_or_default();
        self.check_watches(revision, &events)?;
        self.log.push(Change { revision, events, author });
        Ok(())
    }

    fn check_watches(&self, revision: Revision, events: &[Event]) -> Step {
        let contradicted = self.sightings.and_then(|it| it.contradicted(revision, events));
        let Some((request, keys)) = contradicted else { return Ok(()) };
        let text = format!("revision {revision} is not what {request:?} showed of it");
        Err(Failure { broken: Broken::new(self.plan.seen(revision), text), keys: Some(keys) })
    }

    fn check_writer(
        &mut self,
        revision: Revision,
        index: usize,
        outcome: &Result<(Response, Vec<Event>), Refusal>,
    ) -> Step {
        let operation = self.plan.operation(index);
        let fail = |text: String| {
            let keys = self.keys_of(&operation.request);
            Err(Failure { broken: broken(end_of(operation), text, [operation]), keys })
        };
        if operation.called > self.plan.seen(revision) {
            let text = format!("revision {revision} was seen before its write was asked for");
            return Err(Failure {
                broken: broken(end_of(operation), text, [operation]),
                keys: Some(vec![]),
            });
        }
        let (wanted, events) = match outcome {
            Ok((response, events)) => (response, events),
            Err(refusal) => {
                return fail(format!("revision {revision} must have been refused: {refusal:?}"));
            }
        };
        match &operation.outcome {
            Outcome::Answered { response, .. } if !agrees(wanted, response) => {
                fail(format!("revision {revision} must have been answered {wanted:?}"))
            }
            Outcome::Answered { .. } if events.is_empty() => {
                fail(format!("revision {revision} was claimed by a request that changes nothing"))
            }
            Outcome::Answered { .. } | Outcome::Unknown { .. } | Outcome::Refused { .. } => Ok(()),
        }
    }

    /// Compares all answers that saw the store as it is now.
    fn views(&mut self, revision: Revision) -> Step {
        let views = &self.plan.views;
        let start = views.partition_point(|&(at, _)| at < revision);
        let views = views[start..].iter().take_while(|&&(at, _)| at == revision);
        for &(_, index) in views {
            self.view(index)?;
        }
        Ok(())
    }

    fn view(&mut self, index: usize) -> Step {
        if self.log.last().is_some_and(|change| change.author == Author::Operation(index)) {
            return Ok(());
        }
        let operation = self.plan.operation(index);
        let Outcome::Answered { response, .. } = &operation.outcome else { return Ok(()) };
        let revision = self.store.revision;
        let fail = |wanted: String, keys: Option<Vec<String>>| {
            let text = format!("at revision {revision} the answer must be {wanted}");
            Err(Failure { broken: broken(end_of(operation), text, [operation]), keys })
        };
        match &operation.request {
            Request::Range(range) => {
                let selection = self.store.select(range);
                if selection.shown_by(range, response) {
                    return Ok(());
                }
                let wanted = selection.to_response(range);
                fail(format!("{wanted:?}"), differing(&wanted, response))
            }
            Request::LeaseGrant { id, .. } => {
                self.store.ended.remove(id);
                Ok(())
            }
            request => match self.store.execute(request) {
                Ok((wanted, events)) if events.is_empty() && agrees(&wanted, response) => Ok(()),
                Ok((wanted, events)) => {
                    self.store.undo(request, &events);
                    let keys = self.keys_of(request);
                    fail(format!("{wanted:?}, with {} changes", events.len()), keys)
                }
                Err(refusal) => fail(format!("a refusal: {refusal:?}"), None),
            },
        }
    }

    /// Keys that the request has to do with; None when a lease may matter too.
    fn keys_of(&self, request: &Request) -> Option<Vec<String>> {
        if matches!(request, Request::LeaseRevoke { .. }) || asks_for_lease(request) {
            return None;
        }
        let changes = self.log.iter().flat_map(|change| &change.events);
        let written = changes.map(|event| event.kv.key.as_str());
        let wished = self.puts.keys().map(|(key, _)| *key);
        let keys: BTreeSet<_> =
            written.chain(wished).filter(|key| concerns(request, key)).collect();
        Some(keys.into_iter().map(ToOwned::to_owned).collect())
    }

    /// Finds who made a revision that nobody claims.
    fn choose(&mut self, revision: Revision) -> Result<Author, Failure> {
        let mut left = self.candidates(revision);
        // Tried from the end: the likeliest last.
        let Some(author) = left.pop() else { return Err(self.nobody(revision)) };
        if !left.is_empty() {
            let (unseen, known): (Vec<Author>, Vec<Author>) =
                left.iter().chain([&author]).partition(|a| self.is_unseen_recipe(revision, **a));
            let requests: Vec<_> =
                known.into_iter().map(|a| self.request_of(revision, a)).collect();
            let open = !unseen.is_empty();
            let effects: BTreeSet<_> = requests.iter().map(|r| self.effect(r)).collect();
            let matters = open || effects.len() > 1;
            let (store, used) = (self.store.clone(), self.used.clone());
            self.choices.push(Choice { store, used, left, requests, open, matters });
        }
        Ok(author)
    }

    fn nobody(&self, revision: Revision) -> Failure {
        let text = format!("revision {revision} is nobody's: no request explains what was seen");
        let broken = Broken::new(self.plan.seen(revision), text);
        match self.plan.evidence.get(&revision) {
            Some(evidence) => {
                // What a watch did not show tells of all keys in its range.
                let keys = evidence.keys().map(ToOwned::to_owned).collect();
                let keys = evidence.watched.is_empty().then_some(keys);
                Failure { broken: broken.with(format!("{evidence:?}")), keys }
            }
            None => Failure { broken: broken.with("nothing was seen of it"), keys: None },
        }
    }

    /// A recipe whose effect no watch showed may have done anything.
    fn is_unseen_recipe(&self, revision: Revision, author: Author) -> bool {
        let seen = |evidence: &Evidence| !evidence.events.is_empty();
        matches!(author, Author::Recipe(_)) && !self.plan.evidence.get(&revision).is_some_and(seen)
    }

    fn candidates(&mut self, revision: Revision) -> Vec<Author> {
        let seen = self.plan.seen(revision);
        let evidence = self.plan.evidence.get(&revision).cloned().unwrap_or_default();
        let mut authors = Vec::new();
        // One recipe is as good as another: each does what was seen.
        let mut recipes = self.plan.recipes_before(seen).map(Author::Recipe);
        authors.extend(recipes.find(|&recipe| self.fits_recipe(revision, recipe, &evidence)));
        let leases: BTreeSet<_> = self.store.kvs.values().map(|kv| kv.lease).collect();
        authors.extend(leases.into_iter().filter(|&id| id != 0).rev().map(Author::LeaseEnd));
        let unknown = self.unknown_that_may(&evidence).into_iter().rev();
        let unknown = unknown.filter(|&index| self.plan.operation(index).called <= seen);
        authors.extend(unknown.map(Author::Operation));
        authors.extend(self.revokes_at(revision).map(Author::Operation));
        authors.retain(|&author| self.fits(revision, author, &evidence));
        authors
    }

    /// Requests with an unknown outcome that could have left this evidence, oldest first.
    fn unknown_that_may(&self, evidence: &Evidence) -> Vec<usize> {
        let known = evidence.puts().next();
        let authors = known.and_then(|put| self.puts.get(&(put.key.as_str(), put.value.as_str())));
        let mut candidates = match authors {
            // A put that keeps the value names none.
            Some(authors) => authors.iter().chain(&self.keepers).copied().collect(),
            None => self.plan.unknown.clone(),
        };
        candidates.retain(|index| !self.used.contains(index));
        // A request that writes a value and keeps one is an author and a keeper.
        candidates.sort_by_key(|&index| (self.plan.operation(index).called, index));
        candidates.dedup();
        candidates
    }

    fn revokes_at(&self, revision: Revision) -> impl Iterator<Item = usize> {
        let views = &self.plan.views;
        let start = views.partition_point(|&(at, _)| at < revision);
        let views = views[start..].iter().take_while(move |&&(at, _)| at == revision);
        let revoke = |&index: &usize| {
            matches!(self.plan.operation(index).request, Request::LeaseRevoke { .. })
        };
        views.map(|&(_, index)| index).filter(revoke)
    }

    fn fits_recipe(&self, revision: Revision, author: Author, evidence: &Evidence) -> bool {
        let Author::Recipe(index) = author else { return false };
        self.is_unseen_recipe(revision, author)
            || evidence.as_request(self.prefix_of(index)).is_some()
    }

    fn fits(&mut self, revision: Revision, author: Author, evidence: &Evidence) -> bool {
        if self.is_unseen_recipe(revision, author) {
            return true;
        }
        let request = self.request_of(revision, author);
        let events = self.effect(&request);
        !events.is_empty()
            && evidence.allows(&events)
            && self.check_watches(revision, &events).is_ok()
    }

    /// What the request would do now; nothing when it would be refused.
    fn effect(&mut self, request: &Request) -> Vec<Event> {
        let Ok((_, events)) = self.store.execute(request) else { return Vec::new() };
        self.store.undo(request, &events);
        events
    }

    fn request_of(&self, revision: Revision, author: Author) -> Request {
        match author {
            Author::Operation(index) => self.plan.operation(index).request.clone(),
            Author::LeaseEnd(id) => Request::LeaseRevoke { id },
            Author::Recipe(index) => {
                let evidence = self.plan.evidence.get(&revision);
                let request = evidence.and_then(|known| known.as_request(self.prefix_of(index)));
                request.expect("a recipe is a candidate only with evidence")
            }
        }
    }

    fn prefix_of(&self, index: usize) -> &'a str {
        match &self.plan.operation(index).request {
            Request::Recipe { prefix, .. } => prefix,
            other => unreachable!("{other:?} was planned as a recipe"),
        }
    }
}

/// True when the answer is the wanted one, in all that the model knows.
pub(crate) fn agrees(wanted: &Response, got: &Response) -> bool {
    match (wanted, got) {
        // The server may choose the name and raise the time to live.
        (Response::LeaseGrant { id: 0, .. }, Response::LeaseGrant { .. }) => true,
        (Response::LeaseGrant { id, .. }, Response::LeaseGrant { id: other, .. }) => id == other,
        _ => wanted == got,
    }
}

/// True when what the request does or answers has to do with the key.
fn concerns(request: &Request, key: &str) -> bool {
    match request {
        Request::Put(put) => put.key == key,
        Request::Delete(delete) => in_range(key, &delete.key, &delete.range_end),
        Request::Range(range) => in_range(key, &range.key, &range.range_end),
        Request::Txn(txn) => {
            let mut compares = txn.compares.iter();
            compares.any(|compare| in_range(key, &compare.key, &compare.range_end))
                || txn.success.iter().chain(&txn.failure).any(|inner| concerns(inner, key))
        }
        // A lease may have any keys.
        Request::LeaseRevoke { .. } => true,
        Request::Compact { .. }
        | Request::LeaseGrant { .. }
        | Request::LeaseKeepAlive { .. }
        | Request::LeaseTimeToLive { .. }
        | Request::Recipe { .. }
        | Request::Auth(_)
        | Request::Admin(_)
        | Request::Other { .. } => false,
    }
}

fn asks_for_lease(request: &Request) -> bool {
    match request {
        Request::Put(put) => put.lease != 0 || put.ignore_lease,
        Request::Txn(txn) => txn.success.iter().chain(&txn.failure).any(asks_for_lease),
        _ => false,
    }
}

/// Keys that one answer shows otherwise than the other; None when the keys are not the point.
fn differing(wanted: &Response, got: &Response) -> Option<Vec<String>> {
    let (Response::Range { kvs: wanted, more: false, .. }, Response::Range { kvs: got, .. }) =
        (wanted, got)
    else {
        return None;
    };
    let missing = wanted.iter().filter(|kv| !got.contains(kv));
    let foreign = got.iter().filter(|kv| !wanted.contains(kv));
    let keys: Vec<String> = missing.chain(foreign).map(|kv| kv.key.clone()).collect();
    (!keys.is_empty()).then_some(keys)
}

fn keeps_value(request: &Request) -> bool {
    match request {
        Request::Put(put) => put.ignore_value,
        Request::Txn(txn) => txn.success.iter().chain(&txn.failure).any(keeps_value),
        _ => false,
    }
}

fn each_put<'a>(request: &'a Request, note: &mut impl FnMut(&'a str, &'a str)) {
    match request {
        Request::Put(put) => note(&put.key, &put.value),
        Request::Txn(txn) => {
            txn.success.iter().chain(&txn.failure).for_each(|inner| each_put(inner, note));
        }
        _ => {}
    }
}

//! Runs the reference store through the revisions and compares every answer on the way.
//!
//! A revision that no answer claims was made by a request with an unknown outcome or by the end of
//! a lease. What watches and reads showed of it mostly leaves one candidate; where it leaves more,
//! they are tried in turn.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Broken,
    history::{Event, Outcome, Request, Response, Revision},
    kv::{Author, Change, Resolved, broken, end_of, evidence::Evidence, plan::Plan},
    model::Store,
};

/// How often a choice may be taken back before the rest counts as undecided.
const RETRIES_MAX: usize = 20_000;

/// Fails when no choice of authors explains all answers; returns the failure that came last.
pub(crate) fn replay(plan: &Plan<'_>) -> Result<Resolved, Broken> {
    let mut replay = Replay::new(plan);
    let mut deepest: Option<(Revision, Broken)> = None;
    let mut retries = 0;
    loop {
        let broken = match replay.advance() {
            Ok(()) => return Ok(Resolved { log: replay.log, undecided: replay.undecided }),
            Err(broken) => broken,
        };
        let reached = replay.store.revision;
        if deepest.as_ref().is_none_or(|(revision, _)| reached > *revision) {
            deepest = Some((reached, broken));
        }
        retries += 1;
        if !replay.take_back() {
            return Err(deepest.map(|(_, broken)| broken).expect("one failure was just noted"));
        }
        if retries > RETRIES_MAX {
            replay.undecided = Some(format!("gave up after {RETRIES_MAX} wrong choices"));
            return Ok(Resolved { log: replay.log, undecided: replay.undecided });
        }
    }
}

struct Replay<'p, 'a> {
    plan: &'p Plan<'a>,
    store: Store,
    log: Vec<Change>,
    /// Requests with an unknown outcome that had their effect.
    used: BTreeSet<usize>,
    /// For each put without an answer: who asked for it.
    puts: BTreeMap<(&'a str, &'a str), Vec<usize>>,
    choices: Vec<Choice>,
    undecided: Option<String>,
}

/// A revision with several candidates, and the state before it.
struct Choice {
    store: Store,
    used: BTreeSet<usize>,
    left: Vec<Author>,
}

impl<'p, 'a> Replay<'p, 'a> {
    fn new(plan: &'p Plan<'a>) -> Self {
        let mut puts = BTreeMap::<_, Vec<usize>>::new();
        for &index in &plan.unknown {
            each_put(&plan.operation(index).request, &mut |key, value| {
                puts.entry((key, value)).or_default().push(index);
            });
        }
        Self {
            plan,
            store: Store::default(),
            log: Vec::new(),
            used: BTreeSet::new(),
            puts,
            choices: Vec::new(),
            undecided: None,
        }
    }

    fn advance(&mut self) -> Result<(), Broken> {
        if self.log.is_empty() {
            self.views(1)?;
        }
        while self.store.revision < self.plan.last && self.undecided.is_none() {
            let revision = self.store.revision + 1;
            let author = match self.plan.writers.get(&revision) {
                Some(&index) => Some(Author::Operation(index)),
                None => self.choose(revision)?,
            };
            let Some(author) = author else { break };
            self.apply(revision, author)?;
            self.views(revision)?;
        }
        Ok(())
    }

    /// Back to the last choice that has another candidate, and on with that.
    fn take_back(&mut self) -> bool {
        while let Some(mut choice) = self.choices.pop() {
            let Some(author) = choice.left.pop() else { continue };
            self.store = choice.store.clone();
            self.used = choice.used.clone();
            let revision = self.store.revision + 1;
            self.log.truncate(self.log.partition_point(|change| change.revision < revision));
            self.choices.push(choice);
            let next = self.apply(revision, author).and_then(|()| self.views(revision));
            if next.is_ok() {
                return true;
            }
        }
        false
    }

    fn apply(&mut self, revision: Revision, author: Author) -> Result<(), Broken> {
        let request = self.request_of(revision, author);
        let outcome = self.store.execute(&request);
        if let Author::Operation(index) = author {
            self.check_writer(revision, index, &outcome)?;
            self.used.insert(index);
        }
        let events = outcome.map(|(_, events)| events).unwrap_or_default();
        self.log.push(Change { revision, events, author });
        Ok(())
    }

    fn check_writer(
        &mut self,
        revision: Revision,
        index: usize,
        outcome: &Result<(Response, Vec<Event>), crate::history::Refusal>,
    ) -> Result<(), Broken> {
        let operation = self.plan.operation(index);
        let fail = |text: String| Err(broken(end_of(operation), text, [operation]));
        let seen = self.plan.seen(revision);
        if operation.called > seen {
            return fail(format!("revision {revision} was seen before its write was asked for"));
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
    fn views(&mut self, revision: Revision) -> Result<(), Broken> {
        let views = &self.plan.views;
        let start = views.partition_point(|&(at, _)| at < revision);
        let views = views[start..].iter().take_while(|&&(at, _)| at == revision);
        for &(_, index) in views {
            self.view(index)?;
        }
        Ok(())
    }

    fn view(&mut self, index: usize) -> Result<(), Broken> {
        if self.log.last().is_some_and(|change| change.author == Author::Operation(index)) {
            return Ok(());
        }
        let operation = self.plan.operation(index);
        let Outcome::Answered { response, .. } = &operation.outcome else { return Ok(()) };
        let revision = self.store.revision;
        let fail = |wanted: String| {
            let text = format!("at revision {revision} the answer must be {wanted}");
            Err(broken(end_of(operation), text, [operation]))
        };
        match &operation.request {
            Request::Range(range) => {
                let selection = self.store.select(range);
                if selection.shown_by(range, response) {
                    return Ok(());
                }
                fail(format!("{:?}", selection.to_response(range)))
            }
            Request::LeaseGrant { id, .. } => {
                self.store.ended.remove(id);
                Ok(())
            }
            request => match self.store.execute(request) {
                Ok((wanted, events)) if events.is_empty() && agrees(&wanted, response) => Ok(()),
                Ok((wanted, events)) => {
                    self.store.undo(request, &events);
                    fail(format!("{wanted:?}, with {} changes", events.len()))
                }
                Err(refusal) => fail(format!("a refusal: {refusal:?}")),
            },
        }
    }

    /// Finds who made a revision that nobody claims. None: it cannot be known.
    fn choose(&mut self, revision: Revision) -> Result<Option<Author>, Broken> {
        let mut authors = self.candidates(revision);
        // Tried from the end: the likeliest last.
        let Some(author) = authors.pop() else {
            return self.nobody(revision);
        };
        if !authors.is_empty() {
            let (store, used) = (self.store.clone(), self.used.clone());
            self.choices.push(Choice { store, used, left: authors });
        }
        Ok(Some(author))
    }

    fn nobody(&mut self, revision: Revision) -> Result<Option<Author>, Broken> {
        let evidence = self.plan.evidence.get(&revision);
        let seen = self.plan.seen(revision);
        if evidence.is_none_or(|evidence| evidence.events.is_empty())
            && self.plan.recipes_before(seen).next().is_some()
        {
            self.undecided = Some(format!("revision {revision} may be a recipe's"));
            return Ok(None);
        }
        let text = format!("revision {revision} is nobody's: no request explains what was seen");
        let lines = evidence.map(|evidence| format!("{evidence:?}"));
        Err(Broken::new(seen, text).with(lines.unwrap_or_else(|| "nothing was seen of it".into())))
    }

    fn candidates(&mut self, revision: Revision) -> Vec<Author> {
        let seen = self.plan.seen(revision);
        let evidence = self.plan.evidence.get(&revision).cloned().unwrap_or_default();
        let mut authors: Vec<Author> = self.plan.recipes_before(seen).map(Author::Recipe).collect();
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
        let candidates = match evidence.puts().next() {
            Some(put) => match self.puts.get(&(put.key.as_str(), put.value.as_str())) {
                Some(authors) => authors,
                // A put that keeps the value names none.
                None => &self.plan.unknown,
            },
            None => &self.plan.unknown,
        };
        candidates.iter().copied().filter(|index| !self.used.contains(index)).collect()
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

    fn fits(&mut self, revision: Revision, author: Author, evidence: &Evidence) -> bool {
        if let Author::Recipe(index) = author
            && evidence.as_request(self.prefix_of(index)).is_none()
        {
            return false;
        }
        let request = self.request_of(revision, author);
        let Ok((_, events)) = self.store.execute(&request) else { return false };
        self.store.undo(&request, &events);
        !events.is_empty() && evidence.allows(&events)
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

fn each_put<'a>(request: &'a Request, note: &mut impl FnMut(&'a str, &'a str)) {
    match request {
        Request::Put(put) => note(&put.key, &put.value),
        Request::Txn(txn) => {
            txn.success.iter().chain(&txn.failure).for_each(|inner| each_put(inner, note));
        }
        _ => {}
    }
}

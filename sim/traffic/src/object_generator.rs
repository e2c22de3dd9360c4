//! What a user of objects asks next: pure, from chance and what the user has learnt.

use crate::{generator::Chance, objects::FINALIZER};
use oracles::history::{Object, ObjectAnswer, ObjectRequest, Wanted};
use std::collections::BTreeMap;

/// Objects in a page, where a list is read by pages.
const PAGE: u64 = 2;

/// The sides that objects may be on.
pub(crate) const SIDES: [&str; 3] = ["", "left", "right"];

/// Makes one user's requests.
#[derive(Clone, Debug)]
pub(crate) struct ObjectGenerator {
    client: u32,
    names: u64,
    /// Requests so far: with the user's number, a token that nobody else writes.
    count: u64,
    /// Objects as this user saw them last.
    known: BTreeMap<String, Object>,
}

impl ObjectGenerator {
    /// For one user among many that share `names` names.
    pub(crate) fn new(client: u32, names: u64) -> Self {
        Self { client, names: names.max(1), count: 0, known: BTreeMap::new() }
    }

    /// The next request.
    pub(crate) fn next(&mut self, chance: &mut impl Chance) -> ObjectRequest {
        self.count += 1;
        let name = format!("cm-{}", chance.below(self.names));
        let known = self.known.get(&name).cloned();
        match (chance.below(100), known) {
            (0..16, _) | (16..24, None) => self.create(name, chance),
            (16..40, Some(known)) => self.update(known, chance),
            (40..45, known) => {
                let finalizers = known.map(|known| known.finalizers).unwrap_or_default();
                let object = Wanted { finalizers, ..self.wanted(name, chance) };
                ObjectRequest::Update { object, expected: None }
            }
            (45..58, _) => self.patch(name, None),
            (58..64, Some(known)) => self.patch(name, Some(known.revision)),
            (64..78, known) => delete(name, known, chance),
            (78..86, _) | (24..40 | 58..64, None) => ObjectRequest::Get { name, stale: false },
            (86..90, _) => ObjectRequest::Get { name, stale: true },
            (90..94, _) => ObjectRequest::List { stale: false, limit: 0 },
            (94..97, _) => ObjectRequest::List { stale: true, limit: 0 },
            _ => ObjectRequest::List { stale: false, limit: PAGE },
        }
    }

    /// Takes in what an answer tells of an object or of all.
    pub(crate) fn learn(&mut self, request: &ObjectRequest, answer: &ObjectAnswer) {
        match answer {
            ObjectAnswer::Object(object) => {
                self.known.insert(object.name.clone(), object.clone());
            }
            ObjectAnswer::Gone { .. } | ObjectAnswer::Missing => self.forget(request),
            ObjectAnswer::List { objects, .. } => {
                let all = objects.iter().map(|object| (object.name.clone(), object.clone()));
                self.known = all.collect();
            }
        }
    }

    /// What the user believed was wrong, or may be.
    pub(crate) fn forget(&mut self, request: &ObjectRequest) {
        let name = match request {
            ObjectRequest::Create(object) | ObjectRequest::Update { object, .. } => &object.name,
            ObjectRequest::Patch { name, .. }
            | ObjectRequest::Delete { name, .. }
            | ObjectRequest::Get { name, .. } => name,
            ObjectRequest::List { .. } => return,
        };
        self.known.remove(name);
    }

    fn token(&self) -> String {
        format!("{}-{}", self.client, self.count)
    }

    fn counter(&self) -> (String, u64) {
        (format!("c{}", self.client), self.count)
    }

    fn wanted(&self, name: String, chance: &mut impl Chance) -> Wanted {
        let counters = BTreeMap::from([self.counter()]);
        let side = side(chance);
        Wanted { name, token: self.token(), counters, finalizers: Vec::new(), side }
    }

    fn create(&self, name: String, chance: &mut impl Chance) -> ObjectRequest {
        let finalizers = some_finalizers(chance.below(3) == 0);
        ObjectRequest::Create(Wanted { finalizers, ..self.wanted(name, chance) })
    }

    /// A change of what the user knows: now and then of its finalizers, mostly to let it go.
    fn update(&self, known: Object, chance: &mut impl Chance) -> ObjectRequest {
        let mut counters = known.counters;
        counters.extend([self.counter()]);
        let finalizers = match (known.deleting, known.finalizers.is_empty()) {
            (true, false) => some_finalizers(chance.below(4) == 0),
            (false, _) if chance.below(5) == 0 => some_finalizers(chance.below(3) > 0),
            _ => known.finalizers,
        };
        let side = if chance.below(3) == 0 { side(chance) } else { known.side };
        let object = Wanted { name: known.name, token: self.token(), counters, finalizers, side };
        ObjectRequest::Update { object, expected: Some(known.revision) }
    }

    fn patch(&self, name: String, expected: Option<u64>) -> ObjectRequest {
        let (token, counter) = (self.token(), self.counter());
        ObjectRequest::Patch { name, token, counter, expected }
    }
}

fn side(chance: &mut impl Chance) -> String {
    let drawn = usize::try_from(chance.below(SIDES.len() as u64)).unwrap_or(0);
    SIDES[drawn].to_owned()
}

fn some_finalizers(some: bool) -> Vec<String> {
    if some { vec![FINALIZER.to_owned()] } else { Vec::new() }
}

fn delete(name: String, known: Option<Object>, chance: &mut impl Chance) -> ObjectRequest {
    let uid = known.as_ref().filter(|_| chance.below(3) == 0).map(|known| known.uid.clone());
    let expected = known.filter(|_| chance.below(4) == 0).map(|known| known.revision);
    ObjectRequest::Delete { name, uid, expected }
}

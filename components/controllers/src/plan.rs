//! What a controller answers: what it must know first, what is to be written, and when to look again.

use client::events::{Reference, Severity};
use client::{DeleteOptions, Error, Key, Object, Patch, Propagation, Resource, uid};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

use crate::kinds::Kind;

/// Writes in the order in which they must happen. The driver stops at the first that is refused,
/// and the object comes back.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Plan {
    /// What informers do not hold. While one is unanswered nothing is written: the driver asks and
    /// comes back with the answers.
    pub questions: Vec<Question>,
    /// What is to be done.
    pub writes: Vec<Write>,
    /// Look again so soon, even if nothing changes.
    pub again: Option<Duration>,
}

impl Plan {
    /// Nothing but writes.
    pub fn of(writes: Vec<Write>) -> Self {
        Self { writes, ..Self::default() }
    }

    /// This must be known first.
    pub fn ask(questions: Vec<Question>) -> Self {
        Self { questions, ..Self::default() }
    }

    /// Also look again so soon.
    #[must_use]
    pub fn again(mut self, wait: Option<Duration>) -> Self {
        self.again = [self.again, wait].into_iter().flatten().min();
        self
    }
}

/// A read that the API server must answer itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Question {
    /// Path and query.
    pub path: String,
    /// What of it.
    pub as_what: As,
}

/// In which form an answer is wanted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum As {
    /// Whole.
    Object,
    /// Only metadata.
    Metadata,
    /// Only metadata of all in a list.
    Items,
    /// A list of groups and what is served of them.
    Discovery,
}

impl Question {
    /// The object as it is now.
    pub fn object(resource: &Resource, key: &Key) -> Self {
        let namespace = Some(key.namespace.as_str()).filter(|namespace| !namespace.is_empty());
        Self { path: format!("{}/{}", resource.path(namespace), key.name), as_what: As::Object }
    }

    /// Only the object's metadata as it is now.
    pub fn metadata(resource: &Resource, key: &Key) -> Self {
        Self { as_what: As::Metadata, ..Self::object(resource, key) }
    }

    /// What the server serves: the core group, and all others.
    pub fn discovery() -> [Self; 2] {
        ["/api", "/apis"].map(|path| Self { path: path.into(), as_what: As::Discovery })
    }

    /// Any path that can be read.
    pub fn path(path: impl Into<String>) -> Self {
        Self { path: path.into(), as_what: As::Object }
    }
}

/// Answers to questions.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Facts(pub(crate) BTreeMap<Question, Result<Object, Error>>);

impl Facts {
    /// The answer; none: it was not asked yet.
    pub fn answer(&self, question: &Question) -> Option<Result<&Object, &Error>> {
        self.0.get(question).map(Result::as_ref)
    }
}

/// How an object is to be changed.
#[derive(Clone, PartialEq, Debug)]
pub enum Act {
    /// It is new. Its name is given, so that doing it twice makes one object.
    Create(Value),
    /// Replaces the object, or a subresource of it. Its resource version guards it.
    Update(Value, &'static str),
    /// Changes an object, or a subresource of it.
    Patch(Patch, &'static str),
    /// Only the object of this uid.
    Delete(DeleteOptions),
    /// Posts to a subresource that is an act.
    Post(Value, &'static str),
    /// All objects of the resource in the key's namespace.
    DeleteAll,
    /// Nothing is written; only told.
    Tell,
}

/// One write.
#[derive(Clone, PartialEq, Debug)]
pub struct Write {
    /// To objects of it.
    pub resource: Resource,
    /// Which.
    pub key: Key,
    /// What.
    pub act: Act,
    /// What people are told of it.
    pub told: Option<Told>,
}

/// What people are told of a write. A message may have `{}` where the refusal's text goes.
#[derive(Clone, PartialEq, Debug)]
pub struct Told {
    /// About whom.
    pub about: Reference,
    /// When it succeeded.
    pub done: Option<(Severity, &'static str, String)>,
    /// When it was refused.
    pub refused: Option<(&'static str, String)>,
}

impl Write {
    fn new(kind: Kind, key: Key, act: Act) -> Self {
        Self::on(kind.resource(), key, act)
    }

    /// A write to an object of any resource.
    pub fn on(resource: Resource, key: Key, act: Act) -> Self {
        Self { resource, key, act, told: None }
    }

    /// Makes an object that has a name.
    pub fn create(kind: Kind, mut object: Value) -> Self {
        object["apiVersion"] = kind.api_version().into();
        object["kind"] = kind.name.into();
        Self::new(kind, Key::of(&object), Act::Create(object))
    }

    /// Replaces an object.
    pub fn update(kind: Kind, object: Value) -> Self {
        Self::new(kind, Key::of(&object), Act::Update(object, ""))
    }

    /// Replaces an object's status.
    pub fn status(kind: Kind, object: Value) -> Self {
        Self::new(kind, Key::of(&object), Act::Update(object, "status"))
    }

    /// Changes the object of this uid, and no other of its name.
    pub fn patch(kind: Kind, object: &Value, mut patch: Value) -> Self {
        patch["metadata"]["uid"] = uid(object).into();
        Self::new(kind, Key::of(object), Act::Patch(Patch::Strategic(patch), ""))
    }

    /// Changes the status of the object of this uid.
    pub fn patch_status(kind: Kind, object: &Value, mut patch: Value) -> Self {
        patch["metadata"]["uid"] = uid(object).into();
        Self::new(kind, Key::of(object), Act::Patch(Patch::Strategic(patch), "status"))
    }

    /// Deletes the object of this uid, in the background, and no other of its name.
    pub fn delete(kind: Kind, object: &Value) -> Self {
        let uid = uid(object).to_owned();
        let propagation = Some(Propagation::Background);
        let options = DeleteOptions { uid, propagation, ..DeleteOptions::default() };
        Self::new(kind, Key::of(object), Act::Delete(options))
    }

    /// Deletes an object of any resource.
    pub fn delete_of(resource: Resource, object: &Value) -> Self {
        Self { resource, ..Self::delete(crate::kinds::PODS, object) }
    }

    /// Deletes all objects of a resource in a namespace.
    pub fn delete_all(resource: Resource, namespace: &str) -> Self {
        Self::on(resource, Key::new(namespace, ""), Act::DeleteAll)
    }

    /// Replaces an object's finalizers in its `spec`.
    pub fn finalize(kind: Kind, object: Value) -> Self {
        Self::new(kind, Key::of(&object), Act::Update(object, "finalize"))
    }

    /// Tells something about an object.
    pub fn tell(about: &Value, severity: Severity, reason: &'static str, message: String) -> Self {
        let told = Told {
            about: Reference::to(about),
            done: Some((severity, reason, message)),
            refused: None,
        };
        let resource = Resource::core("events");
        Self { resource, key: Key::of(about), act: Act::Tell, told: Some(told) }
    }

    /// Tells about an object when this succeeded.
    #[must_use]
    pub fn and_tell(mut self, about: &Value, reason: &'static str, message: String) -> Self {
        let told = self.told.get_or_insert_with(|| Told {
            about: Reference::to(about),
            done: None,
            refused: None,
        });
        told.done = Some((Severity::Normal, reason, message));
        self
    }

    /// Tells about an object when this was refused; `{}` stands for why.
    #[must_use]
    pub fn or_warn(mut self, about: &Value, reason: &'static str, message: &str) -> Self {
        let told = self.told.get_or_insert_with(|| Told {
            about: Reference::to(about),
            done: None,
            refused: None,
        });
        told.refused = Some((reason, message.to_owned()));
        self
    }

    /// It as data, for cases and logs: `create pods default/web`, and what goes with it.
    pub fn shown(&self) -> Value {
        let (verb, body) = match &self.act {
            Act::Create(object) => ("create".to_owned(), object.clone()),
            Act::Update(object, sub) => (format!("update {sub}"), object.clone()),
            Act::Patch(patch, sub) => (format!("patch {sub}"), patch_value(patch)),
            Act::Delete(options) => ("delete".to_owned(), json!({"uid": options.uid})),
            Act::Post(body, sub) => (format!("post {sub}"), body.clone()),
            Act::DeleteAll => ("delete all".to_owned(), Value::Null),
            Act::Tell => ("tell".to_owned(), Value::Null),
        };
        let what = format!("{} {} {}", verb.trim_end(), self.resource.plural, self.key);
        let said = self.told.as_ref().and_then(|told| told.done.as_ref());
        let said =
            said.map(|(severity, reason, message)| format!("{severity:?} {reason}: {message}"));
        json!({"write": what, "body": body, "said": said})
    }
}

fn patch_value(patch: &Patch) -> Value {
    match patch {
        Patch::Json(value)
        | Patch::Merge(value)
        | Patch::Strategic(value)
        | Patch::Apply(value) => value.clone(),
    }
}

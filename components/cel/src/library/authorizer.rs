//! `authorizer`: may somebody do something?
//!
//! Upstream: apiserver `pkg/cel/library/authz.go`. Who decides is the host's: an expression only
//! gathers what is asked.

use super::arguments::{opaque, text};
use crate::{
    functions::Functions,
    types::Type,
    value::{EvalError, Opaque, Outcome, Value},
};
use scalars::names;
use std::{any::Any, sync::Arc};

/// The type of `authorizer`.
pub const AUTHORIZER: &str = "kubernetes.authorization.Authorizer";
/// The type of `authorizer.requestResource`.
pub const RESOURCE: &str = "kubernetes.authorization.ResourceCheck";
const PATH: &str = "kubernetes.authorization.PathCheck";
const GROUP: &str = "kubernetes.authorization.GroupCheck";
const DECISION: &str = "kubernetes.authorization.Decision";

/// What is asked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Question {
    /// A service account's namespace and name, if it is asked for and not the request's user.
    pub service_account: Option<(String, String)>,
    /// `get`, `create`, `use`.
    pub verb: String,
    /// A path outside of resources; empty if a resource is asked for.
    pub path: String,
    /// `apps`; empty for the core group.
    pub group: String,
    /// `pods`.
    pub resource: String,
    /// `status`.
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    /// `metadata.name=a`.
    pub field_selector: Option<String>,
    /// `app=a`.
    pub label_selector: Option<String>,
}

/// What is answered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Decision {
    pub allowed: bool,
    pub reason: String,
    /// Why nobody could decide.
    pub error: Option<String>,
}

/// Who decides.
pub trait Authorize: Send + Sync + std::fmt::Debug {
    /// None if the answer is not known yet: the run ends with [`EvalError::Unanswered`], the host
    /// finds the answer out and runs the expression again.
    fn decide(&self, question: &Question) -> Option<Decision>;
}

/// A question that is being gathered, and who will be asked.
#[derive(Clone, Debug)]
struct Asking {
    kind: &'static str,
    question: Question,
    host: Arc<dyn Authorize>,
}

impl Opaque for Asking {
    fn type_name(&self) -> &'static str {
        self.kind
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        let other = other.as_any().downcast_ref::<Asking>();
        other.is_some_and(|it| it.kind == self.kind && it.question == self.question)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Opaque for Decision {
    fn type_name(&self) -> &'static str {
        DECISION
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.as_any().downcast_ref::<Decision>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The value of `authorizer`.
pub fn authorizer<'a>(host: Arc<dyn Authorize>) -> Value<'a> {
    Value::opaque(Asking { kind: AUTHORIZER, question: Question::default(), host })
}

/// The value of `authorizer.requestResource`: the question is the request's own, without its verb.
pub fn request_resource<'a>(host: Arc<dyn Authorize>, question: Question) -> Value<'a> {
    Value::opaque(Asking { kind: RESOURCE, question, host })
}

pub(super) fn declare(f: &mut Functions) {
    use Type::{Bool, String};
    let of = Type::opaque;
    [AUTHORIZER, RESOURCE, PATH, GROUP, DECISION].into_iter().for_each(|it| f.named_type(it));
    f.member("path", "authorizer_path", &[of(AUTHORIZER), String], of(PATH), |args| {
        let path = text(args, 1)?;
        if path.is_empty() {
            return Err(EvalError::new("path must not be empty"));
        }
        asked(args, PATH, |it| it.path = path.to_owned())
    });
    f.member("group", "authorizer_group", &[of(AUTHORIZER), String], of(GROUP), |args| {
        let group = text(args, 1)?;
        asked(args, GROUP, |it| it.group = group.to_owned())
    });
    let account = [of(AUTHORIZER), String, String];
    f.member("serviceAccount", "authorizer_serviceaccount", &account, of(AUTHORIZER), |args| {
        let (namespace, name) = (text(args, 1)?.to_owned(), text(args, 2)?.to_owned());
        if !names::is_subdomain(&name) {
            return Err(EvalError::new("Invalid service account name"));
        }
        if !names::is_label(&namespace) {
            return Err(EvalError::new("Invalid service account namespace"));
        }
        asked(args, AUTHORIZER, |it| it.service_account = Some((namespace, name)))
    });
    f.member("resource", "groupcheck_resource", &[of(GROUP), String], of(RESOURCE), |args| {
        let resource = text(args, 1)?;
        asked(args, RESOURCE, |it| it.resource = resource.to_owned())
    });
    macro_rules! narrowed {
        ($name:literal, $id:literal, $set:expr) => {
            f.member($name, $id, &[of(RESOURCE), String], of(RESOURCE), |args| {
                let set: fn(&mut Question, std::string::String) = $set;
                let by = text(args, 1)?.to_owned();
                asked(args, RESOURCE, |it| set(it, by))
            });
        };
    }
    narrowed!("subresource", "resourcecheck_subresource", |it, by| it.subresource = by);
    narrowed!("namespace", "resourcecheck_namespace", |it, by| it.namespace = by);
    narrowed!("name", "resourcecheck_name", |it, by| it.name = by);
    narrowed!("fieldSelector", "authorizer_fieldselector", |it, by| it.field_selector = Some(by));
    narrowed!("labelSelector", "authorizer_labelselector", |it, by| it.label_selector = Some(by));
    f.member("check", "pathcheck_check", &[of(PATH), String], of(DECISION), check);
    f.member("check", "resourcecheck_check", &[of(RESOURCE), String], of(DECISION), check);
    f.member("errored", "decision_errored", &[of(DECISION)], Bool, |args| {
        Ok(Value::Bool(opaque::<Decision>(args, 0)?.error.is_some()))
    });
    f.member("error", "decision_error", &[of(DECISION)], String, |args| {
        Ok(Value::string(opaque::<Decision>(args, 0)?.error.as_deref().unwrap_or_default()))
    });
    f.member("allowed", "decision_allowed", &[of(DECISION)], Bool, |args| {
        Ok(Value::Bool(opaque::<Decision>(args, 0)?.allowed))
    });
    f.member("reason", "decision_reason", &[of(DECISION)], String, |args| {
        Ok(Value::string(opaque::<Decision>(args, 0)?.reason.as_str()))
    });
}

/// The question so far with one thing more.
fn asked<'a>(
    args: &[Value<'a>],
    kind: &'static str,
    add: impl FnOnce(&mut Question),
) -> Outcome<'a> {
    let mut asking = opaque::<Asking>(args, 0)?.clone();
    asking.kind = kind;
    add(&mut asking.question);
    Ok(Value::opaque(asking))
}

fn check<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let asking = opaque::<Asking>(args, 0)?;
    let mut question = asking.question.clone();
    question.verb = text(args, 1)?.to_owned();
    asking.host.decide(&question).map(Value::opaque).ok_or(EvalError::Unanswered)
}

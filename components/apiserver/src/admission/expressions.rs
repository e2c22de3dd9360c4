//! Expressions over a write: what they may name, and who answers when they ask who may do what.
//!
//! Upstream: apiserver/pkg/admission/plugin/cel.

use super::Attributes;
use crate::authorization::{self, Requester};
use api::{resources::Resource, schema::GroupVersionKind};
use cel::{
    environment::kubernetes::{self, CALL_COST_MAX, VARIABLES},
    eval::Bindings,
    library::authorizer::{self, Authorize, Decision, Question},
    program::Program,
    value::{EvalError, Outcome, Value},
};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json, json};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::Arc,
};

/// An expression asks so often at most; each round costs a run.
pub(super) const ROUNDS_MAX: usize = 20;

/// What expressions are told of a write besides its objects. Empty members are left out, as Go
/// leaves them out.
pub(super) fn request(write: &Attributes) -> Json {
    let of_kind = |kind: &GroupVersionKind| json!({"group": kind.group, "version": kind.version, "kind": kind.kind});
    let of_resource = |one: &Resource| {
        json!({
            "group": one.kind.group, "version": one.kind.version, "resource": one.plural,
        })
    };
    let requested = write.requested.as_ref();
    let requested = requested.map_or((&write.kind, &write.resource), |(kind, one)| (kind, one));
    let mut request = Map::new();
    for (name, value) in [
        ("kind", of_kind(&write.kind)),
        ("resource", of_resource(&write.resource)),
        ("subResource", write.subresource.as_str().into()),
        ("requestKind", of_kind(requested.0)),
        ("requestResource", of_resource(requested.1)),
        ("requestSubResource", write.subresource.as_str().into()),
        ("name", write.name.as_str().into()),
        ("namespace", write.namespace.as_str().into()),
        ("operation", write.operation.to_string().into()),
        ("userInfo", write.user.info()),
        ("dryRun", write.dry_run.into()),
        ("options", write.options.clone()),
    ] {
        if value != "" {
            request.insert(name.into(), value);
        }
    }
    request.into()
}

/// Everything that expressions of one evaluation look at.
#[derive(Clone, Debug)]
pub(super) struct Inputs<'a> {
    pub(super) request: &'a Json,
    pub(super) object: &'a Json,
    pub(super) old: &'a Json,
    /// Null where there are none.
    pub(super) params: &'a Json,
    /// Null for what is in no namespace.
    pub(super) namespace: &'a Json,
}

/// One evaluation: expressions that share variables and a budget.
pub(super) struct Scope<'a> {
    values: BTreeMap<&'static str, Value<'a>>,
    variables: &'a BTreeMap<String, Result<Program, String>>,
    known: RefCell<BTreeMap<String, Outcome<'a>>>,
    left: Cell<u64>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        inputs: &Inputs<'a>,
        variables: &'a BTreeMap<String, Result<Program, String>>,
        asking: &Arc<Asking>,
        own: Question,
        budget: u64,
    ) -> Self {
        let json = |json: &'a Json| Value::from_json(json, None).unwrap_or(Value::Null);
        let host: Arc<dyn Authorize> = asking.clone();
        let values = BTreeMap::from([
            ("request", json(inputs.request)),
            ("object", json(inputs.object)),
            ("oldObject", json(inputs.old)),
            ("params", json(inputs.params)),
            ("namespaceObject", json(inputs.namespace)),
            ("variables", kubernetes::variables()),
            ("authorizer", authorizer::authorizer(host.clone())),
            ("authorizer.requestResource", authorizer::request_resource(host, own)),
        ]);
        let (known, left) = (RefCell::default(), Cell::new(budget));
        Self { values, variables, known, left }
    }

    /// Runs an expression on what is left of the budget.
    pub(super) fn run(&self, program: &Program) -> Outcome<'a> {
        let left = self.left.get();
        let evaluated = program.run(self, left.min(CALL_COST_MAX));
        self.left.set(self.left.get().saturating_sub(evaluated.cost));
        evaluated.value
    }
}

impl<'a> Bindings<'a> for Scope<'a> {
    fn get(&self, name: &str) -> Option<Outcome<'a>> {
        self.values.get(name).cloned().map(Ok)
    }

    /// A variable is computed when it is first asked for.
    fn field(&self, scope: &str, name: &str) -> Option<Outcome<'a>> {
        if scope != VARIABLES {
            return None;
        }
        if let Some(known) = self.known.borrow().get(name) {
            return Some(known.clone());
        }
        let outcome = match self.variables.get(name)? {
            Ok(program) => self.run(program),
            Err(why) => {
                Err(EvalError::new(format!("composited variable {name:?} fails to compile: {why}")))
            }
        };
        self.known.borrow_mut().insert(name.to_owned(), outcome.clone());
        Some(outcome)
    }
}

/// What expressions ask of authorization: answered between two runs, since a run cannot wait.
#[derive(Debug, Default)]
pub(super) struct Asking {
    open: Mutex<Vec<Question>>,
    answers: Mutex<BTreeMap<Question, Decision>>,
}

impl Authorize for Asking {
    fn decide(&self, question: &Question) -> Option<Decision> {
        let known = self.answers.lock().get(question).cloned();
        if known.is_none() {
            self.open.lock().push(question.clone());
        }
        known
    }
}

impl Asking {
    /// Finds out what was asked since the last time; false: nothing was.
    pub(super) async fn answer(&self, requester: Option<&Requester>) -> bool {
        let open = std::mem::take(&mut *self.open.lock());
        let any = !open.is_empty();
        for question in open {
            let decision = match requester {
                Some(requester) => decide(requester, &question).await,
                // The server itself may do everything.
                None => Decision { allowed: true, ..Decision::default() },
            };
            self.answers.lock().insert(question, decision);
        }
        any
    }
}

async fn decide(requester: &Requester, question: &Question) -> Decision {
    let user = match &question.service_account {
        None => requester.user.clone(),
        Some((namespace, name)) => Arc::new(crate::authentication::User {
            name: format!("system:serviceaccount:{namespace}:{name}"),
            groups: vec![
                "system:serviceaccounts".into(),
                format!("system:serviceaccounts:{namespace}"),
                "system:authenticated".into(),
            ],
            ..crate::authentication::User::default()
        }),
    };
    let asked = authorization::Attributes {
        user,
        verb: question.verb.clone(),
        is_resource: question.path.is_empty(),
        namespace: question.namespace.clone(),
        group: question.group.clone(),
        version: "*".into(),
        resource: question.resource.clone(),
        subresource: question.subresource.clone(),
        name: question.name.clone(),
        path: question.path.clone(),
        selectors: authorization::Selectors::default(),
    };
    let said = requester.authorization.decide(&asked).await;
    Decision { allowed: said.is_allowed(), reason: said.reason, error: said.fault }
}

/// `authorizer.requestResource`: the write's own resource.
pub(super) fn own_question(write: &Attributes) -> Question {
    Question {
        group: write.resource.kind.group.clone(),
        resource: write.resource.plural.clone(),
        subresource: write.subresource.clone(),
        namespace: write.namespace.clone(),
        name: write.name.clone(),
        ..Question::default()
    }
}

/// Match conditions: whether all hold; the first that fails, by name and why.
///
/// One that does not hold decides, whatever is wrong with others.
pub(super) fn conditions_hold(
    scope: &Scope<'_>,
    conditions: &[(String, Result<Program, String>)],
) -> Result<bool, String> {
    let mut fault = None;
    for (name, program) in conditions {
        let outcome = match program {
            Ok(program) => scope.run(program).map_err(|error| error.to_string()),
            Err(why) => Err(why.clone()),
        };
        match outcome {
            Ok(Value::Bool(false)) => return Ok(false),
            Ok(Value::Bool(true)) => {}
            Ok(_) => fault = fault.or(Some(format!("{name}: it gives no truth value"))),
            Err(why) => fault = fault.or(Some(format!("{name}: {why}"))),
        }
    }
    fault.map_or(Ok(true), Err)
}

//! Which variables Kubernetes declares where.
//!
//! Upstream: apiextensions-apiserver `pkg/apiserver/schema/cel/compilation.go`; apiserver
//! `pkg/admission/plugin/cel/compile.go`, `pkg/admission/plugin/policy/mutating/patch`,
//! `pkg/authentication/cel`, `pkg/authorization/cel`.

use super::Environment;
use crate::{
    functions::Functions, library, macros::Macros, schema::Schema, types::Type, value::Value,
};
use std::{collections::BTreeMap, sync::Arc};

/// One expression may cost so much while it runs (`PerCallLimit`).
pub const CALL_COST_MAX: u64 = 1_000_000;
/// All expressions of one request's admission, or of one object's rules (`RuntimeCELCostBudget`).
pub const RUN_COST_MAX: u64 = 10_000_000;
/// All match conditions of one request (`RuntimeCELCostBudgetMatchConditions`).
pub const MATCH_CONDITIONS_COST_MAX: u64 = 2_500_000;
/// One rule of a CRD may be estimated at so much (`StaticEstimatedCostLimit`).
pub const RULE_ESTIMATE_MAX: u64 = 10_000_000;
/// All rules of a CRD (`StaticEstimatedCRDCostLimit`).
pub const CRD_ESTIMATE_MAX: u64 = 100_000_000;

/// The object type behind `variables`.
pub const VARIABLES: &str = "kubernetes.variables";

/// The functions of Kubernetes 1.36, to be shared by every environment.
pub fn functions() -> Arc<Functions> {
    Arc::new(library::kubernetes())
}

fn base(functions: &Arc<Functions>) -> Environment {
    Environment::new(functions.clone(), Macros::KUBERNETES)
}

/// Rules of a custom resource's schema: `self` and, where the rule may be one of a transition,
/// `oldSelf`, which is optional if the rule says `optionalOldSelf`.
pub fn crd_rule(
    functions: &Arc<Functions>,
    schema: &Schema,
    transition: bool,
    optional_old_self: bool,
) -> Environment {
    let environment = base(functions).with_json("self", schema);
    match (transition, optional_old_self) {
        (false, _) => environment,
        (true, false) => environment.with_variable("oldSelf", schema.declared_type()),
        (true, true) => {
            environment.with_variable("oldSelf", Type::optional(schema.declared_type()))
        }
    }
}

/// What an admission policy's expressions may use beyond the object and the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Admission {
    /// The policy has parameters.
    pub params: bool,
    /// `authorizer` is given.
    pub authorizer: bool,
    /// Expressions may make `Object` and `JSONPatch`.
    pub mutation: bool,
}

/// Expressions of admission policies: `object`, `oldObject`, `request`, `namespaceObject`,
/// `variables`, and what is asked for.
pub fn admission(functions: &Arc<Functions>, options: Admission) -> Environment {
    let mut environment = match_conditions(functions)
        .with_object(VARIABLES, BTreeMap::new(), false)
        .with_variable("variables", Type::Object(VARIABLES.into()));
    environment = declare_namespace(environment);
    if options.params {
        environment = environment.with_variable("params", Type::Dyn);
    }
    if options.authorizer {
        environment = declare_authorizer(environment);
    }
    if options.mutation {
        environment = declare_mutation(environment);
    }
    environment
}

/// Match conditions of webhooks: `object`, `oldObject`, `request`, `authorizer`.
pub fn webhook_match_conditions(functions: &Arc<Functions>) -> Environment {
    declare_authorizer(match_conditions(functions))
}

fn match_conditions(functions: &Arc<Functions>) -> Environment {
    let environment =
        base(functions).with_variable("object", Type::Dyn).with_variable("oldObject", Type::Dyn);
    declare_request(environment)
}

fn declare_authorizer(environment: Environment) -> Environment {
    environment
        .with_variable("authorizer", Type::opaque(library::authorizer::AUTHORIZER))
        .with_variable("authorizer.requestResource", Type::opaque(library::authorizer::RESOURCE))
}

/// Match conditions of authorization webhooks: `request` is a SubjectAccessReview's spec.
pub fn authorization(functions: &Arc<Functions>) -> Environment {
    let object = |name: &str| Type::Object(format!("kubernetes.{name}").into());
    let requirement = fields(&[
        ("key", Type::String),
        ("operator", Type::String),
        ("values", Type::list(Type::String)),
    ]);
    let selector = |of: &str| {
        let of = Type::list(object(of));
        fields(&[("rawSelector", Type::String), ("requirements", of)])
    };
    let resource = fields(&[
        ("namespace", Type::String),
        ("verb", Type::String),
        ("group", Type::String),
        ("version", Type::String),
        ("resource", Type::String),
        ("subresource", Type::String),
        ("name", Type::String),
        ("fieldSelector", object("FieldSelectorAttributes")),
        ("labelSelector", object("LabelSelectorAttributes")),
    ]);
    let request = fields(&[
        ("resourceAttributes", object("ResourceAttributes")),
        ("nonResourceAttributes", object("NonResourceAttributes")),
        ("user", Type::String),
        ("groups", Type::list(Type::String)),
        ("extra", Type::map(Type::String, Type::list(Type::String))),
        ("uid", Type::String),
    ]);
    base(functions)
        .with_object("kubernetes.SelectorRequirement", requirement, false)
        .with_object("kubernetes.FieldSelectorAttributes", selector("SelectorRequirement"), false)
        .with_object("kubernetes.LabelSelectorAttributes", selector("SelectorRequirement"), false)
        .with_object("kubernetes.ResourceAttributes", resource, false)
        .with_object(
            "kubernetes.NonResourceAttributes",
            fields(&[("path", Type::String), ("verb", Type::String)]),
            false,
        )
        .with_object("kubernetes.SubjectAccessReview", request, false)
        .with_variable("request", object("SubjectAccessReview"))
}

/// Structured authentication's expressions over claims: `claims`.
pub fn authentication_claims(functions: &Arc<Functions>) -> Environment {
    base(functions).with_variable("claims", Type::map(Type::String, Type::Dyn))
}

/// Structured authentication's rules over users: `user`.
pub fn authentication_user(functions: &Arc<Functions>) -> Environment {
    declare_user(base(functions)).with_variable("user", Type::Object("kubernetes.UserInfo".into()))
}

fn declare_user(environment: Environment) -> Environment {
    let user = fields(&[
        ("username", Type::String),
        ("uid", Type::String),
        ("groups", Type::list(Type::String)),
        ("extra", Type::map(Type::String, Type::list(Type::String))),
    ]);
    environment.with_object("kubernetes.UserInfo", user, false)
}

/// `request` of admission: an AdmissionReview's request without its objects.
fn declare_request(environment: Environment) -> Environment {
    let object = |name: &str| Type::Object(format!("kubernetes.{name}").into());
    let three = |names: [&str; 3]| fields(&names.map(|it| (it, Type::String)));
    let request = fields(&[
        ("kind", object("GroupVersionKind")),
        ("resource", object("GroupVersionResource")),
        ("subResource", Type::String),
        ("requestKind", object("GroupVersionKind")),
        ("requestResource", object("GroupVersionResource")),
        ("requestSubResource", Type::String),
        ("name", Type::String),
        ("namespace", Type::String),
        ("operation", Type::String),
        ("userInfo", object("UserInfo")),
        ("dryRun", Type::Bool),
        ("options", Type::Dyn),
    ]);
    declare_user(environment)
        .with_object("kubernetes.GroupVersionKind", three(["group", "version", "kind"]), false)
        .with_object(
            "kubernetes.GroupVersionResource",
            three(["group", "version", "resource"]),
            false,
        )
        .with_object("kubernetes.AdmissionRequest", request, false)
        .with_variable("request", object("AdmissionRequest"))
}

/// `namespaceObject`: the parts of a namespace that policies may see.
fn declare_namespace(environment: Environment) -> Environment {
    let object = |name: &str| Type::Object(format!("kubernetes.{name}").into());
    let texts = || Type::map(Type::String, Type::String);
    let metadata = fields(&[
        ("name", Type::String),
        ("generateName", Type::String),
        ("namespace", Type::String),
        ("labels", texts()),
        ("annotations", texts()),
        ("UID", Type::String),
        ("creationTimestamp", Type::Timestamp),
        ("deletionGracePeriodSeconds", Type::Int),
        ("deletionTimestamp", Type::Timestamp),
        ("generation", Type::Int),
        ("resourceVersion", Type::String),
        ("finalizers", Type::list(Type::String)),
    ]);
    environment
        .with_object("kubernetes.NamespaceMetadata", metadata, false)
        .with_object(
            "kubernetes.NamespaceSpec",
            fields(&[("finalizers", Type::list(Type::String))]),
            false,
        )
        .with_object("kubernetes.NamespaceStatus", fields(&[("phase", Type::String)]), false)
        .with_object(
            "kubernetes.Namespace",
            fields(&[
                ("metadata", object("NamespaceMetadata")),
                ("spec", object("NamespaceSpec")),
                ("status", object("NamespaceStatus")),
            ]),
            false,
        )
        .with_variable("namespaceObject", object("Namespace"))
}

/// What expressions of a MutatingAdmissionPolicy give: `Object{…}` or a list of `JSONPatch{…}`.
fn declare_mutation(environment: Environment) -> Environment {
    let patch = fields(&[
        ("op", Type::String),
        ("path", Type::String),
        ("from", Type::String),
        ("value", Type::Dyn),
    ]);
    environment.with_object("JSONPatch", patch, true).with_open_objects("Object")
}

fn fields(of: &[(&str, Type)]) -> BTreeMap<String, Type> {
    of.iter().map(|(name, it)| ((*name).to_owned(), it.clone())).collect()
}

/// The value of `variables`: its fields are asked of the bindings when an expression names them.
pub fn variables<'a>() -> Value<'a> {
    Value::Scope(VARIABLES.into())
}

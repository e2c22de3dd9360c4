//! Who may do what: an ordered union of authorizers, of which the first that lets a request pass decides.
//!
//! Upstream: apiserver/pkg/authorization/union and pkg/kubeapiserver/authorizer.

mod abac;
mod attributes;
mod node;
pub(crate) mod rbac;

pub use abac::{Policy, PolicyError};
pub(crate) use attributes::Attributes;

use crate::{
    authentication::{MASTERS, User},
    failure::Failure,
    registry::Registry,
};
use node::Nodes;
use rbac::{Rbac, Rule};
use std::sync::Arc;

/// One of `--authorization-mode`'s ways to decide.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Everybody may do everything.
    AlwaysAllow,
    /// Nobody may do anything.
    AlwaysDeny,
    /// A file says who may do what.
    Abac(Vec<Policy>),
    /// Nodes may do what the pods on them need.
    Node,
    /// Roles and bindings say who may do what.
    Rbac,
}

/// What an authorizer, or all of them, say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Decision {
    /// It may, for this reason.
    Allow(String),
    /// Nothing lets it; an empty reason is none.
    NoOpinion(String),
}

/// What a user may do in a namespace, as far as authorizers can tell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Rights {
    pub(crate) rules: Vec<Rule>,
    /// There may be more.
    pub(crate) incomplete: bool,
    /// Why.
    pub(crate) errors: Vec<String>,
}

#[derive(Debug)]
enum Authorizer {
    AlwaysAllow,
    AlwaysDeny,
    Abac(Vec<Policy>),
    Node(Box<Nodes>),
    Rbac,
}

/// The authorizers in the order in which they are asked.
#[derive(Debug)]
pub(crate) struct Authorization {
    authorizers: Vec<Authorizer>,
    /// Also asked whether a role gives more than its author has.
    rbac: Rbac,
}

/// Who asks, and who judges what they may.
#[derive(Clone, Debug)]
pub(crate) struct Requester {
    pub(crate) user: Arc<User>,
    pub(crate) authorization: Arc<Authorization>,
}

impl Requester {
    /// Whether it may do this to a resource of its choice; `what.user` is filled in.
    pub(crate) async fn may(&self, what: Attributes) -> Decision {
        let what = Attributes { user: self.user.clone(), is_resource: true, ..what };
        self.authorization.decide(&what).await
    }
}

impl Authorization {
    pub(crate) fn new(modes: &[Mode], registry: &Arc<Registry>) -> Self {
        let authorizers = modes.iter().map(|mode| match mode {
            Mode::AlwaysAllow => Authorizer::AlwaysAllow,
            Mode::AlwaysDeny => Authorizer::AlwaysDeny,
            Mode::Abac(policies) => Authorizer::Abac(policies.clone()),
            Mode::Node => Authorizer::Node(Box::new(Nodes::new(registry.clone()))),
            Mode::Rbac => Authorizer::Rbac,
        });
        Self { authorizers: authorizers.collect(), rbac: Rbac::new(registry.clone()) }
    }

    /// Decides. The members of `system:masters` may do everything in every mode.
    pub(crate) async fn decide(&self, attributes: &Attributes) -> Decision {
        if attributes.user.is_in(MASTERS) {
            return Decision::Allow(String::new());
        }
        let mut reasons = Vec::new();
        for authorizer in &self.authorizers {
            let said = match authorizer {
                Authorizer::AlwaysAllow => Decision::Allow(String::new()),
                Authorizer::AlwaysDeny => Decision::NoOpinion("Everything is forbidden.".into()),
                Authorizer::Abac(policies) => abac::decide(policies, attributes),
                Authorizer::Node(nodes) => nodes.decide(attributes).await,
                Authorizer::Rbac => self.rbac.decide(attributes).await,
            };
            match said {
                Decision::NoOpinion(reason) if reason.is_empty() => {}
                Decision::NoOpinion(reason) => reasons.push(reason),
                Decision::Allow(reason) => return Decision::Allow(reason),
            }
        }
        Decision::NoOpinion(reasons.join("\n"))
    }

    /// Refuses what is not allowed; returns why it is.
    ///
    /// # Errors
    /// The refusal as the client is told.
    pub(crate) async fn demand(&self, attributes: &Attributes) -> Result<String, Failure> {
        match self.decide(attributes).await {
            Decision::Allow(reason) => Ok(reason),
            Decision::NoOpinion(reason) => Err(attributes.forbidden(&reason)),
        }
    }

    /// Lists what a user may do in a namespace.
    pub(crate) async fn rights(&self, user: &User, namespace: &str) -> Rights {
        let mut rights = Rights::default();
        for authorizer in &self.authorizers {
            match authorizer {
                Authorizer::AlwaysAllow => rights.rules.extend(Rule::everything()),
                Authorizer::AlwaysDeny => {}
                Authorizer::Abac(policies) => {
                    rights.rules.extend(abac::rules(policies, user, namespace));
                }
                Authorizer::Node(_) if node::name(user).is_some() => {
                    rights.incomplete = true;
                    rights
                        .errors
                        .push("node authorizer does not support user rule resolution".into());
                }
                Authorizer::Node(_) => {}
                Authorizer::Rbac => {
                    let (rules, errors) = self.rbac.rules_of(user, namespace).await;
                    rights.rules.extend(rules);
                    rights.errors.extend(errors);
                }
            }
        }
        rights
    }

    /// What roles are read by, whether or not requests are judged by them.
    pub(crate) fn rbac(&self) -> &Rbac {
        &self.rbac
    }
}

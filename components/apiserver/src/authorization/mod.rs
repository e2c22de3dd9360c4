//! Who may do what: an ordered union of authorizers, of which the first that lets a request pass decides.
//!
//! Upstream: apiserver/pkg/authorization/union and pkg/kubeapiserver/authorizer.

mod abac;
mod attributes;
mod decision;
mod node;
pub(crate) mod rbac;
mod reload;
mod selectors;
mod settings;
mod webhook;

pub use abac::{Policy, PolicyError};
pub(crate) use attributes::Attributes;
pub(crate) use decision::{Decision, Verdict};
pub use reload::AuthorizationFile;
pub(crate) use selectors::Selectors;
pub use settings::AuthorizationConfiguration;
pub use webhook::AuthorizationWebhook;

use crate::{
    authentication::{MASTERS, User},
    configuration::aggregate,
    failure::Failure,
    registry::Registry,
};
use host::Task;
use node::Nodes;
use parking_lot::RwLock;
use rbac::{Rbac, Rule};
use std::sync::Arc;
use webhook::Asker;

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
    /// Another server says who may do what.
    Webhook(Box<AuthorizationWebhook>),
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
    Webhook(Box<Asker>),
}

/// The authorizers in the order in which they are asked.
#[derive(Debug)]
struct Chain(Vec<Authorizer>);

/// Judges requests.
#[derive(Debug)]
pub(crate) struct Authorization {
    /// Another takes its place when its file changes.
    chain: Arc<RwLock<Arc<Chain>>>,
    /// Also asked whether a role gives more than its author has.
    rbac: Rbac,
    registry: Arc<Registry>,
    _reload: Option<Task<()>>,
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

impl Chain {
    fn new(modes: &[Mode], registry: &Arc<Registry>) -> Self {
        let authorizers = modes.iter().map(|mode| match mode {
            Mode::AlwaysAllow => Authorizer::AlwaysAllow,
            Mode::AlwaysDeny => Authorizer::AlwaysDeny,
            Mode::Abac(policies) => Authorizer::Abac(policies.clone()),
            Mode::Node => Authorizer::Node(Box::new(Nodes::new(registry.clone()))),
            Mode::Rbac => Authorizer::Rbac,
            Mode::Webhook(webhook) => {
                Authorizer::Webhook(Box::new(Asker::new((**webhook).clone())))
            }
        });
        Self(authorizers.collect())
    }
}

impl Authorization {
    pub(crate) fn new(
        modes: &[Mode],
        file: Option<AuthorizationFile>,
        registry: &Arc<Registry>,
    ) -> Self {
        let chain = Arc::new(RwLock::new(Arc::new(Chain::new(modes, registry))));
        let reload = file.map(|file| {
            let work = reload::follow(registry.clone(), file, chain.clone());
            registry.host.spawn("apiserver/authorization-config", work)
        });
        let rbac = Rbac::new(registry.clone());
        Self { chain, rbac, registry: registry.clone(), _reload: reload }
    }

    /// Decides. The members of `system:masters` may do everything in every mode.
    pub(crate) async fn decide(&self, attributes: &Attributes) -> Decision {
        if attributes.user.is_in(MASTERS) {
            return Decision::allow("");
        }
        let (mut reasons, mut faults) = (Vec::new(), Vec::new());
        let chain = self.chain.read().clone();
        for authorizer in &chain.0 {
            let said = self.ask(authorizer, attributes).await;
            if said.verdict != Verdict::NoOpinion {
                return said;
            }
            reasons.extend(Some(said.reason).filter(|reason| !reason.is_empty()));
            faults.extend(said.fault);
        }
        let fault = aggregate(&faults);
        Decision { fault, ..Decision::no_opinion(reasons.join("\n")) }
    }

    async fn ask(&self, authorizer: &Authorizer, attributes: &Attributes) -> Decision {
        match authorizer {
            Authorizer::AlwaysAllow => Decision::allow(""),
            Authorizer::AlwaysDeny => Decision::no_opinion("Everything is forbidden."),
            Authorizer::Abac(policies) => abac::decide(policies, attributes),
            Authorizer::Node(nodes) => nodes.decide(attributes).await,
            Authorizer::Rbac => self.rbac.decide(attributes).await,
            Authorizer::Webhook(asker) => asker.decide(&self.registry.host, attributes).await,
        }
    }

    /// Refuses what is not allowed.
    ///
    /// # Errors
    /// The refusal as the client is told.
    pub(crate) async fn demand(&self, attributes: &Attributes) -> Result<(), Failure> {
        let Decision { verdict, reason, fault } = self.decide(attributes).await;
        if verdict == Verdict::Allow {
            return Ok(());
        }
        let told: Vec<_> = fault.into_iter().chain([reason]).filter(|it| !it.is_empty()).collect();
        Err(attributes.forbidden(&told.join(": ")))
    }

    /// Lists what a user may do in a namespace.
    pub(crate) async fn rights(&self, user: &User, namespace: &str) -> Rights {
        let mut rights = Rights::default();
        let chain = self.chain.read().clone();
        for authorizer in &chain.0 {
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
                Authorizer::Webhook(_) => {
                    let why = "webhook authorizer does not support user rule resolution";
                    rights.incomplete = true;
                    rights.errors.push(why.into());
                }
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

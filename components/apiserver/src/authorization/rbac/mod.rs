//! Roles and bindings say who may do what.
//!
//! Upstream: plugin/pkg/auth/authorizer/rbac, pkg/registry/rbac/validation/rule.go.

mod binding;
pub(crate) mod escalation;
mod policy;
pub(crate) mod reconcile;
mod rule;

pub(crate) use binding::RoleRef;
pub(crate) use policy::node_rules;
pub(crate) use rule::{Rule, compact, missing, quoted, rules_allow};

use super::{Attributes, Decision};
use crate::{
    authentication::User,
    cache::{
        Cacher, Entry,
        index::{Index, Place, Values, part},
    },
    failure::{Failure, Named},
    registry::Registry,
};
use binding::Binding;
use serde::{Deserialize, de::DeserializeOwned};
use std::sync::Arc;

/// The API group of roles and bindings.
pub(crate) const GROUP: &str = "rbac.authorization.k8s.io";

/// Roles and bindings as their caches have them.
#[derive(Debug)]
pub(crate) struct Rbac {
    registry: Arc<Registry>,
    roles: Index<Role>,
    cluster_roles: Index<Role>,
    bindings: Index<Binding>,
    cluster_bindings: Index<Binding>,
}

/// What of a `Role` or `ClusterRole` decides.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
struct Role {
    rules: Option<Vec<Rule>>,
}

/// All roles and bindings as of one moment.
struct View<'a> {
    roles: Values<'a, Role>,
    cluster_roles: Values<'a, Role>,
    bindings: Values<'a, Binding>,
    cluster_bindings: Values<'a, Binding>,
}

/// Where an object stands: its namespace and name. One that cannot be read gives nothing.
fn read<T: DeserializeOwned>(entry: &Entry) -> Option<(Place, T)> {
    let metadata = &entry.value()["metadata"];
    let text = |name: &str| metadata[name].as_str().unwrap_or_default().to_owned();
    let place = (text("namespace"), text("name"));
    Some((place, serde_json::from_slice(&entry.bytes).ok()?))
}

impl Rbac {
    pub(super) fn new(registry: Arc<Registry>) -> Self {
        Self {
            registry,
            roles: Index::new(read),
            cluster_roles: Index::new(read),
            bindings: Index::new(read),
            cluster_bindings: Index::new(read),
        }
    }

    async fn caches(&self) -> Result<[Arc<Cacher>; 4], Failure> {
        let cache = |plural| self.registry.cached(GROUP, "v1", plural);
        Ok([
            cache("roles").await?,
            cache("clusterroles").await?,
            cache("rolebindings").await?,
            cache("clusterrolebindings").await?,
        ])
    }

    fn view(
        &self,
        [roles, cluster_roles, bindings, cluster_bindings]: &[Arc<Cacher>; 4],
    ) -> View<'_> {
        View {
            roles: self.roles.now(roles),
            cluster_roles: self.cluster_roles.now(cluster_roles),
            bindings: self.bindings.now(bindings),
            cluster_bindings: self.cluster_bindings.now(cluster_bindings),
        }
    }

    /// Decides by the first rule that allows the request.
    pub(super) async fn decide(&self, attributes: &Attributes) -> Decision {
        let caches = match self.caches().await {
            Ok(caches) => caches,
            Err(failure) => return Decision::no_opinion(format!("RBAC: {failure}")),
        };
        let view = self.view(&caches);
        let mut errors = Vec::new();
        for given in view.given(&attributes.user, &attributes.namespace) {
            match given {
                Ok((words, rules)) if rules_allow(attributes, rules) => {
                    return Decision::allow(format!("RBAC: allowed by {words}"));
                }
                Ok(_) => {}
                Err(why) => errors.push(why),
            }
        }
        Decision::no_opinion(
            aggregate(errors).map(|why| format!("RBAC: {why}")).unwrap_or_default(),
        )
    }

    /// The rules that a user has in a namespace (in none: at the cluster's scope), and what could
    /// not be found out.
    pub(crate) async fn rules_of(&self, user: &User, namespace: &str) -> (Vec<Rule>, Vec<String>) {
        let caches = match self.caches().await {
            Ok(caches) => caches,
            Err(failure) => return (Vec::new(), vec![failure.to_string()]),
        };
        let view = self.view(&caches);
        let (mut rules, mut errors) = (Vec::new(), Vec::new());
        for given in view.given(user, namespace) {
            match given {
                Ok((_, more)) => rules.extend(more.iter().cloned()),
                Err(why) => errors.push(why),
            }
        }
        (rules, errors)
    }

    /// The rules of a role that a binding in a namespace names.
    ///
    /// # Errors
    /// There is no such role.
    pub(crate) async fn rules_behind(
        &self,
        role: &RoleRef,
        namespace: &str,
    ) -> Result<Vec<Rule>, Failure> {
        let caches = self.caches().await?;
        let view = self.view(&caches);
        let resource = if role.kind == "Role" { "roles" } else { "clusterroles" };
        let missing = || Failure::not_found(Named { group: GROUP, resource, name: &role.name });
        view.rules(role, namespace).map(<[Rule]>::to_vec).ok_or_else(missing)
    }
}

impl View<'_> {
    fn rules(&self, role: &RoleRef, namespace: &str) -> Option<&[Rule]> {
        let found = match role.kind.as_str() {
            "Role" => self.roles.get(&(namespace.to_owned(), role.name.clone())),
            "ClusterRole" => self.cluster_roles.get(&(String::new(), role.name.clone())),
            _ => None,
        };
        found.map(|role| role.rules.as_deref().unwrap_or_default())
    }

    /// The rules that are given to a user, binding by binding, with the words that say by which; or
    /// why the role is not to be had.
    fn given<'a>(
        &'a self,
        user: &'a User,
        namespace: &'a str,
    ) -> impl Iterator<Item = Result<(String, &'a [Rule]), String>> {
        let cluster = part(&self.cluster_bindings, "").map(|(name, one)| (name, "", one));
        // In no namespace there are no bindings but the cluster's.
        let local = part(&self.bindings, namespace).map(move |(name, one)| (name, namespace, one));
        cluster.chain(local).filter_map(move |(name, namespace, binding)| {
            let words = binding.gives(name, namespace, user)?;
            let RoleRef { kind, name } = &binding.role_ref;
            let missing = || match kind.as_str() {
                "Role" | "ClusterRole" => {
                    format!("{}.{GROUP} {name:?} not found", kind.to_lowercase())
                }
                _ => format!("unsupported role reference kind: {kind:?}"),
            };
            let rules = self.rules(&binding.role_ref, namespace);
            Some(rules.map(|rules| (words, rules)).ok_or_else(missing))
        })
    }
}

/// Several errors as one text, each said once (apimachinery's util/errors, Aggregate).
fn aggregate(mut errors: Vec<String>) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    errors.retain(|error| seen.insert(error.clone()));
    match errors.len() {
        0 => None,
        1 => errors.pop(),
        _ => Some(format!("[{}]", errors.join(", "))),
    }
}

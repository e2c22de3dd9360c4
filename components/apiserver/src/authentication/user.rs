//! A client as authorization and audit know it.
//!
//! Upstream: apiserver/pkg/authentication/user, and serviceaccount/util.go for the names of service
//! accounts.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Who sends a request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct User {
    /// `system:admin`, `alice`.
    pub name: String,
    /// Empty where the source knows none.
    pub uid: String,
    /// `system:masters`, `system:authenticated`.
    pub groups: Vec<String>,
    /// What else the source knows; keys are lower case.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// Whoever shows no credentials.
pub(crate) const ANONYMOUS: &str = "system:anonymous";
/// The group of whoever showed no credentials.
pub(crate) const UNAUTHENTICATED: &str = "system:unauthenticated";
/// Every known client is in this group.
pub(crate) const AUTHENTICATED: &str = "system:authenticated";
/// Its members may do everything.
pub(crate) const MASTERS: &str = "system:masters";
/// The group of nodes.
pub(crate) const NODES: &str = "system:nodes";
/// The key in `extra` of the node that a service account's pod is on.
pub(crate) const NODE_NAME: &str = "authentication.kubernetes.io/node-name";
/// The key in `extra` of what identifies the credential that was shown.
pub(crate) const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

impl User {
    /// `system:anonymous`.
    pub(crate) fn anonymous() -> Self {
        let groups = vec![UNAUTHENTICATED.into()];
        Self { name: ANONYMOUS.into(), groups, ..Self::default() }
    }

    /// A service account, as its tokens name it.
    pub(crate) fn service_account(namespace: &str, name: &str, uid: &str) -> Self {
        Self {
            name: format!("{SERVICE_ACCOUNT}{namespace}:{name}"),
            uid: uid.into(),
            groups: service_account_groups(namespace),
            extra: BTreeMap::new(),
        }
    }

    /// Whether it is in the group.
    pub(crate) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|one| one == group)
    }

    /// `authentication.k8s.io/v1, UserInfo`; what is empty is left out, as Go leaves it out.
    pub(crate) fn info(&self) -> Value {
        let mut info = Map::new();
        for (key, text) in [("username", &self.name), ("uid", &self.uid)] {
            if !text.is_empty() {
                info.insert(key.into(), text.as_str().into());
            }
        }
        if !self.groups.is_empty() {
            info.insert("groups".into(), json!(self.groups));
        }
        if !self.extra.is_empty() {
            info.insert("extra".into(), json!(self.extra));
        }
        info.into()
    }

    /// Adds the group of known clients where the user is in neither of the two groups that say
    /// whether it is known (authentication/group).
    pub(crate) fn authenticated(mut self) -> Self {
        if !self.is_in(AUTHENTICATED) && !self.is_in(UNAUTHENTICATED) {
            self.groups.push(AUTHENTICATED.into());
        }
        self
    }
}

/// The groups that every service account of a namespace is in.
pub(crate) fn service_account_groups(namespace: &str) -> Vec<String> {
    vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")]
}

/// Namespace and name of the service account that a user's name stands for.
pub(crate) fn service_account_of(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix(SERVICE_ACCOUNT)?.split_once(':')?;
    let plausible =
        api::names::dns_label(namespace).is_empty() && api::names::dns_subdomain(name).is_empty();
    plausible.then_some((namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_accounts_are_known_by_their_names() {
        let user = User::service_account("a", "b", "7");
        assert_eq!(user.name, "system:serviceaccount:a:b");
        assert_eq!(user.groups, ["system:serviceaccounts", "system:serviceaccounts:a"]);
        for (name, expected) in [
            ("system:serviceaccount:a:b", Some(("a", "b"))),
            ("system:serviceaccount:a:b:c", None),
            ("system:serviceaccount:a", None),
            ("system:serviceaccount::b", None),
            ("alice", None),
        ] {
            assert_eq!(service_account_of(name), expected, "{name}");
        }
    }
}

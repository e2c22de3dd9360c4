//! To whom a role is given.
//!
//! Upstream: pkg/registry/rbac/validation/rule.go (appliesTo, describeSubject).

use crate::authentication::User;
use serde::Deserialize;

/// What of a `RoleBinding` or `ClusterRoleBinding` decides.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Binding {
    pub(crate) role_ref: RoleRef,
    subjects: Option<Vec<Subject>>,
}

/// Which role.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RoleRef {
    /// `Role` or `ClusterRole`.
    pub(crate) kind: String,
    pub(crate) name: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
struct Subject {
    kind: String,
    name: String,
    namespace: String,
}

impl Subject {
    /// A subject without a namespace is in the binding's.
    fn namespace<'a>(&'a self, binding: &'a str) -> &'a str {
        if self.namespace.is_empty() { binding } else { &self.namespace }
    }

    fn is(&self, user: &User, namespace: &str) -> bool {
        match self.kind.as_str() {
            "User" => user.name == self.name,
            "Group" => user.is_in(&self.name),
            "ServiceAccount" => match self.namespace(namespace) {
                "" => false,
                of => {
                    let rest = user.name.strip_prefix("system:serviceaccount:");
                    rest.and_then(|rest| rest.strip_prefix(of)?.strip_prefix(':'))
                        == Some(&self.name)
                }
            },
            _ => false,
        }
    }

    fn describe(&self, namespace: &str) -> String {
        let Self { kind, name, .. } = self;
        match kind.as_str() {
            "ServiceAccount" => {
                format!("{kind} {:?}", format!("{name}/{}", self.namespace(namespace)))
            }
            _ => format!("{kind} {name:?}"),
        }
    }
}

impl Binding {
    /// In which words it is given to the user; none: it is not. A cluster's binding has no
    /// namespace.
    pub(crate) fn gives(&self, name: &str, namespace: &str, user: &User) -> Option<String> {
        let subject = self.subjects.iter().flatten().find(|one| one.is(user, namespace))?;
        let (kind, name) = match namespace {
            "" => ("ClusterRoleBinding", name.to_owned()),
            _ => ("RoleBinding", format!("{name}/{namespace}")),
        };
        let RoleRef { kind: role, name: of } = &self.role_ref;
        Some(format!("{kind} {name:?} of {role} {of:?} to {}", subject.describe(namespace)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bindings_name_users_groups_and_service_accounts() {
        let binding = |kind: &str, name: &str, namespace: &str| -> Binding {
            let subject = json!({"kind": kind, "name": name, "namespace": namespace});
            let role = json!({"kind": "ClusterRole", "name": "view"});
            serde_json::from_value(json!({"roleRef": role, "subjects": [subject]})).unwrap()
        };
        let account = User::service_account("n", "bot", "");
        let alice = User { name: "alice".into(), groups: vec!["dev".into()], ..User::default() };
        let cases = [
            (
                binding("User", "alice", ""),
                "",
                &alice,
                Some("ClusterRoleBinding \"b\" of ClusterRole \"view\" to User \"alice\""),
            ),
            (binding("User", "bob", ""), "", &alice, None),
            (
                binding("Group", "dev", ""),
                "n",
                &alice,
                Some("RoleBinding \"b/n\" of ClusterRole \"view\" to Group \"dev\""),
            ),
            (
                binding("ServiceAccount", "bot", "n"),
                "",
                &account,
                Some(
                    "ClusterRoleBinding \"b\" of ClusterRole \"view\" to ServiceAccount \"bot/n\"",
                ),
            ),
            (
                binding("ServiceAccount", "bot", ""),
                "n",
                &account,
                Some("RoleBinding \"b/n\" of ClusterRole \"view\" to ServiceAccount \"bot/n\""),
            ),
            (binding("ServiceAccount", "bot", ""), "", &account, None),
            (binding("ServiceAccount", "bot", "m"), "n", &account, None),
            (binding("Robot", "alice", ""), "", &alice, None),
        ];
        for (binding, namespace, user, expected) in cases {
            assert_eq!(binding.gives("b", namespace, user).as_deref(), expected);
        }
        assert_eq!(Binding::default().gives("b", "", &alice), None);
    }
}

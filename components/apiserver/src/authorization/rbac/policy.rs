//! The roles and bindings that every cluster has: the table in `tables/policy.txt`, read.
//!
//! A line that is not indented begins a role; `to X` says that it is a part of the role that
//! gathers `from X`, `controller X` names the role `system:controller:X` of the service account
//! `kube-system/X`. Indented lines are its rules, `verbs: groups resources = names` or
//! `verbs: paths …`, and to whom it is given.
//!
//! Upstream: plugin/pkg/auth/authorizer/rbac/bootstrappolicy.

use super::{GROUP, Rule};
use serde_json::{Map, Value, json};

/// The label of a role that is a part of others, without what it is a part of.
const AGGREGATE: &str = "rbac.authorization.k8s.io/aggregate-to-";

/// One role of the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct PolicyRole {
    /// Empty for a role of the cluster.
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Roles that it is a part of, by the last word of the label.
    to: Vec<String>,
    /// The parts that it gathers.
    from: Option<String>,
    pub(crate) rules: Vec<Rule>,
    /// The binding's name and subjects.
    given: Option<(String, Vec<Value>)>,
}

/// The table; what gathers others has their rules.
pub(crate) fn roles() -> Vec<PolicyRole> {
    let mut roles =
        parse(include_str!("../../../tables/policy.txt")).expect("a test reads the same table");
    // What is gathered may itself gather: view is a part of edit, edit a part of admin.
    for name in ["view", "edit", "admin"] {
        let parts = roles.iter().filter(|role| role.to.iter().any(|to| to == name));
        let mut rules: Vec<Rule> = Vec::new();
        for rule in parts.flat_map(|part| part.rules.clone()) {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        if let Some(role) = roles.iter_mut().find(|role| role.from.as_deref() == Some(name)) {
            role.rules = rules;
        }
    }
    roles
}

/// The rules of the role `system:node`, which the node authorizer goes by.
pub(crate) fn node_rules() -> Vec<Rule> {
    let node = roles().into_iter().find(|role| role.name == "system:node");
    node.map(|role| role.rules).unwrap_or_default()
}

fn parse(table: &str) -> Result<Vec<PolicyRole>, String> {
    let mut roles: Vec<PolicyRole> = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let read = match (line.strip_prefix("  "), roles.last_mut()) {
            (Some(rule), Some(role)) => role.line(rule),
            _ => PolicyRole::header(line).map(|role| roles.push(role)),
        };
        read.ok_or_else(|| format!("cannot be read: {line}"))?;
    }
    Ok(roles)
}

impl PolicyRole {
    fn header(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (what, name) = (words.next()?, words.next()?);
        let mut role = Self::default();
        match what {
            "controller" => {
                role.name = format!("system:controller:{name}");
                role.given = Some((role.name.clone(), vec![account("kube-system", name)]));
            }
            "role" => {
                let (namespace, name) = name.split_once('/')?;
                (role.namespace, role.name) = (namespace.to_owned(), name.to_owned());
            }
            "cluster-role" => name.clone_into(&mut role.name),
            _ => return None,
        }
        while let (Some(how), Some(other)) = (words.next(), words.next()) {
            match how {
                "to" => role.to.push(other.to_owned()),
                "from" => role.from = Some(other.to_owned()),
                _ => return None,
            }
        }
        Some(role)
    }

    fn line(&mut self, line: &str) -> Option<()> {
        if let Some(given) = line.strip_prefix("given") {
            self.given = Some(self.read_given(given)?);
            return Some(());
        }
        let (verbs, rest) = line.split_once(": ")?;
        let verbs = sorted(verbs.split(' ').flat_map(meant).map(str::to_owned));
        let rule = match rest.strip_prefix("paths ") {
            Some(paths) => Rule { verbs, non_resource_urls: words(paths), ..Rule::default() },
            None => {
                let (what, names) = rest.split_once(" = ").unwrap_or((rest, ""));
                let (groups, resources) = what.split_once(' ')?;
                let group =
                    |group: &str| if group == "core" { String::new() } else { group.into() };
                Rule {
                    verbs,
                    api_groups: groups.split(',').map(group).collect(),
                    resources: words(resources),
                    resource_names: words(names),
                    ..Rule::default()
                }
            }
        };
        self.rules.push(rule);
        Some(())
    }

    /// ` as NAME: Kind name …`, or `: …` where the binding has the role's name.
    fn read_given(&self, given: &str) -> Option<(String, Vec<Value>)> {
        let (name, subjects) = match given.strip_prefix(" as ") {
            Some(named) => named.split_once(": ").map(|(name, rest)| (name.to_owned(), rest))?,
            None => (self.name.clone(), given.strip_prefix(':')?),
        };
        let words = words(subjects);
        let subjects = words.chunks(2).map(|pair| match pair {
            [kind, name] if kind == "ServiceAccount" => {
                name.split_once('/').map(|(namespace, name)| account(namespace, name))
            }
            [kind, name] => Some(json!({"kind": kind, "apiGroup": GROUP, "name": name})),
            _ => None,
        });
        Some((name, subjects.collect::<Option<_>>()?))
    }

    fn is_clusters(&self) -> bool {
        self.namespace.is_empty()
    }

    fn metadata(&self, name: &str) -> Value {
        let mut metadata = json!({
            "name": name,
            "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
            "annotations": {super::reconcile::AUTO_UPDATE: "true"},
        });
        if !self.is_clusters() {
            metadata["namespace"] = self.namespace.as_str().into();
        }
        metadata
    }

    /// The role as an object.
    pub(crate) fn role(&self) -> Value {
        let kind = if self.is_clusters() { "ClusterRole" } else { "Role" };
        let mut metadata = self.metadata(&self.name);
        for to in &self.to {
            metadata["labels"][format!("{AGGREGATE}{to}")] = "true".into();
        }
        let mut role = json!({
            "kind": kind, "apiVersion": format!("{GROUP}/v1"), "metadata": metadata,
            "rules": self.rules,
        });
        if let Some(from) = &self.from {
            let labels = Map::from_iter([(format!("{AGGREGATE}{from}"), "true".into())]);
            role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
        }
        role
    }

    /// The binding as an object, where it is given to anybody, or may be.
    pub(crate) fn binding(&self) -> Option<Value> {
        let (name, subjects) = self.given.as_ref()?;
        let prefix = if self.is_clusters() { "Cluster" } else { "" };
        let mut binding = json!({
            "kind": format!("{prefix}RoleBinding"), "apiVersion": format!("{GROUP}/v1"),
            "metadata": self.metadata(name),
            "roleRef": {"apiGroup": GROUP, "kind": format!("{prefix}Role"), "name": self.name},
        });
        if !subjects.is_empty() {
            binding["subjects"] = subjects.as_slice().into();
        }
        Some(binding)
    }
}

fn account(namespace: &str, name: &str) -> Value {
    json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
}

/// The verbs that a word of the table stands for.
fn meant(word: &str) -> Vec<&str> {
    match word {
        "read" => vec!["get", "list", "watch"],
        "write" => vec!["create", "delete", "deletecollection", "patch", "update"],
        verb => vec![verb],
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn sorted(verbs: impl Iterator<Item = String>) -> Vec<String> {
    let mut verbs: Vec<_> = verbs.collect();
    verbs.sort();
    verbs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_whole() {
        let roles = roles();
        let clusters = roles.iter().filter(|role| role.is_clusters());
        assert_eq!(clusters.clone().count(), 70);
        assert_eq!(clusters.filter_map(PolicyRole::binding).count(), 51);
        assert_eq!(roles.len(), 77);
        assert!(roles.iter().all(|role| !role.rules.is_empty()));
    }

    #[test]
    fn gathered_rules_are_complete() {
        let roles = roles();
        let rules = |name: &str| {
            let role = roles.iter().find(|role| role.name == name).expect("it is in the table");
            role.rules.clone()
        };
        for (small, large) in [("view", "edit"), ("edit", "admin"), ("admin", "cluster-admin")] {
            assert_eq!(super::super::missing(&rules(large), &rules(small)), [], "{small}");
            assert_ne!(super::super::missing(&rules(small), &rules(large)), [], "{small}");
        }
    }

    #[test]
    fn objects_are_as_upstream_s() {
        let roles = roles();
        let find = |name: &str| roles.iter().find(|role| role.name == name).expect("it is there");
        let objects = json!([
            find("edit").role()["metadata"],
            find("edit").role()["aggregationRule"],
            find("system:monitoring").role(),
            find("system:node").binding(),
            find("system:public-info-viewer").binding(),
            find("extension-apiserver-authentication-reader").role(),
            find("extension-apiserver-authentication-reader").binding(),
            find("system:controller:ttl-controller").binding(),
        ]);
        let text = serde_json::to_string_pretty(&objects).expect("it is JSON");
        insta::assert_snapshot!(text);
    }
}

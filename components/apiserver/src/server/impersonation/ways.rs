//! The ways in which a client may act as another, and the rights that each takes. Pure.
//!
//! Four ways are narrow: beside the right to be somebody they take the right to do as somebody what
//! is asked for. The last is the old one, whose right is to be somebody for everything.
//!
//! Upstream: apiserver/pkg/endpoints/filters/impersonation/mode.go.

use crate::{
    authentication::{
        ANONYMOUS, AUTHENTICATED, MASTERS, NODE_NAME, NODES, UNAUTHENTICATED, User,
        service_account_groups, service_account_of,
    },
    authorization::Attributes,
    configuration::aggregate,
    faults::domain_prefixed_path,
};
use std::{collections::BTreeMap, sync::Arc};

/// Uids, extras, and in narrow ways users and groups are resources of this group.
const GROUP: &str = "authentication.k8s.io";
/// In narrow ways so many rights of one kind may be held as one right to all.
const MANY: usize = 4;

/// One way.
#[derive(Debug)]
pub(super) struct Way {
    /// Whom the client becomes.
    pub(super) user: User,
    /// The verb that let it; empty for the old way.
    pub(super) constraint: String,
    pub(super) steps: Vec<Step>,
}

/// What it takes.
#[derive(Debug)]
pub(super) enum Step {
    /// This right.
    Demand(Attributes),
    /// The right to all, or each of these.
    All { whole: Option<Attributes>, each: Vec<Attributes> },
    /// Nobody has it.
    Never(Attributes, String),
}

/// The ways that are open to whoever sends a request and wants to be somebody, in the order in which
/// they are tried.
pub(super) fn ways(wanted: &User, asked: &Attributes) -> Vec<Way> {
    let alone = wanted.uid.is_empty() && wanted.groups.is_empty() && wanted.extra.is_empty();
    let node = node_of(&wanted.name);
    let account = service_account_of(&wanted.name);
    let mut ways = Vec::new();
    if alone && node.is_some_and(|node| is_beside(&asked.user, node)) {
        ways.push(narrow("associated-node", wanted, &beside(asked)));
    }
    if alone && node.is_some() {
        ways.push(narrow("arbitrary-node", wanted, asked));
    }
    if alone && account.is_some() {
        ways.push(narrow("serviceaccount", wanted, asked));
    }
    if node.is_none() && account.is_none() {
        ways.push(narrow("user-info", wanted, asked));
    }
    let rights = Rights { asker: asked.user.clone(), verb: "impersonate".into(), narrow: false };
    let (user, steps) = (rights.user(wanted), rights.steps(wanted));
    ways.push(Way { user, constraint: String::new(), steps });
    ways
}

fn narrow(mode: &str, wanted: &User, asked: &Attributes) -> Way {
    let on = Attributes { verb: format!("impersonate-on:{mode}:{}", asked.verb), ..asked.clone() };
    let verb = format!("impersonate:{mode}");
    let rights = Rights { asker: asked.user.clone(), verb: verb.clone(), narrow: true };
    let mut steps = vec![Step::Demand(on)];
    steps.extend(rights.steps(wanted));
    Way { user: rights.user(wanted), constraint: verb, steps }
}

/// The node that a user's name stands for.
fn node_of(name: &str) -> Option<&str> {
    let node = name.strip_prefix("system:node:")?;
    api::names::dns_subdomain(node).is_empty().then_some(node)
}

/// Whether it is a service account of a pod on the node.
fn is_beside(asker: &User, node: &str) -> bool {
    let named = asker.extra.get(NODE_NAME).map(Vec::as_slice);
    service_account_of(&asker.name).is_some() && named == Some(&[node.to_owned()])
}

/// The request as one whose sender is beside a node, whichever: rights are given for all nodes.
fn beside(asked: &Attributes) -> Attributes {
    let keys = asked.user.extra.keys().cloned().collect();
    let key = "authentication.kubernetes.io/associated-node-keys".to_owned();
    let user = User { extra: BTreeMap::from([(key, keys)]), ..(*asked.user).clone() };
    Attributes { user: Arc::new(user), ..asked.clone() }
}

/// Makes the rights of one way.
#[derive(Debug)]
struct Rights {
    asker: Arc<User>,
    verb: String,
    narrow: bool,
}

impl Rights {
    fn right(&self, group: &str, resource: &str, name: &str) -> Attributes {
        Attributes {
            user: self.asker.clone(),
            verb: self.verb.clone(),
            is_resource: true,
            group: group.into(),
            version: "v1".into(),
            resource: resource.into(),
            name: name.into(),
            ..Attributes::default()
        }
    }

    /// The group of users and groups.
    fn group(&self) -> &'static str {
        if self.narrow { GROUP } else { "" }
    }

    fn steps(&self, wanted: &User) -> Vec<Step> {
        let mut steps = vec![Step::Demand(self.name(&wanted.name))];
        if !wanted.uid.is_empty() {
            steps.push(Step::Demand(self.right(GROUP, "uids", &wanted.uid)));
        }
        steps.extend(self.groups(&wanted.groups));
        steps.extend(self.extra(&wanted.extra));
        steps
    }

    fn name(&self, name: &str) -> Attributes {
        if let Some((namespace, account)) = service_account_of(name) {
            let right = self.right(self.group(), "serviceaccounts", account);
            return Attributes { namespace: namespace.into(), ..right };
        }
        match node_of(name).filter(|_| self.narrow) {
            Some(_) if self.verb == "impersonate:associated-node" => {
                self.right(GROUP, "nodes", "*")
            }
            Some(node) => self.right(GROUP, "nodes", node),
            None => self.right(self.group(), "users", name),
        }
    }

    fn groups(&self, groups: &[String]) -> Option<Step> {
        if groups.is_empty() {
            return None;
        }
        let right = |name: &str| self.right(self.group(), "groups", name);
        let has = |name: &str| groups.iter().any(|group| group == name);
        if self.narrow && has("") {
            let why = "impersonating the empty string group is not allowed";
            return Some(Step::Never(right(""), why.into()));
        }
        if self.narrow && has(MASTERS) {
            let why = "impersonating the system:masters group is not allowed";
            return Some(Step::Never(right(MASTERS), why.into()));
        }
        let whole = (self.narrow && groups.len() >= MANY).then(|| right("*"));
        Some(Step::All { whole, each: groups.iter().map(|group| right(group)).collect() })
    }

    fn extra(&self, extra: &BTreeMap<String, Vec<String>>) -> Option<Step> {
        if extra.is_empty() {
            return None;
        }
        let right = |key: &str, value: &str| Attributes {
            subresource: key.into(),
            ..self.right(GROUP, "userextras", value)
        };
        if let Some(why) = extra_fault(extra).filter(|_| self.narrow) {
            return Some(Step::Never(right("", ""), why));
        }
        let pairs = extra.iter().flat_map(|(key, values)| values.iter().map(move |it| (key, it)));
        let each: Vec<_> = pairs.map(|(key, value)| right(key, value)).collect();
        let many = extra.len() >= MANY || each.len() >= MANY;
        Some(Step::All { whole: (self.narrow && many).then(|| right("*", "*")), each })
    }

    /// The user with the groups that come with its name.
    fn user(&self, wanted: &User) -> User {
        let mut user = wanted.clone();
        if self.narrow && node_of(&user.name).is_some() {
            user.groups = vec![NODES.into()];
        }
        if let Some((namespace, _)) = service_account_of(&user.name)
            && wanted.groups.is_empty()
        {
            user.groups = service_account_groups(namespace);
        }
        let joins = match user.name.as_str() {
            ANONYMOUS => Some(UNAUTHENTICATED),
            _ => (!user.is_in(UNAUTHENTICATED)).then_some(AUTHENTICATED),
        };
        if let Some(group) = joins.filter(|group| !user.is_in(group)) {
            user.groups.push(group.into());
        }
        user
    }
}

fn extra_fault(extra: &BTreeMap<String, Vec<String>>) -> Option<String> {
    extra.iter().find_map(|(key, values)| {
        if key.is_empty() {
            return Some("impersonating the empty string key in extra is not allowed".into());
        }
        if let Some(why) = aggregate(&domain_prefixed_path("extra.key", key)) {
            return Some(format!("impersonating an invalid key in extra is not allowed: {why}"));
        }
        let empty = values.iter().any(String::is_empty);
        empty.then(|| "impersonating the empty string value in extra is not allowed".into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(user: User) -> Attributes {
        Attributes {
            user: Arc::new(user),
            verb: "list".into(),
            is_resource: true,
            version: "v1".into(),
            resource: "pods".into(),
            namespace: "n".into(),
            ..Attributes::default()
        }
    }

    fn told(right: &Attributes) -> String {
        let Attributes { verb, namespace, group, name, .. } = right;
        format!("{verb} {group} {namespace}/{} {name}", right.combined_resource())
    }

    fn steps(way: &Way) -> Vec<String> {
        let mut said = Vec::new();
        for step in &way.steps {
            match step {
                Step::Demand(right) => said.push(told(right)),
                Step::All { whole, each } => {
                    said.extend(whole.iter().map(|it| format!("either {}", told(it))));
                    said.extend(each.iter().map(told));
                }
                Step::Never(_, why) => said.push(why.clone()),
            }
        }
        said
    }

    fn named(name: &str) -> User {
        User { name: name.into(), ..User::default() }
    }

    #[test]
    fn a_user_is_narrow_or_whole() {
        let extra = [("example.com/a".to_owned(), vec!["b".to_owned()])].into();
        let wanted = User { uid: "7".into(), groups: vec!["dev".into()], extra, ..named("bob") };
        let ways = ways(&wanted, &asked(named("alice")));
        assert_eq!(
            steps(&ways[0]),
            [
                "impersonate-on:user-info:list  n/pods ",
                "impersonate:user-info authentication.k8s.io /users bob",
                "impersonate:user-info authentication.k8s.io /uids 7",
                "impersonate:user-info authentication.k8s.io /groups dev",
                "impersonate:user-info authentication.k8s.io /userextras/example.com/a b",
            ]
        );
        assert_eq!(
            steps(&ways[1]),
            [
                "impersonate  /users bob",
                "impersonate authentication.k8s.io /uids 7",
                "impersonate  /groups dev",
                "impersonate authentication.k8s.io /userextras/example.com/a b",
            ]
        );
        assert_eq!(ways[0].user.groups, ["dev", "system:authenticated"]);
        assert_eq!((ways[0].constraint.as_str(), ways.len()), ("impersonate:user-info", 2));
    }

    #[test]
    fn accounts_and_nodes_are_named_alone() {
        let asker = asked(named("alice"));
        let all = ways(&named("system:serviceaccount:n:robot"), &asker);
        assert_eq!(
            steps(&all[0])[1],
            "impersonate:serviceaccount authentication.k8s.io n/serviceaccounts robot"
        );
        assert_eq!(steps(&all[1]), ["impersonate  n/serviceaccounts robot"]);
        assert_eq!(all[0].user.groups[1], "system:serviceaccounts:n");
        let all = ways(&named("system:node:n1"), &asker);
        assert_eq!(steps(&all[0])[1], "impersonate:arbitrary-node authentication.k8s.io /nodes n1");
        assert_eq!(all[0].user.groups, ["system:nodes", "system:authenticated"]);
        assert_eq!(all[1].user.groups, ["system:authenticated"]);
        let crowd = User { groups: vec!["dev".into()], ..named("system:node:n1") };
        assert_eq!(ways(&crowd, &asker).len(), 1);
    }

    #[test]
    fn an_agent_is_the_node_that_it_is_on() {
        let extra = [(NODE_NAME.to_owned(), vec!["n1".to_owned()])].into();
        let agent = asked(User { extra, ..named("system:serviceaccount:n:agent") });
        let own = ways(&named("system:node:n1"), &agent);
        assert_eq!(
            steps(&own[0]),
            [
                "impersonate-on:associated-node:list  n/pods ",
                "impersonate:associated-node authentication.k8s.io /nodes *",
            ]
        );
        let Step::Demand(right) = &own[0].steps[1] else { panic!("a right") };
        assert_eq!(
            right.user.extra["authentication.kubernetes.io/associated-node-keys"],
            [NODE_NAME]
        );
        assert_eq!((own[0].user.name.as_str(), own.len()), ("system:node:n1", 3));
        assert_eq!(ways(&named("system:node:n2"), &agent).len(), 2);
    }

    #[test]
    fn narrow_ways_have_limits_and_shortcuts() {
        let in_groups = |groups: &[&str]| {
            let groups = groups.iter().map(|group| (*group).to_owned()).collect();
            let wanted = User { groups, ..named("bob") };
            steps(&ways(&wanted, &asked(named("alice")))[0])[2..].to_vec()
        };
        let masters = "impersonating the system:masters group is not allowed";
        assert_eq!(in_groups(&[MASTERS]), [masters]);
        let many = in_groups(&["a", "b", "c", "d"]);
        let whole = "either impersonate:user-info authentication.k8s.io /groups *";
        assert_eq!((many[0].as_str(), many.len()), (whole, 5));
        let extra = [("scope".to_owned(), vec!["a".to_owned()])].into();
        let wanted = User { extra, ..named("bob") };
        let said = steps(&ways(&wanted, &asked(named("alice")))[0]).join("; ");
        assert!(said.contains("impersonating an invalid key in extra is not allowed"), "{said}");
    }
}

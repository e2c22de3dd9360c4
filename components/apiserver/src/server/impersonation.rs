//! A client that acts as another: the headers `Impersonate-*`, and whether it may.
//!
//! Upstream: apiserver/pkg/endpoints/filters/impersonation.go.

use super::{Asked, Server};
use crate::{
    authentication::{
        ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, User, service_account_groups, service_account_of,
    },
    authorization::Attributes,
    failure::Failure,
};
use http::{HeaderMap, StatusCode};
use std::{collections::BTreeMap, sync::Arc};

const USER: &str = "impersonate-user";
const UID: &str = "impersonate-uid";
const GROUP: &str = "impersonate-group";
const EXTRA: &str = "impersonate-extra-";

/// Uids and extras are resources of this group, the rest of the core.
const AUTHENTICATION: &str = "authentication.k8s.io";

/// Whom the headers name, and the rights that takes.
#[derive(Debug, Default)]
struct Wanted {
    user: User,
    rights: Vec<Attributes>,
}

impl Server {
    /// Lets the client be whom it says, where it may.
    pub(super) async fn impersonate(&self, asked: &mut Asked) -> Result<(), Failure> {
        let Some(wanted) = Wanted::read(&asked.headers).map_err(unreadable)? else {
            return Ok(());
        };
        for right in wanted.rights {
            let right = Attributes { user: asked.requester.user.clone(), ..right };
            self.authorization.demand(&right).await?;
        }
        asked.trail.acts_as(&wanted.user);
        asked.requester.user = Arc::new(wanted.user);
        asked.headers = std::mem::take(&mut asked.headers)
            .into_iter()
            .filter(|(name, _)| {
                name.as_ref().is_none_or(|name| !name.as_str().starts_with("impersonate-"))
            })
            .filter_map(|(name, value)| Some((name?, value)))
            .collect();
        Ok(())
    }
}

fn unreadable(why: String) -> Failure {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", why)
}

impl Wanted {
    /// Reads the headers; none: the client is itself.
    fn read(headers: &HeaderMap) -> Result<Option<Self>, String> {
        let mut wanted = Self::default();
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let name = text(USER).unwrap_or_default();
        let groups = headers.get_all(GROUP).iter().filter_map(|value| value.to_str().ok());
        let groups: Vec<String> = groups.map(str::to_owned).collect();
        let extra = extra(headers);
        let uid = text(UID).unwrap_or_default();
        if name.is_empty() {
            return match groups.is_empty() && extra.is_empty() && uid.is_empty() {
                true => Ok(None),
                false => Err(format!(
                    "requested groups {groups:?}, uid {uid:?} and extra {extra:?} without \
                     impersonating a user"
                )),
            };
        }
        wanted.name(name, groups.is_empty());
        for group in groups {
            wanted.take("", "groups", "", &group);
            wanted.user.groups.push(group);
        }
        for (key, values) in extra {
            for value in &values {
                wanted.take(AUTHENTICATION, "userextras", &key, value);
            }
            wanted.user.extra.insert(key, values);
        }
        if !uid.is_empty() {
            wanted.take(AUTHENTICATION, "uids", "", uid);
            uid.clone_into(&mut wanted.user.uid);
        }
        wanted.join_known();
        Ok(Some(wanted))
    }

    /// The user's name; the groups of a service account come with it where none are named.
    fn name(&mut self, name: &str, no_groups: bool) {
        name.clone_into(&mut self.user.name);
        let Some((namespace, account)) = service_account_of(name) else {
            return self.take("", "users", "", name);
        };
        self.take("", "serviceaccounts", "", account);
        if let Some(right) = self.rights.last_mut() {
            namespace.clone_into(&mut right.namespace);
        }
        if no_groups {
            self.user.groups = service_account_groups(namespace);
        }
    }

    fn take(&mut self, group: &str, resource: &str, subresource: &str, name: &str) {
        let version = if group.is_empty() { "" } else { "v1" };
        self.rights.push(Attributes {
            verb: "impersonate".into(),
            is_resource: true,
            group: group.into(),
            version: version.into(),
            resource: resource.into(),
            subresource: subresource.into(),
            name: name.into(),
            ..Attributes::default()
        });
    }

    /// Whoever is in neither of the two groups that say whether somebody is known joins the one
    /// that fits its name.
    fn join_known(&mut self) {
        if self.user.is_in(AUTHENTICATED) || self.user.is_in(UNAUTHENTICATED) {
            return;
        }
        let anonymous = self.user.name == ANONYMOUS;
        let group = if anonymous { UNAUTHENTICATED } else { AUTHENTICATED };
        self.user.groups.push(group.into());
    }
}

/// Keys are lower case; what HTTP does not let them have they have escaped.
fn extra(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        let key = name.as_str().strip_prefix(EXTRA).filter(|key| !key.is_empty());
        if let (Some(key), Ok(value)) = (key, value.to_str()) {
            let key = crate::query::path(key).unwrap_or_else(|| key.to_owned());
            extra.entry(key).or_default().push(value.to_owned());
        }
    }
    extra
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[(&'static str, &'static str)]) -> Result<Option<(User, String)>, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, http::HeaderValue::from_static(value));
        }
        let wanted = Wanted::read(&headers)?;
        Ok(wanted.map(|wanted| {
            let right = |right: &Attributes| {
                let Attributes { namespace, group, name, .. } = right;
                format!("{group} {namespace}/{} {name}", right.combined_resource())
            };
            let rights: Vec<_> = wanted.rights.iter().map(right).collect();
            (wanted.user, rights.join(", "))
        }))
    }

    #[test]
    fn each_part_of_another_takes_a_right_of_its_own() {
        let (user, rights) = read(&[
            (USER, "alice"),
            (GROUP, "dev"),
            (GROUP, "ops"),
            ("impersonate-extra-example.com%2fscope", "a"),
            (UID, "7"),
        ])
        .unwrap()
        .unwrap();
        assert_eq!((user.name.as_str(), user.uid.as_str()), ("alice", "7"));
        assert_eq!(user.groups, ["dev", "ops", "system:authenticated"]);
        assert_eq!(user.extra["example.com/scope"], ["a"]);
        assert_eq!(
            rights,
            " /users alice,  /groups dev,  /groups ops, authentication.k8s.io \
             /userextras/example.com/scope a, authentication.k8s.io /uids 7"
        );
    }

    #[test]
    fn service_accounts_and_the_unknown_have_groups_of_their_own() {
        let (user, rights) = read(&[(USER, "system:serviceaccount:n:robot")]).unwrap().unwrap();
        assert_eq!(rights, " n/serviceaccounts robot");
        assert_eq!(
            user.groups,
            ["system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated"]
        );
        let (user, _) = read(&[(USER, "system:anonymous")]).unwrap().unwrap();
        assert_eq!(user.groups, ["system:unauthenticated"]);
    }

    #[test]
    fn nobody_can_have_groups_alone() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[(GROUP, "dev")]).unwrap_err().contains("without impersonating a user"));
        assert!(read(&[(UID, "7")]).is_err());
    }
}

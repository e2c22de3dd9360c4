//! Whom the headers `Impersonate-*` name. Pure.
//!
//! Upstream: apiserver/pkg/endpoints/filters/impersonation/constrained_impersonation.go.

use crate::{authentication::User, failure::Failure};
use http::HeaderMap;
use std::collections::BTreeMap;

const USER: &str = "impersonate-user";
const UID: &str = "impersonate-uid";
const GROUP: &str = "impersonate-group";
const EXTRA: &str = "impersonate-extra-";

/// The user as it is named, with nothing added; none: the client is itself.
///
/// # Errors
/// Groups and the like without a name.
pub(super) fn wanted(headers: &HeaderMap) -> Result<Option<User>, Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let text = |name: &str| text(name).unwrap_or_default().to_owned();
    let groups = headers.get_all(GROUP).iter().filter_map(|value| value.to_str().ok());
    let groups = groups.map(str::to_owned).collect();
    let user = User { name: text(USER), uid: text(UID), groups, extra: extra(headers) };
    if !user.name.is_empty() {
        return Ok(Some(user));
    }
    match user == User::default() {
        true => Ok(None),
        false => Err(Failure::bad_request(format!(
            "requested {} without impersonating a user name",
            in_go(&user)
        ))),
    }
}

/// Takes the headers out: nothing behind is to behave otherwise for them.
pub(super) fn forget(headers: &mut HeaderMap) {
    let is = |name: &str| matches!(name, USER | UID | GROUP) || name.starts_with(EXTRA);
    let named: Vec<_> = headers.keys().filter(|name| is(name.as_str())).cloned().collect();
    for name in named {
        headers.remove(name);
    }
}

/// Keys are lower case; what HTTP does not let them have they have escaped.
fn extra(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        if let (Some(key), Ok(value)) = (name.as_str().strip_prefix(EXTRA), value.to_str()) {
            let key = crate::query::path(key).unwrap_or_else(|| key.to_owned());
            extra.entry(key).or_default().push(value.to_owned());
        }
    }
    extra
}

/// As Go's `%#v` prints it.
fn in_go(user: &User) -> String {
    let list = |values: &[String]| match values {
        [] => "[]string(nil)".to_owned(),
        some => {
            let some: Vec<_> = some.iter().map(|value| format!("{value:?}")).collect();
            format!("[]string{{{}}}", some.join(", "))
        }
    };
    let extra = user.extra.iter().map(|(key, values)| format!("{key:?}:{}", list(values)));
    let extra = match user.extra.is_empty() {
        true => "map[string][]string(nil)".to_owned(),
        false => format!("map[string][]string{{{}}}", extra.collect::<Vec<_>>().join(", ")),
    };
    let (User { name, uid, .. }, groups) = (user, list(&user.groups));
    format!("&user.DefaultInfo{{Name:{name:?}, UID:{uid:?}, Groups:{groups}, Extra:{extra}}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn headers_name_a_user() {
        let mut all = headers(&[
            (USER, "alice"),
            (GROUP, "dev"),
            (GROUP, "ops"),
            ("impersonate-extra-example.com%2fscope", "a"),
            (UID, "7"),
            ("accept", "text/plain"),
        ]);
        let user = wanted(&all).expect("it is good").expect("a user");
        assert_eq!((user.name.as_str(), user.uid.as_str()), ("alice", "7"));
        assert_eq!(user.groups, ["dev", "ops"]);
        assert_eq!(user.extra["example.com/scope"], ["a"]);
        forget(&mut all);
        assert_eq!(all.len(), 1);
    }

    #[test]
    fn nobody_can_have_groups_alone() {
        assert_eq!(wanted(&headers(&[])), Ok(None));
        let lines = [(GROUP, "dev"), ("impersonate-extra-a", "b")];
        assert_eq!(
            wanted(&headers(&lines)).expect_err("it names nobody").message,
            "requested &user.DefaultInfo{Name:\"\", UID:\"\", Groups:[]string{\"dev\"}, \
             Extra:map[string][]string{\"a\":[]string{\"b\"}}} without impersonating a user name"
        );
        assert!(wanted(&headers(&[(UID, "7")])).is_err());
    }
}

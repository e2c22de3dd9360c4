//! On whose behalf this server asks another: headers that the other believes for the certificate
//! that comes with them. Pure.
//!
//! Upstream: client-go/transport/round_trippers.go (SetAuthProxyHeaders).

use crate::authentication::{MASTERS, User};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::fmt::Write;

const USER: HeaderName = HeaderName::from_static("x-remote-user");
const UID: HeaderName = HeaderName::from_static("x-remote-uid");
const GROUP: HeaderName = HeaderName::from_static("x-remote-group");
const EXTRA: &str = "x-remote-extra-";
const IMPERSONATE: &str = "impersonate-";

/// This server's own user, who may ask others what they have.
pub(super) fn own() -> User {
    let groups = vec![MASTERS.to_owned()];
    User { name: "system:kube-aggregator".into(), groups, ..User::default() }
}

/// Says for whom a request is; credentials are for this server alone and stay behind.
pub(crate) fn set(headers: &mut HeaderMap, user: &User) {
    let ours = |name: &HeaderName| {
        let name = name.as_str();
        [USER, UID, GROUP, header::AUTHORIZATION].iter().any(|one| one == name)
            || name.starts_with(EXTRA)
            || name.starts_with(IMPERSONATE)
    };
    let gone: Vec<HeaderName> = headers.keys().filter(|name| ours(name)).cloned().collect();
    gone.iter().for_each(|name| drop(headers.remove(name)));
    let mut add = |name: HeaderName, value: &str| {
        // A value that HTTP does not allow names nobody.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(name, value);
        }
    };
    add(USER, &user.name);
    if !user.uid.is_empty() {
        add(UID, &user.uid);
    }
    user.groups.iter().for_each(|group| add(GROUP, group));
    for (key, values) in &user.extra {
        if let Ok(name) = HeaderName::try_from(format!("{EXTRA}{}", escaped(key))) {
            values.iter().for_each(|value| add(name.clone(), value));
        }
    }
}

/// A key as a part of a header's name (headerKeyEscape).
fn escaped(key: &str) -> String {
    let mut text = String::new();
    for byte in key.bytes() {
        let legal = byte.is_ascii_alphanumeric() || b"!#$&'*+-.^_`|~".contains(&byte);
        let _ = match legal {
            true => text.write_char(char::from(byte)),
            false => write!(text, "%{byte:02X}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stay_behind_and_the_user_is_named() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer secret"),
            ("x-remote-user", "somebody"),
            ("x-remote-extra-scopes", "all"),
            ("impersonate-user", "other"),
            ("accept", "*/*"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let user = User {
            name: "alice".into(),
            uid: "7".into(),
            groups: vec!["a".into(), "b".into()],
            extra: [("example.com/scope".to_owned(), vec!["x".to_owned()])].into(),
        };
        set(&mut headers, &user);
        let told: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        let mut told = told;
        told.sort_unstable();
        assert_eq!(
            told,
            [
                ("accept", "*/*"),
                ("x-remote-extra-example.com%2fscope", "x"),
                ("x-remote-group", "a"),
                ("x-remote-group", "b"),
                ("x-remote-uid", "7"),
                ("x-remote-user", "alice"),
            ]
        );
    }
}

//! Users whom a proxy names that is trusted for its certificate. Pure.
//!
//! Upstream: apiserver/pkg/authentication/request/headerrequest, pkg/server/options/authentication.go.

use super::{PROXIES, User};
use http::HeaderMap;
use std::collections::BTreeMap;
use wire::tls::Certificate;

/// `--requestheader-*`: which headers a proxy names users in. Names are read in any case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RequestHeader {
    /// Common names that a proxy's certificate may have; any where none is listed.
    pub allowed_names: Vec<String>,
    /// Of the headers that name the user the first that is given counts.
    pub usernames: Vec<String>,
    /// The same for the uid.
    pub uids: Vec<String>,
    /// All of them count.
    pub groups: Vec<String>,
    /// What headers begin with that say more.
    pub extra_prefixes: Vec<String>,
}

/// What everybody's proxies use, whatever the flags say.
const USUAL: [&str; 3] = ["x-remote-user", "x-remote-uid", "x-remote-group"];
const USUAL_EXTRA: &str = "x-remote-extra-";

fn first<'a>(headers: &'a HeaderMap, names: &[String]) -> Option<&'a str> {
    let values = names.iter().filter_map(|name| headers.get(name)?.to_str().ok());
    values.map(str::trim).find(|value| !value.is_empty())
}

impl RequestHeader {
    /// The user that a proxy names; none: nobody is named.
    ///
    /// # Errors
    /// The certificate is not that of a proxy.
    pub(super) fn user(
        &self,
        certificate: Option<&Certificate>,
        headers: &HeaderMap,
    ) -> Result<Option<User>, String> {
        let Some(certificate) = certificate else { return Ok(None) };
        if !certificate.signed_by.contains(&PROXIES) {
            return Err("x509: certificate signed by unknown authority".into());
        }
        let name = &certificate.common_name;
        if !self.allowed_names.is_empty() && !self.allowed_names.contains(name) {
            return Err(format!("x509: subject with cn={name} is not in the allowed list"));
        }
        let Some(name) = first(headers, &self.usernames) else { return Ok(None) };
        let groups = self.groups.iter().flat_map(|name| headers.get_all(name));
        let groups = groups.filter_map(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Some(User {
            name: name.to_owned(),
            uid: first(headers, &self.uids).unwrap_or_default().to_owned(),
            groups: groups.collect(),
            extra: self.extra(headers),
        }))
    }

    fn extra(&self, headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
        let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for prefix in &self.extra_prefixes {
            let prefix = prefix.to_lowercase();
            for (name, value) in headers {
                let key = name.as_str().strip_prefix(&*prefix);
                if let (Some(key), Ok(value)) = (key, value.to_str()) {
                    // What HTTP does not let them have they have escaped.
                    let key = crate::query::path(key).unwrap_or_else(|| key.to_owned());
                    extra.entry(key.to_lowercase()).or_default().push(value.to_owned());
                }
            }
        }
        extra
    }
}

/// Takes the headers out in which proxies name users: nobody behind authentication is to see them.
pub(super) fn forget(config: Option<&RequestHeader>, headers: &mut HeaderMap) {
    let own = config.into_iter();
    let names = own.clone().flat_map(|it| it.usernames.iter().chain(&it.uids).chain(&it.groups));
    let names: Vec<String> =
        names.map(|name| name.to_lowercase()).chain(USUAL.map(str::to_owned)).collect();
    let prefixes = own.flat_map(|it| &it.extra_prefixes).map(|prefix| prefix.to_lowercase());
    let prefixes: Vec<String> = prefixes.chain([USUAL_EXTRA.to_owned()]).collect();
    let named = headers.keys().filter(|key| {
        names.iter().any(|name| key.as_str() == name)
            || prefixes.iter().any(|prefix| key.as_str().starts_with(prefix))
    });
    for name in named.cloned().collect::<Vec<_>>() {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn config() -> RequestHeader {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        RequestHeader {
            allowed_names: list(&["front-proxy"]),
            usernames: list(&["X-First", "X-Remote-User"]),
            uids: list(&["X-Remote-Uid"]),
            groups: list(&["X-Remote-Group"]),
            extra_prefixes: list(&["X-Remote-Extra-"]),
        }
    }

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-remote-user", "alice"),
            ("x-remote-uid", "7"),
            ("x-remote-group", "dev"),
            ("x-remote-group", "ops"),
            ("x-remote-extra-example.com%2fscope", "a"),
            ("accept", "text/plain"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    fn proxy(name: &str, signed_by: &[usize]) -> Certificate {
        let (common_name, signed_by) = (name.to_owned(), signed_by.to_vec());
        Certificate { common_name, signed_by, ..Certificate::default() }
    }

    #[test]
    fn a_proxy_names_users() {
        let proxy = proxy("front-proxy", &[PROXIES]);
        let user = config().user(Some(&proxy), &headers()).expect("it may").expect("a user");
        assert_eq!((user.name.as_str(), user.uid.as_str()), ("alice", "7"));
        assert_eq!(user.groups, ["dev", "ops"]);
        assert_eq!(user.extra["example.com/scope"], ["a"]);
        assert_eq!(config().user(Some(&proxy), &HeaderMap::new()), Ok(None));
        assert_eq!(config().user(None, &headers()), Ok(None));
    }

    #[test]
    fn others_name_nobody() {
        for other in [proxy("front-proxy", &[super::super::CLIENTS]), proxy("alice", &[PROXIES])] {
            assert!(config().user(Some(&other), &headers()).is_err());
        }
    }

    #[test]
    fn nobody_behind_sees_the_headers() {
        let mut all = headers();
        all.append("x-first", HeaderValue::from_static("mallory"));
        forget(Some(&config()), &mut all);
        assert_eq!(all.keys().map(http::HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
        let mut all = headers();
        forget(None, &mut all);
        assert_eq!(all.len(), 1);
    }
}

//! Tokens with which new machines join a cluster: kept in secrets of `kube-system`.
//!
//! Upstream: plugin/pkg/auth/authenticator/token/bootstrap.

use super::User;
use crate::{
    object,
    registry::{Freshness, Registry, Target},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

const NAMESPACE: &str = "kube-system";
const TYPE: &str = "bootstrap.kubernetes.io/token";
/// What all extra groups begin with; the group of all that come with such a token.
const GROUP: &str = "system:bootstrappers";
const GROUP_LENGTH_MAX: usize = 256;

/// Whom a token names; none: it is none, or not good.
pub(super) async fn check(registry: &Registry, token: &str) -> Option<User> {
    let (id, secret) = parts(token)?;
    let target = Target {
        resource: registry.resource("", "v1", "secrets")?,
        namespace: NAMESPACE.into(),
        name: format!("bootstrap-token-{id}"),
        subresource: String::new(),
    };
    let found = registry.get(&target, Freshness::Any).await.ok()?;
    let found: Value = serde_json::from_slice(&found).ok()?;
    let now = i64::try_from(registry.host.clock.wall().seconds()).unwrap_or(i64::MAX);
    user(&found, id, secret, now)
}

/// Id and secret of `abcdef.0123456789abcdef`.
fn parts(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.split_once('.')?;
    let plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (id.len() == 6 && secret.len() == 16 && plain(id) && plain(secret)).then_some((id, secret))
}

fn user(object: &Value, id: &str, secret: &str, now: i64) -> Option<User> {
    let data = |name: &str| {
        let bytes = STANDARD.decode(object["data"][name].as_str()?).ok()?;
        String::from_utf8(bytes).ok()
    };
    let gone = !object::meta(object, "deletionTimestamp").is_empty();
    if object["type"] != TYPE || gone || data("token-id")? != id {
        return None;
    }
    // Digests of equal length take the same time to compare whatever they are.
    let digest = |text: &str| <sha2::Sha256 as sha2::Digest>::digest(text);
    if digest(&data("token-secret")?) != digest(secret) {
        return None;
    }
    if let Some(end) = data("expiration").filter(|end| !end.is_empty()) {
        let end = api::time::Moment::parse(&end).ok()?;
        if end.seconds <= now {
            return None;
        }
    }
    if data("usage-bootstrap-authentication")? != "true" {
        return None;
    }
    let mut groups = vec![GROUP.to_owned()];
    for group in data("auth-extra-groups").unwrap_or_default().split(',') {
        match group {
            "" => {}
            group if is_group(group) => groups.push(group.to_owned()),
            // One that could be anybody's spoils the token.
            _ => return None,
        }
    }
    Some(User { name: format!("system:bootstrap:{id}"), groups, ..User::default() })
}

fn is_group(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(GROUP).and_then(|rest| rest.strip_prefix(':')) else {
        return false;
    };
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    rest.len() <= GROUP_LENGTH_MAX
        && rest.bytes().all(|byte| letter(byte) || matches!(byte, b':' | b'-'))
        && rest.bytes().last().is_some_and(letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_is_good_for_what_its_secret_says() {
        let secret = |change: &[(&str, &str)]| {
            let mut data = json!({});
            let own = [
                ("token-id", "abcdef"),
                ("token-secret", "0123456789abcdef"),
                ("usage-bootstrap-authentication", "true"),
                ("auth-extra-groups", "system:bootstrappers:kubeadm"),
            ];
            for (name, text) in own.iter().chain(change) {
                data[*name] = STANDARD.encode(text).into();
            }
            json!({"type": TYPE, "data": data})
        };
        let check = |change: &[(&str, &str)]| {
            let (id, given) = parts("abcdef.0123456789abcdef")?;
            user(&secret(change), id, given, 1_000_000_000)
        };
        let good = check(&[]).expect("it is good");
        assert_eq!(good.name, "system:bootstrap:abcdef");
        assert_eq!(good.groups, ["system:bootstrappers", "system:bootstrappers:kubeadm"]);
        assert!(check(&[("expiration", "2100-01-01T00:00:00Z")]).is_some());
        for bad in [
            ("expiration", "2001-01-01T00:00:00Z"),
            ("expiration", "tomorrow"),
            ("token-secret", "0123456789abcdee"),
            ("token-id", "abcdeg"),
            ("usage-bootstrap-authentication", "false"),
            ("auth-extra-groups", "system:masters"),
        ] {
            assert_eq!(check(&[bad]), None, "{bad:?}");
        }
        for token in ["", "abcdef", "ABCDEF.0123456789abcdef", "abcdef.0123"] {
            assert_eq!(parts(token), None, "{token}");
        }
    }
}

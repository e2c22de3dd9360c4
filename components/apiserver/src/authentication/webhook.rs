//! Tokens of which another server knows whose they are.
//!
//! Upstream: apiserver/plugin/pkg/authenticator/token/webhook.

use super::{
    Authenticated, User, Verdict,
    cached::{Key, Said},
};
use crate::remote::Remote;
use host::Host;
use serde_json::{Value, json};
use std::time::Duration;

/// `--authentication-token-webhook-*`.
#[derive(Clone, Debug)]
pub struct TokenWebhook {
    /// Who is asked.
    pub remote: Remote,
    /// The reviews' version: `v1` or `v1beta1`.
    pub version: String,
    /// What was said counts for so long.
    pub cache: Duration,
}

/// An attempt may take so long (LoadKubeconfig's timeout).
const LIMIT: Duration = Duration::from_secs(30);

/// Asks, and remembers what was said.
#[derive(Debug)]
pub(super) struct Asker {
    config: TokenWebhook,
    said: Said,
}

impl Asker {
    pub(super) fn new(config: TokenWebhook) -> Self {
        let said = Said::new(config.cache, config.cache);
        Self { config, said }
    }

    /// Whom a token names, for one of these audiences at least, where there are any.
    ///
    /// # Errors
    /// Why the token is not good, or why the server cannot be asked.
    pub(super) async fn check(&self, host: &Host, token: &str, audiences: &[String]) -> Verdict {
        let key = Key::of(token, audiences);
        if let Some(known) = self.said.get(key, host.now()) {
            return known;
        }
        let review = request(&self.config.version, token, audiences);
        let answer = self.config.remote.ask(host, &review, LIMIT).await;
        let verdict =
            answer.map_err(|fault| fault.why).and_then(|it| read(&it["status"], audiences));
        self.said.put(key, &verdict, host.now());
        verdict
    }
}

fn request(version: &str, token: &str, audiences: &[String]) -> Value {
    let mut spec = json!({"token": token});
    if !audiences.is_empty() {
        spec["audiences"] = json!(audiences);
    }
    json!({
        "kind": "TokenReview", "apiVersion": format!("authentication.k8s.io/{version}"),
        "metadata": {}, "spec": spec, "status": {"user": {}},
    })
}

fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// One who does not know about audiences is believed to mean this server's, which are those that
/// are asked for where a request does not name others.
fn read(status: &Value, wanted: &[String]) -> Verdict {
    let own = texts(&status["audiences"]);
    let audiences: Vec<String> =
        wanted.iter().filter(|one| own.is_empty() || own.contains(one)).cloned().collect();
    if audiences.is_empty() && !wanted.is_empty() {
        return Ok(None);
    }
    if status["authenticated"] != true {
        return match status["error"].as_str().unwrap_or_default() {
            "" => Ok(None),
            why => Err(why.to_owned()),
        };
    }
    let user = &status["user"];
    let text = |name: &str| user[name].as_str().unwrap_or_default().to_owned();
    let extra = user["extra"].as_object().into_iter().flatten();
    let user = User {
        name: text("username"),
        uid: text("uid"),
        groups: texts(&user["groups"]),
        extra: extra.map(|(key, values)| (key.clone(), texts(values))).collect(),
    };
    Ok(Some(Authenticated { user: user.authenticated(), audiences }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_names_a_user_or_a_reason() {
        let wanted = ["me".to_owned(), "you".to_owned()];
        let good = json!({"authenticated": true, "user": {
            "username": "alice", "uid": "7", "groups": ["dev"], "extra": {"a": ["b"]},
        }});
        let found = read(&good, &wanted).expect("it knows").expect("a user");
        assert_eq!((found.user.name.as_str(), found.user.groups.len()), ("alice", 2));
        assert_eq!(found.audiences, wanted);
        let mut other = good;
        other["audiences"] = json!(["you", "she"]);
        assert_eq!(read(&other, &wanted).unwrap().unwrap().audiences, ["you"]);
        other["audiences"] = json!(["she"]);
        assert_eq!(read(&other, &wanted), Ok(None));
        assert_eq!(read(&json!({"error": "go away"}), &wanted), Err("go away".into()));
        assert_eq!(read(&json!({"authenticated": false}), &[]), Ok(None));
        assert_eq!(read(&Value::Null, &[]), Ok(None));
    }
}

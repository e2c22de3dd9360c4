//! New tokens for service accounts, and what others need to check them.
//!
//! Upstream: pkg/registry/core/serviceaccount/storage/token.go, pkg/routes/openidmetadata.go.

use super::{
    Asked, Server, answer,
    body::{self, Upload},
};
use crate::{
    authentication::service_accounts::Binding,
    failure::{Cause, Failure, Named},
    object,
    registry::{Freshness, Target},
};
use api::schema::GroupVersionKind;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use wire::Response;

/// The shortest and longest lives that can be asked for, in seconds.
const SECONDS_MIN: i64 = 10 * 60;
const SECONDS_MAX: i64 = 1 << 32;
/// The life of who asks for none.
const SECONDS_DEFAULT: i64 = 60 * 60;

fn kind() -> GroupVersionKind {
    let (group, kind) = ("authentication.k8s.io".into(), "TokenRequest".into());
    GroupVersionKind { group, version: "v1".into(), kind }
}

impl Server {
    /// The service account that a token is asked for; none: the request is about something else.
    pub(super) fn token_request(&self, asked: &Asked) -> Option<Target> {
        let info = &asked.info;
        let about = (&*info.group, &*info.resource, &*info.subresource, info.verb);
        let is = about == ("", "serviceaccounts", "token", "create");
        let resource = self.registry.resource("", &info.version, "serviceaccounts");
        resource.filter(|_| is).map(|resource| Target {
            resource,
            namespace: info.namespace.clone(),
            name: info.name.clone(),
            subresource: String::new(),
        })
    }

    /// Gives out a token.
    pub(super) async fn give_token(
        &self,
        asked: &Asked,
        account: &Target,
        body: Upload,
    ) -> Result<Response, Failure> {
        let accounts = self.authenticator.accounts();
        if !accounts.signs() {
            return Err(Failure::no_such_resource());
        }
        let mut request = self.decode(asked, &kind(), &body::read(body).await?)?.object;
        name(&mut request, account)?;
        let mut seconds = check(&request, &account.name)?;
        let mut warnings = Vec::new();
        if let Some(max) = accounts.seconds_max().filter(|max| seconds > *max) {
            warnings.push(format!(
                "requested expiration of {seconds} seconds shortened to {max} seconds"
            ));
            seconds = max;
        }
        let object = self.object(account.clone()).await?;
        let (binding, for_pod) = self.binding(&request["spec"]["boundObjectRef"], account).await?;
        let audiences = request["spec"]["audiences"].as_array().into_iter().flatten();
        let mut audiences: Vec<String> =
            audiences.filter_map(Value::as_str).map(str::to_owned).collect();
        if audiences.is_empty() {
            audiences = accounts.audiences().to_vec();
        }
        let life = accounts.life(seconds, &audiences, for_pod);
        let token = accounts.token(&object, &audiences, binding, life);
        let token = token.ok_or_else(|| Failure::internal("failed to generate token"))?;
        let end = self.host.clock.wall().seconds() + seconds;
        let end = i64::try_from(end).unwrap_or(i64::MAX);
        let end = api::time::Moment { seconds: end, nanos: 0 }.to_second();
        request["spec"]["audiences"] = json!(audiences);
        request["spec"]["expirationSeconds"] = seconds.into();
        request["status"] = json!({"token": token, "expirationTimestamp": end});
        Ok(answer::warned(answer::value(StatusCode::CREATED, &request), &warnings))
    }

    async fn object(&self, target: Target) -> Result<Value, Failure> {
        let bytes = self.registry.get(&target, Freshness::Newest).await?;
        serde_json::from_slice(&bytes).map_err(Failure::internal)
    }

    /// What the token is to end with, and whether that is a pod.
    async fn binding(
        &self,
        reference: &Value,
        account: &Target,
    ) -> Result<(Binding, bool), Failure> {
        let text = |name: &str| reference[name].as_str().unwrap_or_default().to_owned();
        if !reference.is_object() {
            return Ok((Binding::default(), false));
        }
        let kind = text("kind");
        let plural = match (text("apiVersion").as_str(), kind.as_str()) {
            ("v1", "Pod") => "pods",
            ("v1", "Secret") => "secrets",
            ("v1", "Node") => "nodes",
            (version, kind) => {
                let why = format!("cannot bind token to object of type {version}, Kind={kind}");
                return Err(Failure::bad_request(why));
            }
        };
        let found = self.core(plural, &account.namespace, &text("name")).await?;
        let uid = object::meta(&found, "uid").to_owned();
        let wanted = text("uid");
        if !wanted.is_empty() && wanted != uid {
            let why = format!(
                "the UID in the bound object reference ({wanted}) does not match the UID in \
                 record. The object might have been deleted and then recreated"
            );
            let of = Named { group: "", resource: &kind, name: &text("name") };
            return Err(Failure::conflict(of, &why));
        }
        let bound = Some((text("name"), uid));
        Ok(match plural {
            "secrets" => (Binding { secret: bound, ..Binding::default() }, false),
            "nodes" => (Binding { node: bound, ..Binding::default() }, false),
            _ => (Binding { pod: bound, ..self.node_of(&found, &account.name).await? }, true),
        })
    }

    /// The node of a pod that runs as the account.
    async fn node_of(&self, pod: &Value, account: &str) -> Result<Binding, Failure> {
        if pod["spec"]["serviceAccountName"] != account {
            return Err(Failure::bad_request(format!(
                "cannot bind token for serviceaccount {account:?} to pod running with different \
                 serviceaccount name."
            )));
        }
        let Some(node) = pod["spec"]["nodeName"].as_str().filter(|node| !node.is_empty()) else {
            return Ok(Binding::default());
        };
        // A node that is gone, or was never told of, has no identity that a token could carry.
        let found = self.core("nodes", "", node).await.unwrap_or_default();
        let node = Some((node.to_owned(), object::meta(&found, "uid").to_owned()));
        Ok(Binding { node, ..Binding::default() })
    }

    /// An object of the core group as the storage has it.
    pub(super) async fn core(
        &self,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Value, Failure> {
        let resource = self.registry.resource("", "v1", plural);
        let resource = resource.ok_or_else(Failure::no_such_resource)?;
        let namespace = if resource.namespaced { namespace.to_owned() } else { String::new() };
        let name = name.to_owned();
        self.object(Target { resource, namespace, name, subresource: String::new() }).await
    }

    /// What those need who check tokens elsewhere; none: another path.
    pub(super) fn openid(&self, path: &str) -> Option<Response> {
        let accounts = self.authenticator.accounts();
        let (media, document) = match path {
            "/.well-known/openid-configuration" => {
                ("application/json", accounts.openid_configuration()?)
            }
            "/openid/v1/jwks" if accounts.signs() => {
                ("application/jwk-set+json", accounts.key_set())
            }
            _ => return None,
        };
        let mut response = answer::reply(StatusCode::OK, media, document.to_string());
        let age = HeaderValue::from_static("public, max-age=3600");
        response.headers_mut().insert(header::CACHE_CONTROL, age);
        Some(response)
    }
}

/// The request may repeat the account's name and namespace.
fn name(request: &mut Value, account: &Target) -> Result<(), Failure> {
    for (member, expected, what) in [
        ("name", &account.name, "service account name"),
        ("namespace", &account.namespace, "service account namespace"),
    ] {
        match object::meta(request, member) {
            "" => request["metadata"][member] = expected.as_str().into(),
            said if said == expected => {}
            said => {
                return Err(Failure::bad_request(format!(
                    "must match {what} {expected:?}: metadata.{member} is {said:?}"
                )));
            }
        }
    }
    Ok(())
}

/// The life that is asked for.
fn check(request: &Value, name: &str) -> Result<u64, Failure> {
    let seconds = request["spec"]["expirationSeconds"].as_i64().unwrap_or(SECONDS_DEFAULT);
    let why = match seconds {
        short if short < SECONDS_MIN => "may not specify a duration less than 10 minutes",
        long if long > SECONDS_MAX => "may not specify a duration larger than 2^32 seconds",
        _ => return Ok(u64::try_from(seconds).unwrap_or(0)),
    };
    let cause = Cause {
        reason: "FieldValueInvalid",
        message: format!("Invalid value: {seconds}: {why}"),
        field: "spec.expirationSeconds".into(),
    };
    let kind = kind();
    Err(Failure::invalid(Named { group: &kind.group, resource: &kind.kind, name }, &[cause]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_have_their_limits() {
        let of = |seconds: i64| check(&json!({"spec": {"expirationSeconds": seconds}}), "a").ok();
        assert_eq!([of(599), of(600), of(1 << 32)], [None, Some(600), Some(1 << 32)]);
        assert_eq!(of((1 << 32) + 1), None);
        assert_eq!(check(&json!({"spec": {}}), "a").ok(), Some(3600));
    }
}

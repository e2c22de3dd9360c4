//! Paths that are about no resource: what groups there are, the server's version, tokens' issuer.

use super::{
    content::{Answer, responses},
    names, paths, well_known,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// The documents that every server has.
pub(super) const FIXED: [&str; 5] =
    [".well-known/openid-configuration", "api", "apis", "openid/v1/jwks", "version"];

fn read(id: &str, tag: &str, answer: &Answer) -> Value {
    json!({"get": {
        "operationId": id, "tags": [tag], "responses": responses(answer, &[200]),
    }})
}

fn meta(kind: &str) -> Answer {
    Answer::Object(format!("{META}{kind}"))
}

/// The path of the document of that path, where it is one of [`FIXED`].
pub(super) fn fixed(path: &str) -> Option<BTreeMap<String, Value>> {
    let one = match path {
        "api" => read("getCoreAPIVersions", "core", &meta("APIVersions")),
        "apis" => read("getAPIVersions", "apis", &meta("APIGroupList")),
        "version" => read("getCodeVersion", "version", &Answer::Json(well_known::VERSION.into())),
        ".well-known/openid-configuration" => {
            read("getServiceAccountIssuerOpenIDConfiguration", "WellKnown", &Answer::JsonText)
        }
        "openid/v1/jwks" => {
            let mut one = read("getServiceAccountIssuerOpenIDKeyset", "openid", &Answer::JsonText);
            let content = &mut one["get"]["responses"]["200"]["content"];
            *content = json!({"application/jwk-set+json": {"schema": {"type": "string"}}});
            one
        }
        _ => return None,
    };
    Some([(format!("/{path}/"), one)].into())
}

/// What versions a group has.
pub(super) fn group(group: &str) -> BTreeMap<String, Value> {
    let id = format!("get{}APIGroup", names::group(group));
    let one = read(&id, &names::tag(group, ""), &meta("APIGroup"));
    [(format!("/apis/{group}/"), one)].into()
}

/// What resources a version has.
pub(super) fn version(group: &str, version: &str) -> BTreeMap<String, Value> {
    let (home, number) = (names::group(group), names::capitalized(version));
    let id = format!("get{home}{number}APIResources");
    let one = read(&id, &names::tag(group, version), &meta("APIResourceList"));
    [(format!("{}/", paths::root(group, version)), one)].into()
}

//! `AuthenticationConfiguration`: who issues tokens, and what their claims mean.
//!
//! Upstream: apiserver/pkg/apis/apiserver/v1/types.go.

use crate::configuration;
use serde::{Deserialize, Serialize};

const KIND: &str = "AuthenticationConfiguration";
const VERSIONS: [&str; 3] = [
    "apiserver.config.k8s.io/v1",
    "apiserver.config.k8s.io/v1beta1",
    "apiserver.config.k8s.io/v1alpha1",
];

/// `--authentication-config`, or what `--oidc-*` say in its words.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct AuthenticationConfiguration {
    pub(super) jwt: Vec<Jwt>,
    /// Who comes in without credentials; the flag says so where the file does not.
    pub anonymous: Option<Anonymous>,
}

/// Whether requests without credentials are let in.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Anonymous {
    enabled: bool,
    /// Where; everywhere if none is named.
    pub(super) conditions: Vec<Condition>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Condition {
    path: String,
}

/// One issuer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Jwt {
    pub(super) issuer: Issuer,
    pub(super) claim_validation_rules: Vec<ClaimRule>,
    pub(super) claim_mappings: Mappings,
    pub(super) user_validation_rules: Vec<UserRule>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Issuer {
    pub(super) url: String,
    /// Where its document is, if not at the usual place.
    #[serde(rename = "discoveryURL")]
    pub(super) discovery_url: String,
    /// PEM; the machine's authorities are believed without.
    pub(super) certificate_authority: String,
    pub(super) audiences: Vec<String>,
    pub(super) audience_match_policy: String,
    /// Read, and of no consequence: nothing is sent through proxies.
    pub(super) egress_selector_type: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ClaimRule {
    pub(super) claim: String,
    pub(super) required_value: String,
    pub(super) expression: String,
    pub(super) message: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct UserRule {
    pub(super) expression: String,
    pub(super) message: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Mappings {
    pub(super) username: Mapping,
    pub(super) groups: Mapping,
    pub(super) uid: Mapping,
    pub(super) extra: Vec<Extra>,
}

/// A claim or an expression. A uid has no prefix.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Mapping {
    pub(super) claim: String,
    pub(super) prefix: Option<String>,
    pub(super) expression: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Extra {
    pub(super) key: String,
    pub(super) value_expression: String,
}

impl AuthenticationConfiguration {
    /// Reads a file's text. What it says may make no sense yet: [`super::JwtSettings::check`].
    ///
    /// # Errors
    /// It is no such configuration.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        configuration::read(text, KIND, &VERSIONS)
    }
}

impl Anonymous {
    /// Everywhere, or nowhere (`--anonymous-auth`).
    pub fn everywhere(enabled: bool) -> Self {
        Self { enabled, conditions: Vec::new() }
    }

    /// Whether it is let in at all.
    pub(super) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether a request for a path is let in.
    pub(in super::super) fn lets_in(&self, path: &str) -> bool {
        let named = || self.conditions.iter().any(|condition| condition.path == path);
        self.enabled && (self.conditions.is_empty() || named())
    }
}

/// `--oidc-*`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OidcFlags {
    /// `--oidc-issuer-url`.
    pub issuer_url: String,
    /// `--oidc-client-id`.
    pub client_id: String,
    /// What `--oidc-ca-file` holds; the machine's authorities are believed without.
    pub authorities: String,
    /// `--oidc-username-claim`.
    pub username_claim: String,
    /// `--oidc-username-prefix`.
    pub username_prefix: String,
    /// `--oidc-groups-claim`.
    pub groups_claim: String,
    /// `--oidc-groups-prefix`.
    pub groups_prefix: String,
    /// `--oidc-required-claim`.
    pub required_claims: Vec<(String, String)>,
}

impl OidcFlags {
    /// What the flags mean (pkg/kubeapiserver/options/authentication.go).
    pub fn configuration(&self) -> AuthenticationConfiguration {
        let prefix = match self.username_prefix.as_str() {
            "-" => String::new(),
            // What names one user at its issuer may name another at ours.
            "" if self.username_claim != "email" => format!("{}#", self.issuer_url),
            given => given.to_owned(),
        };
        let claim = |claim: &str, prefix: &str| match claim {
            "" => Mapping::default(),
            _ => Mapping { claim: claim.into(), prefix: Some(prefix.into()), ..Mapping::default() },
        };
        let rule = |(claim, value): &(String, String)| ClaimRule {
            claim: claim.clone(),
            required_value: value.clone(),
            ..ClaimRule::default()
        };
        let jwt = Jwt {
            issuer: Issuer {
                url: self.issuer_url.clone(),
                audiences: vec![self.client_id.clone()],
                certificate_authority: self.authorities.clone(),
                ..Issuer::default()
            },
            claim_validation_rules: self.required_claims.iter().map(rule).collect(),
            claim_mappings: Mappings {
                username: claim(&self.username_claim, &prefix),
                groups: claim(&self.groups_claim, &self.groups_prefix),
                ..Mappings::default()
            },
            user_validation_rules: Vec::new(),
        };
        AuthenticationConfiguration { jwt: vec![jwt], anonymous: None }
    }
}

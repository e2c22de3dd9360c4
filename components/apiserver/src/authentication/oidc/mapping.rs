//! From claims to a user. Pure.
//!
//! Upstream: apiserver/plugin/pkg/authenticator/token/oidc/oidc.go. Distributed claims are not
//! followed.

use super::rules::{Expression, Rule};
use crate::authentication::User;
use cel::value::Value;
use serde_json::{Map, Value as Json, json};

/// Where a part of a user comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Claim { name: String, prefix: String },
    Expression(Expression),
}

/// What an issuer's claims mean.
#[derive(Clone, Debug, Default)]
pub(super) struct Mapper {
    /// There is always one where a configuration was found good.
    pub(super) username: Option<Source>,
    pub(super) groups: Option<Source>,
    pub(super) uid: Option<Source>,
    pub(super) extra: Vec<(String, Expression)>,
    /// Claims and what they must be.
    pub(super) required: Vec<(String, String)>,
    pub(super) claim_rules: Vec<Rule>,
    pub(super) user_rules: Vec<Rule>,
}

type Claims = Map<String, Json>;

impl Mapper {
    /// Whether an expression takes the name from `email`.
    pub(super) fn names_by_email(&self) -> bool {
        matches!(&self.username, Some(Source::Expression(it)) if it.selects("email"))
    }

    /// Whether any expression looks at `email_verified`.
    pub(super) fn looks_at_verified(&self) -> bool {
        let name = match &self.username {
            Some(Source::Expression(it)) => Some(it),
            _ => None,
        };
        let extra = self.extra.iter().map(|(_, it)| it);
        let rules = self.claim_rules.iter().map(|rule| &rule.expression);
        name.into_iter().chain(extra).chain(rules).any(|it| it.selects("email_verified"))
    }

    /// The user whom claims name.
    ///
    /// # Errors
    /// They name none, or break a rule.
    pub(super) fn user(&self, claims: Claims) -> Result<User, String> {
        let (claims, all) = (&claims.clone(), &Json::Object(claims));
        let mut user = User {
            name: self.username(claims, all)?,
            groups: self.groups(claims, all)?,
            uid: self.uid(claims, all)?,
            ..User::default()
        };
        for (key, expression) in &self.extra {
            let values = expression.run("claims", all, texts);
            let values = values.map_err(|why| {
                format!("oidc: error evaluating extra claim expression: {}: {why}", expression.text)
            })?;
            if !values.is_empty() {
                user.extra.insert(key.clone(), values);
            }
        }
        self.check_required(claims)?;
        holds(&self.claim_rules, "claims", all)
            .map_err(|why| format!("oidc: error evaluating claim validation expression: {why}"))?;
        let info = json!({
            "username": user.name, "uid": user.uid, "groups": user.groups, "extra": user.extra,
        });
        holds(&self.user_rules, "user", &info)
            .map_err(|why| format!("oidc: error evaluating user info validation rule: {why}"))?;
        Ok(user)
    }

    fn username(&self, claims: &Claims, all: &Json) -> Result<String, String> {
        match &self.username {
            Some(Source::Expression(expression)) => {
                let read = |value: &Value<'_>| text(value, "username");
                expression.run("claims", all, read).map_err(|why| {
                    format!("oidc: error evaluating username claim expression: {why}")
                })
            }
            Some(Source::Claim { name, prefix }) => {
                let own = text_claim(claims, name)
                    .map_err(|why| format!("oidc: parse username claims {name:?}: {why}"))?;
                if name == "email" {
                    verified(claims)?;
                }
                Ok(format!("{prefix}{own}"))
            }
            None => Err("oidc: nothing names the user".into()),
        }
    }

    fn groups(&self, claims: &Claims, all: &Json) -> Result<Vec<String>, String> {
        match &self.groups {
            None => Ok(Vec::new()),
            Some(Source::Claim { name, prefix }) => {
                let groups = match claims.get(name) {
                    None => return Ok(Vec::new()),
                    Some(Json::String(one)) => Some(vec![one.clone()]),
                    Some(other) => serde_json::from_value::<Vec<String>>(other.clone()).ok(),
                };
                let groups = groups.ok_or_else(|| {
                    format!(
                        "oidc: parse groups claim {name:?}: json: cannot unmarshal it into Go \
                             value of type string"
                    )
                })?;
                Ok(groups.into_iter().map(|group| format!("{prefix}{group}")).collect())
            }
            Some(Source::Expression(expression)) => expression
                .run("claims", all, texts)
                .map_err(|why| format!("oidc: error evaluating group claim expression: {why}")),
        }
    }

    fn uid(&self, claims: &Claims, all: &Json) -> Result<String, String> {
        match &self.uid {
            None => Ok(String::new()),
            Some(Source::Claim { name, .. }) => text_claim(claims, name)
                .map_err(|why| format!("oidc: parse uid claim {name:?}: {why}")),
            Some(Source::Expression(expression)) => {
                let read = |value: &Value<'_>| text(value, "uid");
                let uid = expression.run("claims", all, read);
                uid.map_err(|why| format!("oidc: error evaluating uid claim expression: {why}"))
            }
        }
    }

    fn check_required(&self, claims: &Claims) -> Result<(), String> {
        for (claim, wanted) in &self.required {
            if !claims.contains_key(claim) {
                return Err(format!("oidc: required claim {claim} not present in ID token"));
            }
            let is = text_claim(claims, claim)
                .map_err(|why| format!("oidc: parse claim {claim}: {why}"))?;
            if is != *wanted {
                return Err(format!(
                    "oidc: required claim {claim} value does not match. Got = {is}, want = {wanted}"
                ));
            }
        }
        Ok(())
    }
}

fn text_claim(claims: &Claims, name: &str) -> Result<String, String> {
    match claims.get(name) {
        None => Err("claim not present".into()),
        Some(Json::String(text)) => Ok(text.clone()),
        Some(_) => Err("json: cannot unmarshal it into Go value of type string".into()),
    }
}

/// An address names somebody only where the issuer has made sure of it.
fn verified(claims: &Claims) -> Result<(), String> {
    match claims.get("email_verified") {
        None | Some(Json::Bool(true)) => Ok(()),
        Some(Json::Bool(false)) => Err("oidc: email not verified".into()),
        Some(_) => Err("oidc: parse 'email_verified' claim: json: cannot unmarshal it into Go \
                        value of type bool"
            .into()),
    }
}

fn text(value: &Value<'_>, what: &str) -> Result<String, String> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| format!("{what} claim expression must return a string"))
}

/// A text, or a list of texts; empty ones say nothing, and neither does null.
fn texts(value: &Value<'_>) -> Result<Vec<String>, String> {
    let wrong = || "expression must return a string or a list of strings".to_owned();
    let mut texts = Vec::new();
    match value {
        Value::Null => {}
        Value::String(text) => texts.push((**text).to_owned()),
        Value::List(list) => {
            for item in list.iter() {
                let item = item.map_err(|error| error.to_string())?;
                texts.push(item.as_str().ok_or_else(wrong)?.to_owned());
            }
        }
        _ => return Err(wrong()),
    }
    texts.retain(|text| !text.is_empty());
    Ok(texts)
}

fn holds(rules: &[Rule], variable: &str, object: &Json) -> Result<(), String> {
    for Rule { expression, message } in rules {
        let read = |value: &Value<'_>| match value {
            Value::Bool(holds) => Ok(*holds),
            _ => Err("validation expression must return a boolean".to_owned()),
        };
        if !expression.run(variable, object, read)? {
            let text = &expression.text;
            return Err(format!("validation expression '{text}' failed: {message}"));
        }
    }
    Ok(())
}

//! Whether a configuration makes sense, and what it becomes. Pure.
//!
//! Upstream: apiserver/pkg/apis/apiserver/validation/validation.go.

use super::{
    mapping::{Mapper, Source},
    rules::{About, Compiler, Rule},
    settings::{AuthenticationConfiguration, Issuer, Jwt, Mapping, Mappings},
};
use crate::faults::{domain_prefixed_path, duplicate, invalid, required, too_many};
use api::validation::Errors;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::collections::BTreeSet;

/// A configuration may have so many issuers.
const ISSUERS_MAX: usize = 64;

/// Checks everything. An issuer's mapper is whole where nothing is wrong with anything.
pub(super) fn check(
    configuration: &AuthenticationConfiguration,
    disallowed: &[String],
) -> (Vec<Mapper>, Errors) {
    let (mut mappers, mut faults) = (Vec::new(), Errors::new());
    let issuers = &configuration.jwt;
    if issuers.len() > ISSUERS_MAX {
        faults.push(too_many("jwt", issuers.len(), ISSUERS_MAX));
        return (mappers, faults);
    }
    let compiler = Compiler::new();
    let (mut urls, mut documents) = (BTreeSet::new(), BTreeSet::new());
    for (at, jwt) in issuers.iter().enumerate() {
        let field = format!("jwt[{at}]");
        mappers.push(one(&compiler, jwt, &field, disallowed, &mut faults));
        let Issuer { url, discovery_url, .. } = &jwt.issuer;
        if !urls.insert(url) {
            faults.push(duplicate(&format!("{field}.issuer.url"), url));
        }
        if !discovery_url.is_empty() && !documents.insert(discovery_url) {
            faults.push(duplicate(&format!("{field}.issuer.discoveryURL"), discovery_url));
        }
    }
    if let Some(anonymous) = &configuration.anonymous
        && !anonymous.is_enabled()
        && !anonymous.conditions.is_empty()
    {
        let value = serde_json::to_value(&anonymous.conditions).unwrap_or_default();
        let why = "enabled should be set to true when conditions are defined";
        faults.push(invalid("anonymous.conditions", value, why));
    }
    (mappers, faults)
}

fn one(
    compiler: &Compiler,
    jwt: &Jwt,
    field: &str,
    disallowed: &[String],
    faults: &mut Errors,
) -> Mapper {
    issuer(&jwt.issuer, &format!("{field}.issuer"), disallowed, faults);
    let mut mapper = Mapper::default();
    claim_rules(compiler, jwt, &format!("{field}.claimValidationRules"), &mut mapper, faults);
    mappings(compiler, &jwt.claim_mappings, &format!("{field}.claimMappings"), &mut mapper, faults);
    user_rules(compiler, jwt, &format!("{field}.userValidationRules"), &mut mapper, faults);
    mapper
}

fn issuer(issuer: &Issuer, field: &str, disallowed: &[String], faults: &mut Errors) {
    let place = format!("{field}.url");
    match issuer.url.is_empty() {
        true => faults.push(required(&place, "")),
        false => url(&issuer.url, &place, disallowed, faults),
    }
    let place = format!("{field}.discoveryURL");
    if !issuer.discovery_url.is_empty() {
        let plain = |url: &str| url.trim_end_matches('/').to_owned();
        if !issuer.url.is_empty() && plain(&issuer.url) == plain(&issuer.discovery_url) {
            let why = "discoveryURL must be different from URL";
            faults.push(invalid(&place, issuer.discovery_url.as_str(), why));
        }
        url(&issuer.discovery_url, &place, &[], faults);
    }
    audiences(issuer, field, faults);
    let pem = issuer.certificate_authority.as_bytes();
    let place = format!("{field}.certificateAuthority");
    if !pem.is_empty() && !CertificateDer::pem_slice_iter(pem).any(|one| one.is_ok()) {
        let why = "data does not contain any valid RSA or ECDSA certificates";
        faults.push(invalid(&place, "<omitted>", why));
    }
    let egress = issuer.egress_selector_type.as_str();
    if !matches!(egress, "" | "controlplane" | "cluster") {
        let why = "egress selector must be either controlplane or cluster";
        faults.push(invalid(&format!("{field}.egressSelectorType"), egress, why));
    }
}

fn url(text: &str, field: &str, disallowed: &[String], faults: &mut Errors) {
    if disallowed.iter().any(|one| one == text) {
        let mut all = disallowed.to_vec();
        all.sort_unstable();
        let why = format!("URL must not overlap with disallowed issuers: [{}]", all.join(" "));
        faults.push(invalid(field, text, why));
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    let query = before.split_once('?').map_or("", |(_, query)| query);
    for (wrong, why) in [
        (!scheme.eq_ignore_ascii_case("https"), "URL scheme must be https"),
        (authority.contains('@'), "URL must not contain a username or password"),
        (!query.is_empty(), "URL must not contain a query"),
        (!fragment.is_empty(), "URL must not contain a fragment"),
    ] {
        if wrong {
            faults.push(invalid(field, text, why));
        }
    }
}

fn audiences(issuer: &Issuer, field: &str, faults: &mut Errors) {
    let place = format!("{field}.audiences");
    if issuer.audiences.is_empty() {
        faults.push(required(&place, format!("at least one {place} is required")));
        return;
    }
    let mut seen = BTreeSet::new();
    for (at, audience) in issuer.audiences.iter().enumerate() {
        let place = format!("{place}[{at}]");
        if audience.is_empty() {
            faults.push(required(&place, ""));
        }
        if !seen.insert(audience) {
            faults.push(duplicate(&place, audience));
        }
    }
    let policy = issuer.audience_match_policy.as_str();
    let why = match (issuer.audiences.len(), policy) {
        (_, "MatchAny") | (1, "") => return,
        (1, _) => "audienceMatchPolicy must be empty or MatchAny for single audience",
        _ => "audienceMatchPolicy must be MatchAny for multiple audiences",
    };
    faults.push(invalid(&format!("{field}.audienceMatchPolicy"), policy, why));
}

fn claim_rules(
    compiler: &Compiler,
    jwt: &Jwt,
    field: &str,
    mapper: &mut Mapper,
    faults: &mut Errors,
) {
    let (mut claims, mut expressions) = (BTreeSet::new(), BTreeSet::new());
    for (at, rule) in jwt.claim_validation_rules.iter().enumerate() {
        let field = format!("{field}[{at}]");
        let at = |name: &str| format!("{field}.{name}");
        match (rule.claim.as_str(), rule.expression.as_str()) {
            ("", "") => faults.push(required(&field, "claim or expression is required")),
            (claim, "") => {
                if !rule.message.is_empty() {
                    let why = "may not be specified when claim is set";
                    faults.push(invalid(&at("message"), rule.message.as_str(), why));
                }
                if !claims.insert(claim) {
                    faults.push(duplicate(&at("claim"), claim));
                }
                mapper.required.push((claim.to_owned(), rule.required_value.clone()));
            }
            ("", text) => {
                if !rule.required_value.is_empty() {
                    let why = "may not be specified when expression is set";
                    faults.push(invalid(&at("requiredValue"), rule.required_value.as_str(), why));
                }
                if !expressions.insert(text) {
                    faults.push(duplicate(&at("expression"), text));
                    continue;
                }
                let message = rule.message.clone();
                let field = at("expression");
                let compiled = compiler.compile(About::Claims, text, true, &field, faults);
                mapper.claim_rules.extend(compiled.map(|expression| Rule { expression, message }));
            }
            (claim, _) => {
                faults.push(invalid(&field, claim, "claim and expression can't both be set"));
            }
        }
    }
}

fn mappings(
    compiler: &Compiler,
    mappings: &Mappings,
    field: &str,
    mapper: &mut Mapper,
    faults: &mut Errors,
) {
    let at = |name: &str| format!("{field}.{name}");
    mapper.username = source(compiler, &mappings.username, &at("username"), true, faults);
    mapper.groups = source(compiler, &mappings.groups, &at("groups"), false, faults);
    mapper.uid = uid(compiler, &mappings.uid, &at("uid"), faults);
    let mut keys = BTreeSet::new();
    for (place, extra) in mappings.extra.iter().enumerate() {
        let field = format!("{field}.extra[{place}]");
        let (key, place) = (extra.key.as_str(), format!("{field}.key"));
        faults.extend(extra_key(key, &place));
        if !keys.insert(key) {
            faults.push(duplicate(&place, key));
            continue;
        }
        let field = format!("{field}.valueExpression");
        let text = &extra.value_expression;
        let compiled = compiler.compile(About::Claims, text, false, &field, faults);
        mapper.extra.extend(compiled.map(|expression| (key.to_owned(), expression)));
    }
    if mapper.names_by_email() && !mapper.looks_at_verified() {
        let why = "claims.email_verified must be used in claimMappings.username.expression or \
                   claimMappings.extra[*].valueExpression or \
                   claimValidationRules[*].expression when claims.email is used in \
                   claimMappings.username.expression";
        let text = mappings.username.expression.as_str();
        faults.push(invalid(&at("username.expression"), text, why));
    }
}

fn extra_key(key: &str, field: &str) -> Errors {
    let mut faults = domain_prefixed_path(field, key);
    if key != key.to_lowercase() {
        faults.push(invalid(field, key, "must be lowercase"));
    }
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    let is = |own: &str| domain == own || domain.ends_with(&format!(".{own}"));
    if is("kubernetes.io") || is("k8s.io") {
        let why = "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use";
        faults.push(invalid(field, key, why));
    }
    faults
}

fn source(
    compiler: &Compiler,
    mapping: &Mapping,
    field: &str,
    needed: bool,
    faults: &mut Errors,
) -> Option<Source> {
    match (mapping.claim.as_str(), mapping.expression.as_str()) {
        ("", "") => {
            if needed {
                faults.push(required(field, "claim or expression is required"));
            }
            None
        }
        (claim, "") => {
            if mapping.prefix.is_none() {
                let why = "prefix is required when claim is set. It can be set to an empty string \
                           to disable prefixing";
                faults.push(required(&format!("{field}.prefix"), why));
            }
            let prefix = mapping.prefix.clone().unwrap_or_default();
            Some(Source::Claim { name: claim.to_owned(), prefix })
        }
        ("", text) => {
            if let Some(prefix) = &mapping.prefix {
                let why = "may not be specified when expression is set";
                faults.push(invalid(&format!("{field}.prefix"), prefix.as_str(), why));
            }
            let field = format!("{field}.expression");
            compiler.compile(About::Claims, text, false, &field, faults).map(Source::Expression)
        }
        _ => {
            faults.push(invalid(field, "", "claim and expression can't both be set"));
            None
        }
    }
}

fn uid(compiler: &Compiler, uid: &Mapping, field: &str, faults: &mut Errors) -> Option<Source> {
    match (uid.claim.as_str(), uid.expression.as_str()) {
        ("", "") => None,
        (claim, "") => Some(Source::Claim { name: claim.to_owned(), prefix: String::new() }),
        ("", text) => {
            let field = format!("{field}.expression");
            compiler.compile(About::Claims, text, false, &field, faults).map(Source::Expression)
        }
        _ => {
            faults.push(invalid(field, "", "claim and expression can't both be set"));
            None
        }
    }
}

fn user_rules(
    compiler: &Compiler,
    jwt: &Jwt,
    field: &str,
    mapper: &mut Mapper,
    faults: &mut Errors,
) {
    let mut seen = BTreeSet::new();
    for (at, rule) in jwt.user_validation_rules.iter().enumerate() {
        let (field, text) = (format!("{field}[{at}].expression"), rule.expression.as_str());
        if !text.is_empty() && !seen.insert(text) {
            faults.push(duplicate(&field, text));
            continue;
        }
        let compiled = compiler.compile(About::User, text, true, &field, faults);
        let message = rule.message.clone();
        mapper.user_rules.extend(compiled.map(|expression| Rule { expression, message }));
    }
}

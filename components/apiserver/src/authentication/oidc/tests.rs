//! Configurations that are refused, users that claims name, signatures that count.

use super::{
    AuthenticationConfiguration, JwtSettings, OidcFlags, checked,
    jws::{Key, Token},
};
use crate::authentication::User;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

const HEAD: &str = "{kind: AuthenticationConfiguration, apiVersion: apiserver.config.k8s.io/v1, ";
const ISSUER: &str = "issuer: {url: 'https://issuer.example', audiences: [kube]}";

fn settings(jwt: &str) -> JwtSettings {
    let text = format!("{HEAD}jwt: [{{{jwt}}}]}}");
    let configuration = AuthenticationConfiguration::parse(text.as_bytes()).expect(&text);
    let own_issuers = vec!["https://own.example".to_owned()];
    JwtSettings { configuration, own_issuers, ..JwtSettings::default() }
}

#[test]
fn configurations_that_make_no_sense_are_refused() {
    let name = "claimMappings: {username: {claim: sub, prefix: ''}}";
    assert_eq!(settings(&format!("{ISSUER}, {name}")).check(), Ok(()));
    let email = "claimMappings: {username: {expression: claims.email}}";
    let cases = [
        (format!("issuer: {{audiences: [a]}}, {name}"), "jwt[0].issuer.url: Required value"),
        (
            format!("issuer: {{url: 'http://a:b@c/?d#e', audiences: [a]}}, {name}"),
            "[jwt[0].issuer.url: Invalid value: \"http://a:b@c/?d#e\": URL scheme must be https, \
             jwt[0].issuer.url: Invalid value: \"http://a:b@c/?d#e\": URL must not contain a \
             username or password, ",
        ),
        (
            format!("issuer: {{url: 'https://own.example', audiences: [a]}}, {name}"),
            "jwt[0].issuer.url: Invalid value: \"https://own.example\": URL must not overlap with \
             disallowed issuers: [https://own.example]",
        ),
        (
            format!("issuer: {{url: 'https://a', audiences: [b, c]}}, {name}"),
            "jwt[0].issuer.audienceMatchPolicy: Invalid value: \"\": audienceMatchPolicy must be \
             MatchAny for multiple audiences",
        ),
        (
            format!("issuer: {{url: 'https://a'}}, {name}"),
            "jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is \
             required",
        ),
        (
            ISSUER.to_owned(),
            "jwt[0].claimMappings.username: Required value: claim or expression is required",
        ),
        (
            format!("{ISSUER}, claimMappings: {{username: {{claim: sub}}}}"),
            "jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim \
             is set. It can be set to an empty string to disable prefixing",
        ),
        (
            format!("{ISSUER}, {email}"),
            "jwt[0].claimMappings.username.expression: Invalid value: \"claims.email\": \
             claims.email_verified must be used in",
        ),
        (
            format!("{ISSUER}, {name}, claimValidationRules: [{{expression: claims.x}}]"),
            "jwt[0].claimValidationRules[0].expression: Invalid value: \"claims.x\": must \
             evaluate to bool",
        ),
        (
            format!("{ISSUER}, {name}, userValidationRules: [{{expression: 'user.x'}}]"),
            "jwt[0].userValidationRules[0].expression: Invalid value: \"user.x\": compilation \
             failed: ERROR: <input>:1:5: undefined field 'x'",
        ),
    ];
    for (jwt, why) in cases {
        let said = settings(&jwt).check().expect_err(&jwt);
        let expected = format!("invalid authentication configuration: {why}");
        assert!(said.starts_with(&expected), "{said}\n{expected}");
    }
    let algorithms = vec!["HS256".to_owned()];
    let said = JwtSettings { algorithms, ..JwtSettings::default() }.check();
    assert_eq!(said, Err("oidc: unsupported signing alg: \"HS256\"".into()));
}

fn user(jwt: &str, claims: Value) -> Result<User, String> {
    let settings = settings(&format!("{ISSUER}, {jwt}"));
    assert_eq!(settings.check(), Ok(()));
    let (mappers, _) = checked::check(&settings.configuration, &[]);
    let claims = claims.as_object().expect("an object").clone();
    mappers[0].user(claims)
}

#[test]
fn claims_name_users() {
    let jwt = "claimMappings: {
        username: {expression: '\"corp:\" + claims.sub'},
        groups: {expression: 'claims.roles.filter(r, r != \"none\")'},
        uid: {claim: sub},
        extra: [{key: example.com/tenant, valueExpression: claims.tenant}]},
        claimValidationRules: [
            {claim: hd, requiredValue: example.com},
            {expression: 'claims.exp - claims.nbf <= 86400', message: too long}],
        userValidationRules: [
            {expression: '!user.username.startsWith(\"system:\")', message: reserved}]";
    let claims = json!({
        "sub": "alice", "roles": ["dev", "none"], "tenant": "t1", "hd": "example.com",
        "exp": 1000, "nbf": 0,
    });
    let found = user(jwt, claims.clone()).expect("a user");
    assert_eq!((found.name.as_str(), found.uid.as_str()), ("corp:alice", "alice"));
    assert_eq!(found.groups, ["dev"]);
    assert_eq!(found.extra["example.com/tenant"], ["t1"]);
    let refused = |member: &str, value: Value| {
        let mut claims = claims.clone();
        claims[member] = value;
        user(jwt, claims).expect_err(member)
    };
    assert_eq!(
        refused("hd", "other".into()),
        "oidc: required claim hd value does not match. Got = other, want = example.com"
    );
    assert_eq!(
        refused("exp", 100_000.into()),
        "oidc: error evaluating claim validation expression: validation expression 'claims.exp - \
         claims.nbf <= 86400' failed: too long"
    );
    assert!(
        refused("roles", 7.into()).starts_with("oidc: error evaluating group claim expression")
    );
    let reserved = user(
        "claimMappings: {username: {claim: sub, prefix: 'system:'}}, userValidationRules: \
         [{expression: '!user.username.startsWith(\"system:\")', message: reserved}]",
        claims,
    );
    assert!(reserved.expect_err("it is reserved").ends_with("failed: reserved"));
}

#[test]
fn flags_say_the_same_in_fewer_words() {
    let flags = OidcFlags {
        issuer_url: "https://a".into(),
        client_id: "kube".into(),
        username_claim: "sub".into(),
        groups_claim: "groups".into(),
        groups_prefix: "oidc:".into(),
        ..OidcFlags::default()
    };
    let name = |flags: &OidcFlags, claims: Value| {
        let (mappers, faults) = checked::check(&flags.configuration(), &[]);
        assert_eq!(faults, []);
        mappers[0].user(claims.as_object().expect("an object").clone())
    };
    let found = name(&flags, json!({"sub": "alice", "groups": "dev"})).expect("a user");
    assert_eq!((found.name.as_str(), found.groups), ("https://a#alice", vec!["oidc:dev".into()]));
    let plain = OidcFlags { username_prefix: "-".into(), ..flags.clone() };
    assert_eq!(name(&plain, json!({"sub": "alice"})).expect("a user").name, "alice");
    let email = OidcFlags { username_claim: "email".into(), ..flags };
    let claims = |verified: bool| json!({"email": "a@b.c", "email_verified": verified});
    assert_eq!(name(&email, claims(true)).expect("a user").name, "a@b.c");
    assert_eq!(name(&email, claims(false)), Err("oidc: email not verified".into()));
}

#[test]
fn only_the_issuer_s_keys_sign() {
    let chance = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &chance).expect("a key");
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &chance).expect("a pair");
    let coded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let key =
        |kid: &str| json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": coded(x), "y": coded(y)});
    let signed = |header: Value| {
        let claims = json!({"iss": "https://a", "aud": ["kube"], "exp": 1000, "nbf": 500});
        let message = [header, claims].map(|part| coded(part.to_string().as_bytes())).join(".");
        let signature = pair.sign(&chance, message.as_bytes()).expect("a signature");
        Token::parse(&format!("{message}.{}", coded(signature.as_ref()))).expect("a token")
    };
    let set = |kid: &str| {
        let document = json!({"keys": [{"kty": "OKP"}, {"kty": "EC", "crv": "P-521"}, key(kid)]});
        Key::set(&document).expect("a set")
    };
    let token = signed(json!({"alg": "ES256", "kid": "k1"}));
    assert_eq!(set("k1").len(), 1);
    assert!(token.is_signed_by(&set("k1")) && !token.is_signed_by(&set("k2")));
    assert!(signed(json!({"alg": "ES256"})).is_signed_by(&set("k2")));
    for other in ["none", "HS256", "RS256", "ES384"] {
        assert!(!signed(json!({"alg": other, "kid": "k1"})).is_signed_by(&set("k1")), "{other}");
    }
    let check = |audience: &str, now: u64| token.check(&[audience.to_owned()], now);
    assert_eq!(check("kube", 600), Ok(()));
    assert_eq!(
        check("other", 600),
        Err("oidc: expected audience in [\"other\"] got [\"kube\"]".into())
    );
    assert!(check("kube", 1000).unwrap_err().starts_with("oidc: token is expired"));
    assert!(check("kube", 400).unwrap_err().contains("before the nbf"));
    assert_eq!(check("kube", 440), Ok(()));
}

//! The flags that say who is who.
//!
//! Upstream: pkg/kubeapiserver/options/authentication.go.

use super::{
    FlagError, broken, duration, issuers::IssuerFlags, read, request_header::RequestHeaderFlags,
    webhooks::TokenWebhookFlags,
};
use apiserver::{KeyError, PublicKey, ServiceAccounts, SigningKey, Tokens, User};
use clap::{ArgAction, Args};
use std::{path::Path, time::Duration};

/// Who is who.
#[derive(Debug, Args)]
#[command(next_help_heading = "Authentication")]
pub struct AuthenticationFlags {
    /// Authorities that signed clients' certificates
    #[arg(long, default_value = "", hide_default_value = true)]
    pub client_ca_file: String,
    /// CSV file of tokens: token,user,uid,"group1,group2"
    #[arg(long, default_value = "", hide_default_value = true)]
    pub token_auth_file: String,
    /// Let requests without credentials in as system:anonymous: true without
    #[arg(
        long, action = ArgAction::Set, num_args = 0..=1, require_equals = true,
        default_missing_value = "true"
    )]
    pub anonymous_auth: Option<bool>,
    /// Let new machines in with tokens from secrets in kube-system
    #[arg(
        long, default_value_t = false, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true"
    )]
    pub enable_bootstrap_token_auth: bool,
    /// Whom tokens must be for, comma separated; the issuers where nobody is named
    #[arg(long, value_delimiter = ',')]
    pub api_audiences: Vec<String>,
    /// Who issues service accounts' tokens; the first signs, all are believed
    #[arg(long, default_value = "https://kubernetes.default.svc.cluster.local")]
    pub service_account_issuer: Vec<String>,
    /// Private key to sign service accounts' tokens with; made in --cert-dir where there is none
    #[arg(long, default_value = "", hide_default_value = true)]
    pub service_account_signing_key_file: String,
    /// Keys to check service accounts' tokens with; the signing key where there are none
    #[arg(long)]
    pub service_account_key_file: Vec<String>,
    /// Where the keys can be read that check service accounts' tokens
    #[arg(long, default_value = "", hide_default_value = true)]
    pub service_account_jwks_uri: String,
    /// The longest life of a service account's token; 0s: no limit
    #[arg(long, default_value = "0s", value_parser = duration)]
    pub service_account_max_token_expiration: Duration,
    /// Let tokens in pods live longer than they say
    #[arg(
        long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true"
    )]
    pub service_account_extend_token_expiration: bool,
    /// Who else issues tokens
    #[command(flatten)]
    pub issuers: IssuerFlags,
    /// Who else knows tokens
    #[command(flatten)]
    pub webhook: TokenWebhookFlags,
    /// Who names users
    #[command(flatten)]
    pub proxies: RequestHeaderFlags,
}

const SIGNING: &str = "service-account-signing-key-file";
const KEYS: &str = "service-account-key-file";

fn unusable(flag: &'static str, path: &str, error: &KeyError) -> FlagError {
    FlagError::File { flag, path: path.to_owned(), why: error.to_string() }
}

impl AuthenticationFlags {
    /// How service accounts' tokens are signed and checked; makes a key in `--cert-dir` where none
    /// is given.
    pub(super) fn service_accounts(&self, cert_dir: &str) -> Result<ServiceAccounts, FlagError> {
        self.check_issuers()?;
        let path = &self.service_account_signing_key_file;
        let pem = match path.is_empty() {
            true => own_key(cert_dir)?,
            false => read(SIGNING, path)?,
        };
        let signer = SigningKey::read(&pem).map_err(|error| unusable(SIGNING, path, &error))?;
        let mut keys = Vec::new();
        for path in &self.service_account_key_file {
            let found = PublicKey::read(&read(KEYS, path)?);
            keys.extend(found.map_err(|error| unusable(KEYS, path, &error))?);
        }
        if keys.is_empty() {
            keys = PublicKey::read(&pem).map_err(|error| unusable(SIGNING, path, &error))?;
        }
        Ok(ServiceAccounts {
            issuers: self.service_account_issuer.clone(),
            audiences: self.api_audiences.clone(),
            signer: Some(signer),
            keys,
            expiration_max: Some(self.service_account_max_token_expiration),
            extends: self.service_account_extend_token_expiration,
            jwks_uri: self.service_account_jwks_uri.clone(),
        })
    }

    fn check_issuers(&self) -> Result<(), FlagError> {
        let issuers = &self.service_account_issuer;
        let wrong = |why: String| Err(FlagError::Combination(why));
        for (at, issuer) in issuers.iter().enumerate() {
            if issuer.is_empty() {
                return wrong("service-account-issuer should not be an empty string".into());
            }
            if issuers[..at].contains(issuer) {
                return wrong(format!("service-account-issuer {issuer:?} is already specified"));
            }
        }
        let uri = &self.service_account_jwks_uri;
        match uri.is_empty() || uri.starts_with("https://") {
            true => Ok(()),
            false => {
                wrong(format!("service-account-jwks-uri requires https scheme, parsed as: {uri}"))
            }
        }
    }

    pub(super) fn tokens(&self) -> Result<Tokens, FlagError> {
        if self.token_auth_file.is_empty() {
            return Ok(Tokens::new());
        }
        let bytes = read("token-auth-file", &self.token_auth_file)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines
            .map(|line| {
                token(line).ok_or_else(|| FlagError::File {
                    flag: "token-auth-file",
                    path: self.token_auth_file.clone(),
                    why: "a line needs at least a token, a user's name and a uid".into(),
                })
            })
            .collect()
    }
}

/// The key in `--cert-dir`, made now where there is none.
fn own_key(cert_dir: &str) -> Result<Vec<u8>, FlagError> {
    let path = Path::new(cert_dir).join("service-account.key");
    let path = path.to_string_lossy();
    if Path::new(&*path).exists() {
        return read("cert-dir", &path);
    }
    let made = rcgen::KeyPair::generate()
        .map_err(|error| FlagError::Value { flag: "cert-dir", why: error.to_string() })?;
    let text = made.serialize_pem();
    std::fs::create_dir_all(cert_dir).map_err(|error| broken("cert-dir", cert_dir, &error))?;
    std::fs::write(&*path, &text).map_err(|error| broken("cert-dir", &path, &error))?;
    Ok(text.into_bytes())
}

/// One line: `token,user,uid` and perhaps `"group1,group2"`.
fn token(line: &str) -> Option<(String, User)> {
    let mut fields = line.splitn(4, ',').map(|field| field.trim().trim_matches('"').to_owned());
    let (token, name, uid) = (fields.next()?, fields.next()?, fields.next()?);
    let groups = fields.next().unwrap_or_default();
    let groups = groups.split(',').map(str::trim).filter(|group| !group.is_empty());
    let groups = groups.map(str::to_owned).collect();
    let user = User { name, uid, groups, ..User::default() };
    (!token.is_empty() && !user.name.is_empty()).then_some((token, user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_with_their_groups() {
        let (name, user) = token("t1,alice,7,\"dev,ops\"").unwrap();
        assert_eq!((name.as_str(), user.name.as_str(), user.uid.as_str()), ("t1", "alice", "7"));
        assert_eq!(user.groups, ["dev", "ops"]);
        assert!(token("t1,alice").is_none());
    }
}

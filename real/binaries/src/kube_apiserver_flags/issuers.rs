//! The flags that say who else issues tokens.
//!
//! Upstream: pkg/kubeapiserver/options/authentication.go.

use super::{FlagError, read};
use apiserver::{Anonymous, AuthenticationConfiguration, JwtSettings, OidcFlags};
use clap::Args;

/// Issuers outside of the cluster.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Authentication")]
pub struct IssuerFlags {
    /// File that says who issues tokens and what they mean (AuthenticationConfiguration)
    #[arg(long, default_value = "", hide_default_value = true)]
    pub authentication_config: String,
    /// URL of an OpenID issuer whose tokens are believed
    #[arg(long)]
    pub oidc_issuer_url: Option<String>,
    /// Whom that issuer's tokens must be for
    #[arg(long)]
    pub oidc_client_id: Option<String>,
    /// Authorities that signed the issuer's certificate; the machine's without
    #[arg(long)]
    pub oidc_ca_file: Option<String>,
    /// Claim that names the user; sub where none is given
    #[arg(long)]
    pub oidc_username_claim: Option<String>,
    /// What users' names begin with; -: nothing; the issuer's URL and # where nothing is given
    #[arg(long, allow_hyphen_values = true)]
    pub oidc_username_prefix: Option<String>,
    /// Claim that names the user's groups
    #[arg(long)]
    pub oidc_groups_claim: Option<String>,
    /// What groups' names begin with
    #[arg(long)]
    pub oidc_groups_prefix: Option<String>,
    /// Signatures that are believed, comma separated: RS256 where none is named
    #[arg(long, value_delimiter = ',')]
    pub oidc_signing_algs: Vec<String>,
    /// A claim and what it must be (claim=value); may be given several times
    #[arg(long)]
    pub oidc_required_claim: Vec<String>,
}

fn sentence(why: impl Into<String>) -> FlagError {
    FlagError::Combination(why.into())
}

impl IssuerFlags {
    fn is_set(&self) -> bool {
        let texts = [
            &self.oidc_issuer_url,
            &self.oidc_client_id,
            &self.oidc_ca_file,
            &self.oidc_username_claim,
            &self.oidc_username_prefix,
            &self.oidc_groups_claim,
            &self.oidc_groups_prefix,
        ];
        texts.iter().any(|text| text.is_some())
            || !self.oidc_signing_algs.is_empty()
            || !self.oidc_required_claim.is_empty()
    }

    /// Who issues tokens besides this server.
    pub(super) fn settings(&self, own_issuers: &[String]) -> Result<JwtSettings, FlagError> {
        let mut settings = match (self.authentication_config.as_str(), self.is_set()) {
            ("", false) => return Ok(JwtSettings::default()),
            ("", true) => self.oidc()?,
            (_, true) => {
                let why = "authentication-config file and oidc-* flags are mutually exclusive";
                return Err(sentence(why));
            }
            (path, false) => file(path)?,
        };
        settings.own_issuers = own_issuers.to_vec();
        settings.check().map_err(sentence)?;
        Ok(settings)
    }

    fn oidc(&self) -> Result<JwtSettings, FlagError> {
        let text = |flag: &Option<String>| flag.clone().unwrap_or_default();
        let (issuer_url, client_id) = (text(&self.oidc_issuer_url), text(&self.oidc_client_id));
        if issuer_url.is_empty() || client_id.is_empty() {
            let why = "oidc-issuer-url and oidc-client-id must be specified together when any \
                       oidc-* flags are set";
            return Err(sentence(why));
        }
        let authorities = match text(&self.oidc_ca_file).as_str() {
            "" => String::new(),
            path => String::from_utf8_lossy(&read("oidc-ca-file", path)?).into_owned(),
        };
        let flags = OidcFlags {
            issuer_url,
            client_id,
            authorities,
            username_claim: self.oidc_username_claim.clone().unwrap_or_else(|| "sub".into()),
            username_prefix: text(&self.oidc_username_prefix),
            groups_claim: text(&self.oidc_groups_claim),
            groups_prefix: text(&self.oidc_groups_prefix),
            required_claims: self.required()?,
        };
        let algorithms = match self.oidc_signing_algs.is_empty() {
            true => vec!["RS256".into()],
            false => self.oidc_signing_algs.clone(),
        };
        let configuration = flags.configuration();
        Ok(JwtSettings { configuration, algorithms, ..JwtSettings::default() })
    }

    fn required(&self) -> Result<Vec<(String, String)>, FlagError> {
        let pair = |text: &String| {
            let pair = text.split_once('=').map(|(claim, value)| (claim.into(), value.into()));
            pair.ok_or_else(|| FlagError::Value {
                flag: "oidc-required-claim",
                why: format!("malformed pair, expect string=string: {text}"),
            })
        };
        self.oidc_required_claim.iter().map(pair).collect()
    }
}

fn file(path: &str) -> Result<JwtSettings, FlagError> {
    let text = read("authentication-config", path)?;
    let configuration = AuthenticationConfiguration::parse(&text).map_err(|why| {
        sentence(format!("failed to load authentication configuration from file {path:?}: {why}"))
    })?;
    let file = Some((path.to_owned(), text));
    Ok(JwtSettings { configuration, file, ..JwtSettings::default() })
}

/// Who comes in without credentials: the file says so, or else the flag. Where everybody may do
/// everything, the flag's word does not count.
pub(super) fn anonymous(
    flag: Option<bool>,
    settings: &JwtSettings,
    open: bool,
) -> Result<Anonymous, FlagError> {
    match (&settings.configuration.anonymous, flag) {
        (Some(_), Some(_)) => Err(sentence(
            "anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is \
             configured in authentication configuration file",
        )),
        (Some(said), None) => Ok(said.clone()),
        (None, flag) => Ok(Anonymous::everywhere(flag.unwrap_or(true) && !open)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_do_not_go_together_are_refused() {
        let text = |text: &str| Some(text.to_owned());
        let said = |flags: IssuerFlags| {
            flags.settings(&["https://own".into()]).err().map(|error| error.to_string())
        };
        let both = || IssuerFlags {
            oidc_issuer_url: text("https://a"),
            oidc_client_id: text("kube"),
            ..IssuerFlags::default()
        };
        assert_eq!(said(both()), None);
        assert_eq!(said(IssuerFlags::default()), None);
        let together = "oidc-issuer-url and oidc-client-id must be specified together when any \
                        oidc-* flags are set";
        assert_eq!(
            said(IssuerFlags { oidc_groups_claim: text("g"), ..IssuerFlags::default() }).as_deref(),
            Some(together)
        );
        let exclusive = "authentication-config file and oidc-* flags are mutually exclusive";
        let file = IssuerFlags { authentication_config: "f".into(), ..both() };
        assert_eq!(said(file).as_deref(), Some(exclusive));
        let plain = IssuerFlags { oidc_issuer_url: text("http://a"), ..both() };
        assert!(said(plain).is_some_and(|why| why.contains("URL scheme must be https")));
        let own = IssuerFlags { oidc_issuer_url: text("https://own"), ..both() };
        assert!(said(own).is_some_and(|why| why.contains("must not overlap with disallowed")));
        let none = IssuerFlags { oidc_signing_algs: vec!["none".into()], ..both() };
        assert!(said(none).is_some_and(|why| why.contains("unsupported signing alg: \"none\"")));
        let claim = IssuerFlags { oidc_required_claim: vec!["a".into()], ..both() };
        assert!(said(claim).is_some_and(|why| why.contains("malformed pair")));
    }

    #[test]
    fn who_is_unknown_comes_in_as_flag_or_file_say() {
        let settings = |anonymous: Option<Anonymous>| JwtSettings {
            configuration: {
                let mut said = AuthenticationConfiguration::default();
                said.anonymous = anonymous;
                said
            },
            ..JwtSettings::default()
        };
        let (open, closed) = (Anonymous::everywhere(true), Anonymous::everywhere(false));
        let of = |flag, file, all| anonymous(flag, &settings(file), all).ok();
        assert_eq!(of(None, None, false), Some(open.clone()));
        assert_eq!(of(Some(true), None, true), Some(closed.clone()));
        assert_eq!(of(None, Some(open.clone()), true), Some(open.clone()));
        assert_eq!(of(Some(false), None, false), Some(closed));
        assert_eq!(of(Some(true), Some(open), false), None);
    }
}

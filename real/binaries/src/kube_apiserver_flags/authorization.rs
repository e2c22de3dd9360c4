//! The flags that say who may do what.
//!
//! Upstream: pkg/kubeapiserver/options/authorization.go.

use super::{FlagError, read, webhooks::AuthorizationWebhookFlags};
use apiserver::{AuthorizationConfiguration, AuthorizationFile, Mode, Policy};
use clap::Args;
use host::Host;

/// Who may do what.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Authorization")]
pub struct AuthorizationFlags {
    /// Ways to decide who may do what, in the order in which they are asked: AlwaysAllow,
    /// AlwaysDeny, ABAC, Webhook, Node, RBAC; AlwaysAllow without
    #[arg(long, value_delimiter = ',')]
    pub authorization_mode: Vec<String>,
    /// File with a rule of ABAC on each line
    #[arg(long, default_value = "", hide_default_value = true)]
    pub authorization_policy_file: String,
    /// File that says who is asked, in which order (AuthorizationConfiguration)
    #[arg(long, default_value = "", hide_default_value = true)]
    pub authorization_config: String,
    /// A server that says who may do what
    #[command(flatten)]
    pub webhook: AuthorizationWebhookFlags,
}

const FILE: &str = "authorization-policy-file";
const CONFIG: &str = "authorization-config";

/// Who decides, and the file that says so.
type Said = (Vec<Mode>, Option<AuthorizationFile>);

fn sentence<T>(why: impl Into<String>) -> Result<T, FlagError> {
    Err(FlagError::Combination(why.into()))
}

impl AuthorizationFlags {
    /// The modes, with what they need.
    pub(super) fn said(&self, host: &Host) -> Result<Said, FlagError> {
        if !self.authorization_config.is_empty() {
            return self.structured(host);
        }
        self.check()?;
        let usual = ["AlwaysAllow".to_owned()];
        let names = match self.authorization_mode.as_slice() {
            [] => &usual,
            names => names,
        };
        let modes = names.iter().map(|name| self.mode(host, name));
        Ok((modes.collect::<Result<_, _>>()?, None))
    }

    fn structured(&self, host: &Host) -> Result<Said, FlagError> {
        if !self.authorization_mode.is_empty() || self.webhook.is_set() {
            return sentence(
                "--authorization-config can not be specified when --authorization-mode or \
                 --authorization-webhook-* flags are defined",
            );
        }
        let path = self.authorization_config.clone();
        let text = read(CONFIG, &path)?;
        let configuration =
            AuthorizationConfiguration::parse(host, &text).map_err(FlagError::Combination)?;
        let policies = match configuration.needs_policies() {
            true => self.policies()?,
            false => Vec::new(),
        };
        let modes = configuration.modes(host, &policies);
        let modes =
            modes.map_err(|why| FlagError::File { flag: CONFIG, path: path.clone(), why })?;
        Ok((modes, Some(AuthorizationFile { path, text, configuration, policies })))
    }

    /// Whether the flags go together.
    fn check(&self) -> Result<(), FlagError> {
        let modes = &self.authorization_mode;
        let known = ["AlwaysAllow", "AlwaysDeny", "ABAC", "Webhook", "RBAC", "Node"];
        if let Some(mode) = modes.iter().find(|mode| !known.contains(&mode.as_str())) {
            return sentence(format!("authorization-mode {mode:?} is not a valid mode"));
        }
        let has = |name: &str| modes.iter().any(|mode| mode == name);
        let (policies, webhook) =
            (!self.authorization_policy_file.is_empty(), self.webhook.has_file());
        for (wrong, why) in [
            (
                has("ABAC") && !policies,
                "authorization-mode ABAC's authorization policy file not passed",
            ),
            (
                has("Webhook") && !webhook,
                "authorization-mode Webhook's authorization config file not passed",
            ),
            (
                !has("ABAC") && policies,
                "cannot specify --authorization-policy-file without mode ABAC",
            ),
            (
                !has("Webhook") && webhook,
                "cannot specify --authorization-webhook-config-file without mode Webhook",
            ),
        ] {
            if wrong {
                return sentence(why);
            }
        }
        let twice = modes.iter().enumerate().any(|(at, mode)| modes[..at].contains(mode));
        if twice {
            let told: Vec<_> = modes.iter().map(|mode| format!("{mode:?}")).collect();
            let told = told.join(" ");
            return sentence(format!(
                "authorization-mode [{told}] has mode specified more than once"
            ));
        }
        Ok(())
    }

    fn mode(&self, host: &Host, name: &str) -> Result<Mode, FlagError> {
        Ok(match name {
            "AlwaysAllow" => Mode::AlwaysAllow,
            "AlwaysDeny" => Mode::AlwaysDeny,
            "Node" => Mode::Node,
            "ABAC" => Mode::Abac(self.policies()?),
            "Webhook" => Mode::Webhook(Box::new(self.webhook.webhook(host)?)),
            _ => Mode::Rbac,
        })
    }

    fn policies(&self) -> Result<Vec<Policy>, FlagError> {
        let path = &self.authorization_policy_file;
        let text = read(FILE, path)?;
        Policy::parse(&String::from_utf8_lossy(&text)).map_err(|error| FlagError::File {
            flag: FILE,
            path: path.clone(),
            why: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_go_with_their_files() {
        let webhook = |file: &str| AuthorizationWebhookFlags {
            authorization_webhook_config_file: Some(file.to_owned()),
            ..AuthorizationWebhookFlags::default()
        };
        let cases = [
            ("Node,RBAC", "", "", None),
            ("", "", "", None),
            (
                "RBAC,Node,RBAC",
                "",
                "",
                Some(
                    "authorization-mode [\"RBAC\" \"Node\" \"RBAC\"] has mode specified more than \
                     once",
                ),
            ),
            ("Rbac", "", "", Some("authorization-mode \"Rbac\" is not a valid mode")),
            (
                "ABAC",
                "",
                "",
                Some("authorization-mode ABAC's authorization policy file not passed"),
            ),
            (
                "Webhook",
                "",
                "",
                Some("authorization-mode Webhook's authorization config file not passed"),
            ),
            ("RBAC", "p", "", Some("cannot specify --authorization-policy-file without mode ABAC")),
            (
                "RBAC",
                "",
                "w",
                Some("cannot specify --authorization-webhook-config-file without mode Webhook"),
            ),
        ];
        for (modes, policies, hook, why) in cases {
            let modes = modes.split(',').filter(|mode| !mode.is_empty());
            let flags = AuthorizationFlags {
                authorization_mode: modes.map(str::to_owned).collect(),
                authorization_policy_file: policies.into(),
                webhook: webhook(hook),
                ..AuthorizationFlags::default()
            };
            let said = flags.check().err().map(|error| error.to_string());
            assert_eq!(said.as_deref(), why);
        }
    }
}

//! The flags that say who may do what.
//!
//! Upstream: pkg/kubeapiserver/options/authorization.go.

use super::{FlagError, read};
use apiserver::{Mode, Policy};
use clap::Args;

/// Who may do what.
#[derive(Debug, Args)]
#[command(next_help_heading = "Authorization")]
pub struct AuthorizationFlags {
    /// Ways to decide who may do what, in the order in which they are asked: AlwaysAllow,
    /// AlwaysDeny, ABAC, Node, RBAC
    #[arg(long, value_delimiter = ',', default_value = "AlwaysAllow")]
    pub authorization_mode: Vec<String>,
    /// File with a rule of ABAC on each line
    #[arg(long, default_value = "", hide_default_value = true)]
    pub authorization_policy_file: String,
}

const MODE: &str = "authorization-mode";
const FILE: &str = "authorization-policy-file";

impl AuthorizationFlags {
    /// The modes, with what they need.
    pub(super) fn modes(&self) -> Result<Vec<Mode>, FlagError> {
        let wrong = |why: String| Err(FlagError::Value { flag: MODE, why });
        for (at, mode) in self.authorization_mode.iter().enumerate() {
            if self.authorization_mode[..at].contains(mode) {
                return wrong(format!(
                    "authorization-mode {:?} has mode specified more than once",
                    self.authorization_mode
                ));
            }
        }
        let abac = self.authorization_mode.iter().any(|mode| mode == "ABAC");
        let why = match (abac, self.authorization_policy_file.is_empty()) {
            (true, true) => "authorization-mode ABAC's authorization policy file not passed",
            (false, false) => "cannot specify --authorization-policy-file without mode ABAC",
            _ => return self.authorization_mode.iter().map(|mode| self.mode(mode)).collect(),
        };
        wrong(why.into())
    }

    fn mode(&self, name: &str) -> Result<Mode, FlagError> {
        match name {
            "AlwaysAllow" => Ok(Mode::AlwaysAllow),
            "AlwaysDeny" => Ok(Mode::AlwaysDeny),
            "Node" => Ok(Mode::Node),
            "RBAC" => Ok(Mode::Rbac),
            "ABAC" => {
                let path = &self.authorization_policy_file;
                let text = read(FILE, path)?;
                let policies = Policy::parse(&String::from_utf8_lossy(&text));
                policies.map(Mode::Abac).map_err(|error| FlagError::File {
                    flag: FILE,
                    path: path.clone(),
                    why: error.to_string(),
                })
            }
            other => {
                let why = format!("authorization-mode {other:?} is not a valid mode");
                Err(FlagError::Value { flag: MODE, why })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_known_and_named_once() {
        let modes = |names: &[&str]| {
            let flags = AuthorizationFlags {
                authorization_mode: names.iter().map(|name| (*name).to_owned()).collect(),
                authorization_policy_file: String::new(),
            };
            flags.modes().map(|modes| modes.len()).map_err(|error| error.to_string())
        };
        assert_eq!(modes(&["Node", "RBAC"]), Ok(2));
        assert!(modes(&["RBAC", "RBAC"]).unwrap_err().contains("more than once"));
        assert!(modes(&["Rbac"]).unwrap_err().contains("not a valid mode"));
        assert!(modes(&["ABAC"]).unwrap_err().contains("policy file not passed"));
    }
}

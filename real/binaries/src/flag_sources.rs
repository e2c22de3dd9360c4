//! Where flags come from besides the command line: `ETCD_…` variables and a YAML file.
//!
//! Upstream: pkg/flags/flag.go and server/etcdmain/config.go. Variables stand below the command
//! line; a configuration file replaces both.

use serde_yaml_ng::Value;

/// Why the sources cannot be turned into flags.
#[derive(Debug)]
pub enum SourceError {
    /// The file cannot be read.
    Read {
        /// Its path.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file is not YAML.
    Parse {
        /// Its path.
        path: String,
        /// What is wrong, with the line.
        error: String,
    },
}

impl std::fmt::Display for SourceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Read { path, error } => write!(f, "cannot read config file {path}: {error}"),
            Self::Parse { path, error } => write!(f, "cannot parse config file {path}: {error}"),
        }
    }
}

impl std::error::Error for SourceError {}

/// The arguments to parse, in rising precedence: from variables, then from the command line; or,
/// when `--config-file` is given, from that file alone.
///
/// # Errors
/// The configuration file cannot be read or is not YAML.
pub fn collect(
    prefix: &str,
    known: &[String],
    environment: impl Iterator<Item = (String, String)>,
    command_line: impl Iterator<Item = String>,
) -> Result<Vec<String>, SourceError> {
    let mut command_line = command_line.map(double_dash);
    let mut args: Vec<String> = command_line.next().into_iter().collect();
    let from_line: Vec<String> = command_line.collect();
    let variables: Vec<(String, String)> = environment.collect();
    let file = value_of(&from_line, "config-file").or_else(|| {
        let name = format!("{prefix}CONFIG_FILE");
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
    });
    if let Some(path) = file {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| SourceError::Read { path: path.clone(), error })?;
        args.extend(from_yaml(&path, &text)?);
        return Ok(args);
    }
    args.extend(from_variables(prefix, known, &variables));
    args.extend(from_line);
    Ok(args)
}

/// Go accepts `-name` for `--name`.
fn double_dash(arg: String) -> String {
    let one_dash = arg.starts_with('-') && !arg.starts_with("--") && arg.len() > 2;
    if one_dash { format!("-{arg}") } else { arg }
}

fn value_of(args: &[String], flag: &str) -> Option<String> {
    let flag = format!("--{flag}");
    args.iter().enumerate().find_map(|(at, arg)| match arg.strip_prefix(&flag)? {
        "" => args.get(at + 1).cloned(),
        rest => rest.strip_prefix('=').map(Into::into),
    })
}

fn from_variables(prefix: &str, known: &[String], variables: &[(String, String)]) -> Vec<String> {
    let variable = |flag: &str| format!("{prefix}{}", flag.to_uppercase().replace('-', "_"));
    known
        .iter()
        .filter_map(|flag| {
            let name = variable(flag);
            let (_, value) = variables.iter().find(|(key, _)| *key == name)?;
            Some(format!("--{flag}={value}"))
        })
        .collect()
}

fn from_yaml(path: &str, text: &str) -> Result<Vec<String>, SourceError> {
    let error = |error: String| SourceError::Parse { path: path.into(), error };
    let value: Value = serde_yaml_ng::from_str(text).map_err(|e| error(e.to_string()))?;
    let Value::Mapping(settings) = value else {
        return Err(error("it is not a mapping of settings".into()));
    };
    let mut args = Vec::new();
    for (key, value) in settings {
        let Value::String(key) = key else {
            return Err(error("a setting's name is not text".into()));
        };
        let nested = match key.as_str() {
            "client-transport-security" => Some(""),
            "peer-transport-security" => Some("peer-"),
            _ => None,
        };
        match (nested, value) {
            (Some(prefix), Value::Mapping(inner)) => {
                for (key, value) in inner {
                    let key = key.as_str().unwrap_or_default();
                    args.extend(flag(&format!("{prefix}{key}"), &value));
                }
            }
            (_, value) => args.extend(flag(&key, &value)),
        }
    }
    Ok(args)
}

fn flag(name: &str, value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => value.clone(),
        Value::Sequence(items) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
        }
        Value::Mapping(_) | Value::Tagged(_) => return None,
    };
    Some(format!("--{name}={text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(variables: &[(&str, &str)], line: &[&str]) -> Vec<String> {
        let known = ["name".to_owned(), "data-dir".to_owned()];
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        collect("ETCD_", &known, variables, line.iter().map(|arg| (*arg).to_owned())).unwrap()
    }

    #[test]
    fn the_command_line_follows_variables_so_that_it_wins() {
        assert_eq!(
            collected(&[("ETCD_NAME", "a"), ("HOME", "/x")], &["etcd", "-name", "b"]),
            ["etcd", "--name=a", "--name", "b"]
        );
    }

    #[test]
    fn a_file_is_turned_into_flags() {
        let yaml = "name: a\nsnapshot-count: 5\nclient-transport-security:\n  cert-file: c\n\
                    peer-transport-security:\n  auto-tls: true\n";
        assert_eq!(
            from_yaml("f", yaml).unwrap(),
            ["--name=a", "--snapshot-count=5", "--cert-file=c", "--peer-auto-tls=true"]
        );
        assert!(from_yaml("f", "- 1").is_err());
        assert!(from_yaml("f", "a: [").is_err());
    }
}

//! Why flags are refused.

use etcd::config::ConfigError;

/// Why the flags cannot be turned into a configuration.
#[derive(Debug)]
pub enum FlagError {
    /// The settings contradict each other.
    Config(ConfigError),
    /// A file cannot be read.
    File {
        /// The flag that names it.
        flag: &'static str,
        /// Its path.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A value is not what its flag takes.
    Value {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        why: String,
    },
}

impl std::fmt::Display for FlagError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::File { flag, path, error } => write!(f, "cannot read --{flag} {path}: {error}"),
            Self::Value { flag, why } => write!(f, "--{flag}: {why}"),
        }
    }
}

impl std::error::Error for FlagError {}

impl From<ConfigError> for FlagError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

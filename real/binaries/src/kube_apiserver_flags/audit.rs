//! The flags of the audit log.
//!
//! Upstream: apiserver/pkg/server/options/audit.go.

use super::{FlagError, read};
use apiserver::{AuditLog, AuditPolicy};
use clap::Args;

/// Who did what, and what came of it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Audit")]
pub struct AuditFlags {
    /// File that says what is told of which requests; nothing without it
    #[arg(long, default_value = "", hide_default_value = true)]
    pub audit_policy_file: String,
    /// File to write events to, one on each line; nothing without it
    #[arg(long, default_value = "", hide_default_value = true)]
    pub audit_log_path: String,
    /// Megabytes after which a new file begins; 0: never
    #[arg(long, default_value_t = 100)]
    pub audit_log_maxsize: u64,
    /// Full files to keep; 0: all
    #[arg(long, default_value_t = 100)]
    pub audit_log_maxbackup: usize,
}

const POLICY: &str = "audit-policy-file";

impl AuditFlags {
    /// Where which events are written; none: nowhere.
    pub(super) fn log(&self) -> Result<Option<AuditLog>, FlagError> {
        if self.audit_log_path == "-" {
            let why = "standard output is the log's of the server; name a file".into();
            return Err(FlagError::Value { flag: "audit-log-path", why });
        }
        if self.audit_policy_file.is_empty() {
            return Ok(None);
        }
        let bytes = read(POLICY, &self.audit_policy_file)?;
        let policy = AuditPolicy::parse(&String::from_utf8_lossy(&bytes));
        let path = self.audit_policy_file.clone();
        let policy = policy.map_err(|why| FlagError::File { flag: POLICY, path, why })?;
        let log = AuditLog {
            policy,
            path: self.audit_log_path.clone(),
            size_max_bytes: self.audit_log_maxsize.saturating_mul(1024 * 1024),
            files_max: self.audit_log_maxbackup,
        };
        Ok((!log.path.is_empty()).then_some(log))
    }
}

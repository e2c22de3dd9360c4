//! The flags of the audit log.
//!
//! Upstream: apiserver/pkg/server/options/audit.go.

use super::{FlagError, duration, read};
use apiserver::{
    AuditBatches, AuditFile, AuditMode, AuditPolicy, AuditSettings, AuditSink, AuditTarget,
    AuditTruncation, LineWriter, Remote,
};
use clap::{ArgAction, Args};
use host::Host;
use std::{io::Write, time::Duration};

/// Who did what, and what came of it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Audit")]
pub struct AuditFlags {
    /// File that says what is told of which requests; nothing without it
    #[arg(long, default_value = "", hide_default_value = true)]
    pub audit_policy_file: String,
    /// A file, or standard output
    #[command(flatten)]
    pub log: AuditLogFlags,
    /// Another server
    #[command(flatten)]
    pub webhook: AuditWebhookFlags,
}

/// Events as lines.
#[derive(Debug, Args)]
#[command(next_help_heading = "Audit")]
pub struct AuditLogFlags {
    /// File to write events to, one on each line; -: standard output; nothing without it
    #[arg(long, default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    pub audit_log_path: String,
    /// Megabytes after which a new file begins; 0: never
    #[arg(long, default_value_t = 100)]
    pub audit_log_maxsize: u64,
    /// Full files to keep; 0: all
    #[arg(long, default_value_t = 100)]
    pub audit_log_maxbackup: usize,
    /// Days to keep full files; 0: for ever
    #[arg(long, default_value_t = 366)]
    pub audit_log_maxage: u64,
    /// Compress full files
    #[arg(
        long, default_value_t = false, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true"
    )]
    pub audit_log_compress: bool,
    /// Form of the lines: json
    #[arg(long, default_value = "json")]
    pub audit_log_format: String,
    /// Whether requests wait for their events: batch, blocking, blocking-strict
    #[arg(long, default_value = "blocking")]
    pub audit_log_mode: String,
    /// Events that wait, in the mode batch
    #[arg(long, default_value_t = 10_000)]
    pub audit_log_batch_buffer_size: usize,
    /// Events written at once, in the mode batch
    #[arg(long, default_value_t = 1)]
    pub audit_log_batch_max_size: usize,
    /// Time that events wait for others, in the mode batch
    #[arg(long, default_value = "0s", value_parser = duration)]
    pub audit_log_batch_max_wait: Duration,
    /// Make sure that large events and batches are told in part
    #[arg(
        long, default_value_t = false, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true"
    )]
    pub audit_log_truncate_enabled: bool,
    /// Bytes of a batch
    #[arg(long, default_value_t = 10_485_760)]
    pub audit_log_truncate_max_batch_size: usize,
    /// Bytes of an event
    #[arg(long, default_value_t = 102_400)]
    pub audit_log_truncate_max_event_size: usize,
    /// Version of the events
    #[arg(long, default_value = "audit.k8s.io/v1")]
    pub audit_log_version: String,
}

/// Events for another server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Audit")]
pub struct AuditWebhookFlags {
    /// Kubeconfig of a server to send events to; nothing without it
    #[arg(long, default_value = "", hide_default_value = true)]
    pub audit_webhook_config_file: String,
    /// Time before the first failed request to it is repeated
    #[arg(long, default_value = "10s", value_parser = duration)]
    pub audit_webhook_initial_backoff: Duration,
    /// Whether requests wait for their events: batch, blocking, blocking-strict
    #[arg(long, default_value = "batch")]
    pub audit_webhook_mode: String,
    /// Events that wait, in the mode batch
    #[arg(long, default_value_t = 10_000)]
    pub audit_webhook_batch_buffer_size: usize,
    /// Events sent at once, in the mode batch
    #[arg(long, default_value_t = 400)]
    pub audit_webhook_batch_max_size: usize,
    /// Time that events wait for others, in the mode batch
    #[arg(long, default_value = "30s", value_parser = duration)]
    pub audit_webhook_batch_max_wait: Duration,
    /// Send no more than so many batches, in the mode batch
    #[arg(
        long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true"
    )]
    pub audit_webhook_batch_throttle_enable: bool,
    /// Batches per second
    #[arg(long, default_value_t = 10.0)]
    pub audit_webhook_batch_throttle_qps: f64,
    /// Batches at once after a rest
    #[arg(long, default_value_t = 15)]
    pub audit_webhook_batch_throttle_burst: u32,
    /// Make sure that large events and batches are told in part
    #[arg(
        long, default_value_t = false, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true"
    )]
    pub audit_webhook_truncate_enabled: bool,
    /// Bytes of a batch
    #[arg(long, default_value_t = 10_485_760)]
    pub audit_webhook_truncate_max_batch_size: usize,
    /// Bytes of an event
    #[arg(long, default_value_t = 102_400)]
    pub audit_webhook_truncate_max_event_size: usize,
    /// Version of the events
    #[arg(long, default_value = "audit.k8s.io/v1")]
    pub audit_webhook_version: String,
}

const POLICY: &str = "audit-policy-file";
const WEBHOOK: &str = "audit-webhook-config-file";
const DAY: u64 = 24 * 60 * 60;

fn sentence<T>(why: impl Into<String>) -> Result<T, FlagError> {
    Err(FlagError::Combination(why.into()))
}

impl AuditFlags {
    /// Where which events are written; none: nowhere.
    pub(super) fn settings(&self, host: &Host) -> Result<Option<AuditSettings>, FlagError> {
        let sinks = self.log.sink()?.into_iter().chain(self.webhook.sink(host)?);
        let sinks: Vec<_> = sinks.collect();
        if self.audit_policy_file.is_empty() {
            return Ok(None);
        }
        let bytes = read(POLICY, &self.audit_policy_file)?;
        let policy = AuditPolicy::parse(&String::from_utf8_lossy(&bytes));
        let path = self.audit_policy_file.clone();
        let policy = policy.map_err(|why| FlagError::File { flag: POLICY, path, why })?;
        Ok((!sinks.is_empty()).then_some(AuditSettings { policy, sinks }))
    }
}

impl AuditLogFlags {
    fn sink(&self) -> Result<Option<AuditSink>, FlagError> {
        if self.audit_log_path.is_empty() {
            return Ok(None);
        }
        if self.audit_log_format != "json" {
            let format = &self.audit_log_format;
            let why = format!("invalid audit log format {format}, allowed formats are \"json\"");
            return sentence(why);
        }
        version(&self.audit_log_version)?;
        let batches = AuditBatches {
            buffer: self.audit_log_batch_buffer_size,
            size_max: self.audit_log_batch_max_size,
            wait_max: self.audit_log_batch_max_wait,
            throttle: None,
        };
        let target = match self.audit_log_path.as_str() {
            "-" => AuditTarget::Lines(LineWriter::new(|lines| {
                std::io::stdout().lock().write_all(lines.as_bytes())
            })),
            path => AuditTarget::File(AuditFile {
                path: path.to_owned(),
                size_max_bytes: self.audit_log_maxsize.saturating_mul(1024 * 1024),
                files_max: self.audit_log_maxbackup,
                age_max: Duration::from_secs(self.audit_log_maxage.saturating_mul(DAY)),
                compress: self.audit_log_compress,
            }),
        };
        let mode = mode("log", &self.audit_log_mode, &batches)?;
        let limits = AuditTruncation {
            event_max: self.audit_log_truncate_max_event_size,
            batch_max: self.audit_log_truncate_max_batch_size,
        };
        let truncate = truncation("log", self.audit_log_truncate_enabled, limits)?;
        Ok(Some(AuditSink { target, mode, batches, truncate }))
    }
}

impl AuditWebhookFlags {
    fn sink(&self, host: &Host) -> Result<Option<AuditSink>, FlagError> {
        let path = &self.audit_webhook_config_file;
        if path.is_empty() {
            return Ok(None);
        }
        version(&self.audit_webhook_version)?;
        let throttle =
            (self.audit_webhook_batch_throttle_qps, self.audit_webhook_batch_throttle_burst);
        let batches = AuditBatches {
            buffer: self.audit_webhook_batch_buffer_size,
            size_max: self.audit_webhook_batch_max_size,
            wait_max: self.audit_webhook_batch_max_wait,
            throttle: self.audit_webhook_batch_throttle_enable.then_some(throttle),
        };
        let mode = mode("webhook", &self.audit_webhook_mode, &batches)?;
        let limits = AuditTruncation {
            event_max: self.audit_webhook_truncate_max_event_size,
            batch_max: self.audit_webhook_truncate_max_batch_size,
        };
        let truncate = truncation("webhook", self.audit_webhook_truncate_enabled, limits)?;
        let remote = Remote::from_kubeconfig(host, path).map_err(|why| FlagError::File {
            flag: WEBHOOK,
            path: path.clone(),
            why,
        })?;
        let first_wait = self.audit_webhook_initial_backoff;
        let target = AuditTarget::Webhook { remote, first_wait };
        Ok(Some(AuditSink { target, mode, batches, truncate }))
    }
}

fn version(version: &str) -> Result<(), FlagError> {
    match version {
        "audit.k8s.io/v1" => Ok(()),
        _ => sentence("invalid group version, allowed versions are [\"audit.k8s.io/v1\"]"),
    }
}

fn mode(plugin: &str, name: &str, batches: &AuditBatches) -> Result<AuditMode, FlagError> {
    match name {
        "blocking" => return Ok(AuditMode::Blocking),
        "blocking-strict" => return Ok(AuditMode::BlockingStrict),
        "batch" => {}
        other => {
            return sentence(format!(
                "invalid audit {plugin} mode {other}, allowed modes are \
                 \"batch,blocking,blocking-strict\""
            ));
        }
    }
    let (qps, burst) = batches.throttle.unwrap_or((1.0, 1));
    for (good, what, value) in [
        (batches.buffer > 0, "buffer size", batches.buffer.to_string()),
        (batches.size_max > 0, "max batch size", batches.size_max.to_string()),
        (qps > 0.0, "throttle QPS", qps.to_string()),
        (burst > 0, "throttle burst", burst.to_string()),
    ] {
        if !good {
            return sentence(format!(
                "invalid audit batch {plugin} {what} {value}, must be a positive number"
            ));
        }
    }
    Ok(AuditMode::Batch)
}

fn truncation(
    plugin: &str,
    enabled: bool,
    limits: AuditTruncation,
) -> Result<Option<AuditTruncation>, FlagError> {
    let AuditTruncation { event_max, batch_max } = limits;
    if event_max == 0 {
        return sentence(format!(
            "invalid audit truncate {plugin} max event size {event_max}, must be a positive number"
        ));
    }
    if batch_max < event_max {
        return sentence(format!(
            "invalid audit truncate {plugin} max batch size {batch_max}, must be greater than max \
             event size ({event_max})"
        ));
    }
    Ok(enabled.then_some(limits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_and_limits_make_sense() {
        let batches = |buffer: usize, throttle: Option<(f64, u32)>| AuditBatches {
            buffer,
            size_max: 1,
            wait_max: Duration::ZERO,
            throttle,
        };
        let said = |name: &str, batches: &AuditBatches| {
            mode("webhook", name, batches).map_err(|error| error.to_string())
        };
        assert_eq!(said("blocking", &batches(0, None)), Ok(AuditMode::Blocking));
        assert_eq!(said("batch", &batches(1, Some((10.0, 15)))), Ok(AuditMode::Batch));
        for (name, batches, why) in [
            (
                "eager",
                batches(1, None),
                "invalid audit webhook mode eager, allowed modes are \
                 \"batch,blocking,blocking-strict\"",
            ),
            (
                "batch",
                batches(0, None),
                "invalid audit batch webhook buffer size 0, must be a positive number",
            ),
            (
                "batch",
                batches(1, Some((0.0, 1))),
                "invalid audit batch webhook throttle QPS 0, must be a positive number",
            ),
        ] {
            assert_eq!(said(name, &batches), Err(why.into()));
        }
        let limits = AuditTruncation { event_max: 10, batch_max: 5 };
        let why = truncation("log", false, limits).expect_err("it makes no sense").to_string();
        assert!(
            why.ends_with("max batch size 5, must be greater than max event size (10)"),
            "{why}"
        );
    }
}

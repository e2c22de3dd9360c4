//! How much at a time, how long, and how it ends: the flags of the generic server.
//!
//! Upstream: apiserver/pkg/server/options/{server_run_options,feature}.go.

use super::{FlagError, duration};
use apiserver::config::Config;
use clap::{ArgAction, Args};
use std::time::Duration;

/// Upstream refuses to let more clients than this look for another server.
const GOAWAY_CHANCE_MAX: f64 = 0.02;

/// The flags about limits.
#[derive(Debug, Args)]
pub struct LimitFlags {
    /// Time for a request that is not a watch
    #[arg(long, default_value = "1m0s", value_parser = duration, help_heading = "Serving")]
    pub request_timeout: Duration,
    /// Seconds that a watch lasts at least
    #[arg(long, default_value_t = 1800, help_heading = "Serving")]
    pub min_request_timeout: u64,
    /// Requests are let through in fair order, each level with seats of its own
    #[arg(
        long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true", help_heading = "Serving"
    )]
    pub enable_priority_and_fairness: bool,
    /// Requests that read, served at one time; with fairness: seats, together with those that write
    #[arg(long, default_value_t = 400, help_heading = "Serving")]
    pub max_requests_inflight: u32,
    /// Requests that write, served at one time
    #[arg(long, default_value_t = 200, help_heading = "Serving")]
    pub max_mutating_requests_inflight: u32,
    /// How often a client is told to look for another server: from 0 to 0.02
    #[arg(long, default_value_t = 0.0, help_heading = "Serving")]
    pub goaway_chance: f64,
    /// Requests at a time on one HTTP/2 connection; 0: upstream's hundred
    #[arg(long, default_value_t = 0, help_heading = "Serving")]
    pub http2_max_streams_per_connection: u32,

    /// Time for which a server that is still starting counts as alive
    #[arg(long, default_value = "0s", value_parser = duration, help_heading = "Ending")]
    pub livez_grace_period: Duration,
    /// Time between being told to end and accepting no more
    #[arg(long, default_value = "0s", value_parser = duration, help_heading = "Ending")]
    pub shutdown_delay_duration: Duration,
    /// Requests that come after that time are sent elsewhere until those under way are done
    #[arg(
        long, default_value_t = false, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true", help_heading = "Ending"
    )]
    pub shutdown_send_retry_after: bool,
    /// Time in which watches end one by one
    #[arg(long, default_value = "0s", value_parser = duration, help_heading = "Ending")]
    pub shutdown_watch_termination_grace_period: Duration,

    /// Of profiles none is served, whatever is said here
    #[arg(
        long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true", help_heading = "Serving"
    )]
    pub profiling: bool,
}

impl LimitFlags {
    /// Adds them to a configuration.
    pub(crate) fn apply(&self, config: &mut Config) -> Result<(), FlagError> {
        let bad = |flag, why: &str| Err(FlagError::Value { flag, why: why.to_owned() });
        if !(0.0..=GOAWAY_CHANCE_MAX).contains(&self.goaway_chance) {
            return bad("goaway-chance", "can not be less than 0 or greater than 0.02");
        }
        let seats = self.max_requests_inflight.checked_add(self.max_mutating_requests_inflight);
        if self.enable_priority_and_fairness && matches!(seats, None | Some(0)) {
            return bad(
                "max-requests-inflight",
                "with --max-mutating-requests-inflight it must be positive when \
                 --enable-priority-and-fairness is on",
            );
        }
        config.request_timeout = self.request_timeout;
        config.watch_timeout = Duration::from_secs(self.min_request_timeout);
        config.fair = self.enable_priority_and_fairness;
        config.bootstrap_flows = self.enable_priority_and_fairness;
        config.requests_max = self.max_requests_inflight;
        config.writes_max = self.max_mutating_requests_inflight;
        config.goaway_chance = self.goaway_chance;
        if self.http2_max_streams_per_connection > 0 {
            config.streams_max = self.http2_max_streams_per_connection;
        }
        config.livez_grace = self.livez_grace_period;
        config.shutdown_delay = self.shutdown_delay_duration;
        config.shutdown_retry_after = self.shutdown_send_retry_after;
        config.shutdown_watch_grace = self.shutdown_watch_termination_grace_period;
        Ok(())
    }
}

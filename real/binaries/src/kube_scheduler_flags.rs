//! The flags of `kube-scheduler`: upstream's names and defaults, turned into a configuration.
//!
//! Upstream: cmd/kube-scheduler/app/options. Flags that a configuration file replaces count only
//! where they are given.

use crate::{
    go_duration,
    kube_apiserver_flags::{FlagError, read},
    serving::ServingFlags,
};
use clap::Parser;
use client::{Client, Kubeconfig};
use host::Host;
use scheduler::config::Config;
use std::{path::Path, time::Duration};

const EXAMPLES: &str = "Example:
  kube-scheduler --kubeconfig scheduler.conf --config scheduler.yaml";

/// Decides on which node each pod runs.
#[derive(Debug, Parser)]
#[command(name = "kube-scheduler", version, after_help = EXAMPLES, args_override_self = true)]
pub struct Flags {
    /// A KubeSchedulerConfiguration
    #[arg(long, default_value = "", hide_default_value = true)]
    pub config: String,
    /// The way to the API server
    #[arg(long, default_value = "", hide_default_value = true)]
    pub kubeconfig: String,
    /// Requests a second
    #[arg(long)]
    pub kube_api_qps: Option<f64>,
    /// Requests at once
    #[arg(long)]
    pub kube_api_burst: Option<u32>,
    /// Time after which pods are tried again though nothing changed
    #[arg(long, default_value = "5m0s", value_parser = duration)]
    pub pod_max_in_unschedulable_pods_duration: Duration,

    /// Only one replica of several decides
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        help_heading = "Leader election")]
    pub leader_elect: Option<bool>,
    /// Others wait so long after a leader's last sign of life
    #[arg(long, value_parser = duration, help_heading = "Leader election")]
    pub leader_elect_lease_duration: Option<Duration>,
    /// A leader that could not renew for so long is none
    #[arg(long, value_parser = duration, help_heading = "Leader election")]
    pub leader_elect_renew_deadline: Option<Duration>,
    /// Between attempts
    #[arg(long, value_parser = duration, help_heading = "Leader election")]
    pub leader_elect_retry_period: Option<Duration>,
    /// The lease's name
    #[arg(long, help_heading = "Leader election")]
    pub leader_elect_resource_name: Option<String>,
    /// The lease's namespace
    #[arg(long, help_heading = "Leader election")]
    pub leader_elect_resource_namespace: Option<String>,

    /// Whether it is well
    #[command(flatten)]
    pub serving: ServingFlags,

    /// Level of the log's detail
    #[arg(short, long, default_value_t = 0, help_heading = "Log")]
    pub v: u8,
}

fn duration(text: &str) -> Result<Duration, String> {
    go_duration::parse(text).map_err(|error| error.to_string())
}

impl Flags {
    /// The configuration, from the file and from flags.
    ///
    /// # Errors
    /// A file cannot be read, a value makes no sense.
    pub fn config(&self) -> Result<Config, FlagError> {
        let broken = |flag, why: String| FlagError::Value { flag, why };
        let mut config = match self.config.as_str() {
            "" => Config::default(),
            path => {
                let text = String::from_utf8_lossy(&read("config", path)?).into_owned();
                Config::parse(&text).map_err(|error| broken("config", error.to_string()))?
            }
        };
        config.patience = self.pod_max_in_unschedulable_pods_duration;
        config.elect = self.leader_elect.unwrap_or(config.elect);
        let timing = &mut config.timing;
        timing.lease = self.leader_elect_lease_duration.unwrap_or(timing.lease);
        timing.renew = self.leader_elect_renew_deadline.unwrap_or(timing.renew);
        timing.retry = self.leader_elect_retry_period.unwrap_or(timing.retry);
        let checked = config.timing.check();
        checked.map_err(|error| broken("leader-elect-lease-duration", error.to_string()))?;
        let (namespace, name) = &mut config.lease;
        set(namespace, self.leader_elect_resource_namespace.as_ref());
        set(name, self.leader_elect_resource_name.as_ref());
        config.rate.qps = self.kube_api_qps.unwrap_or(config.rate.qps);
        config.rate.burst = self.kube_api_burst.unwrap_or(config.rate.burst);
        set(&mut config.kubeconfig, Some(&self.kubeconfig).filter(|path| !path.is_empty()));
        Ok(config)
    }

    /// The way to the API server.
    ///
    /// # Errors
    /// There is no kubeconfig, or it cannot be used.
    pub fn client(&self, host: &Host, config: &Config) -> Result<Client, FlagError> {
        let path = &config.kubeconfig;
        let broken = |why: String| FlagError::File { flag: "kubeconfig", path: path.clone(), why };
        if path.is_empty() {
            let why = "no kubeconfig is given, here or in the configuration".to_owned();
            return Err(FlagError::Value { flag: "kubeconfig", why });
        }
        let text = String::from_utf8_lossy(&read("kubeconfig", path)?).into_owned();
        let chosen = Kubeconfig::parse(&text, "").map_err(|error| broken(error.to_string()))?;
        // Files that it names lie beside it.
        let folder = Path::new(path).parent().unwrap_or(Path::new("")).to_owned();
        let near = |name: &str| {
            std::fs::read(folder.join(name)).map_err(|error| format!("{name}: {error}"))
        };
        let mut how = chosen.config(host, near).map_err(|error| broken(error.to_string()))?;
        how.rate = Some(config.rate);
        how.user_agent = format!("kube-scheduler/v{}", env!("CARGO_PKG_VERSION"));
        Client::new(host, how).map_err(|error| broken(error.to_string()))
    }
}

fn set(text: &mut String, said: Option<&String>) {
    if let Some(said) = said {
        text.clone_from(said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_stand_above_the_configuration() {
        let flags = Flags::parse_from([
            "kube-scheduler",
            "--leader-elect=false",
            "--kube-api-qps=7",
            "--leader-elect-resource-name=mine",
            "--pod-max-in-unschedulable-pods-duration=90s",
        ]);
        let config = flags.config().unwrap();
        assert!(!config.elect);
        assert_eq!((config.rate.qps, config.rate.burst), (7.0, 100));
        assert_eq!(config.lease, ("kube-system".to_owned(), "mine".to_owned()));
        assert_eq!(config.patience, Duration::from_secs(90));
        let flags = Flags::parse_from(["kube-scheduler", "--leader-elect-lease-duration=1s"]);
        assert!(flags.config().is_err());
    }
}

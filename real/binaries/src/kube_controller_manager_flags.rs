//! The flags of `kube-controller-manager`: upstream's names and defaults, turned into settings.
//!
//! Upstream: cmd/kube-controller-manager/app/options.

use crate::{
    go_duration,
    kube_apiserver_flags::{FlagError, read},
};
use clap::{ArgAction, Parser};
use client::{Config, Kubeconfig, Rate, election::Timing};
use controllers::{Serving, Settings};
use host::Host;
use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    time::Duration,
};

const KUBECONFIG: &str = "kubeconfig";

/// Brings a cluster's objects to the state that they ask for.
#[derive(Debug, Parser)]
#[command(name = "kube-controller-manager", version, args_override_self = true)]
pub struct Flags {
    /// File that says where the API server is and who asks
    #[arg(long, required = true)]
    pub kubeconfig: String,
    /// Controllers to run: '*' all that run by default, 'name' one, '-name' not that one
    #[arg(long, default_value = "*", value_delimiter = ',', allow_hyphen_values = true)]
    pub controllers: Vec<String>,
    /// Let each controller ask as a service account of its own
    #[arg(
        long, default_value_t = false, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true"
    )]
    pub use_service_account_credentials: bool,
    /// Authorities that pods are to believe the API server by
    #[arg(long, default_value = "", hide_default_value = true)]
    pub root_ca_file: String,
    /// Requests a second
    #[arg(long, default_value_t = 20.0)]
    pub kube_api_qps: f64,
    /// Requests at once
    #[arg(long, default_value_t = 30)]
    pub kube_api_burst: u32,

    /// Take part in an election, and work only while elected
    #[arg(
        long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true", help_heading = "Leader election"
    )]
    pub leader_elect: bool,
    /// Time that others wait after the leader's last sign of life
    #[arg(long, default_value = "15s", value_parser = duration, help_heading = "Leader election")]
    pub leader_elect_lease_duration: Duration,
    /// Time after which a leader that cannot renew gives up
    #[arg(long, default_value = "10s", value_parser = duration, help_heading = "Leader election")]
    pub leader_elect_renew_deadline: Duration,
    /// Time between attempts
    #[arg(long, default_value = "2s", value_parser = duration, help_heading = "Leader election")]
    pub leader_elect_retry_period: Duration,

    /// Address to serve health and metrics on
    #[arg(long, default_value = "0.0.0.0", help_heading = "Serving")]
    pub bind_address: IpAddr,
    /// Port to serve health and metrics on; 0: none
    #[arg(long, default_value_t = 10257, help_heading = "Serving")]
    pub secure_port: u16,
    /// Certificate to serve with; made for the occasion where there is none
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Serving")]
    pub tls_cert_file: String,
    /// Key of that certificate
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Serving")]
    pub tls_private_key_file: String,

    /// Level of the log's detail
    #[arg(short, long, default_value_t = 0, help_heading = "Log")]
    pub v: u8,
}

fn duration(text: &str) -> Result<Duration, String> {
    go_duration::parse(text).map_err(|error| error.to_string())
}

fn value(flag: &'static str, why: impl ToString) -> FlagError {
    FlagError::Value { flag, why: why.to_string() }
}

impl Flags {
    /// The settings; reads the files that the flags name.
    ///
    /// # Errors
    /// A file cannot be read, a value makes no sense.
    pub fn settings(&self, host: &Host) -> Result<Settings, FlagError> {
        let client = self.client(host, self.kubeconfig()?)?;
        let identity = format!("{}_{:016x}", host.name, host.random.next_u64());
        let mut settings = Settings::new(client, &identity);
        settings.controllers.clone_from(&self.controllers);
        settings.election = self.leader_elect.then_some(Timing {
            lease: self.leader_elect_lease_duration,
            renew: self.leader_elect_renew_deadline,
            retry: self.leader_elect_retry_period,
        });
        if let Some(timing) = settings.election {
            timing.check().map_err(|error| value("leader-elect-lease-duration", error))?;
        }
        if !self.root_ca_file.is_empty() {
            let certificates = read("root-ca-file", &self.root_ca_file)?;
            let text = String::from_utf8(certificates);
            settings.root_authority = Some(text.map_err(|error| value("root-ca-file", error))?);
        }
        if self.use_service_account_credentials {
            settings.by_token = Some(self.client(host, self.kubeconfig()?.without_user())?);
        }
        if self.secure_port != 0 {
            settings.serving = Some(self.serving()?);
        }
        Ok(settings)
    }

    fn kubeconfig(&self) -> Result<Kubeconfig, FlagError> {
        let text = read(KUBECONFIG, &self.kubeconfig)?;
        let text = String::from_utf8(text).map_err(|error| value(KUBECONFIG, error))?;
        Kubeconfig::parse(&text, "").map_err(|error| value(KUBECONFIG, error))
    }

    fn client(&self, host: &Host, kubeconfig: Kubeconfig) -> Result<Config, FlagError> {
        let folder = Path::new(&self.kubeconfig).parent().unwrap_or(Path::new("."));
        let file = |path: &str| {
            std::fs::read(folder.join(path)).map_err(|error| format!("{path}: {error}"))
        };
        let config = kubeconfig.config(host, file).map_err(|error| value(KUBECONFIG, error))?;
        let rate = Rate { qps: self.kube_api_qps, burst: self.kube_api_burst };
        let user_agent = format!("kube-controller-manager/{}", env!("CARGO_PKG_VERSION"));
        Ok(Config { rate: Some(rate), user_agent, ..config })
    }

    fn serving(&self) -> Result<Serving, FlagError> {
        let listen = SocketAddr::new(self.bind_address, self.secure_port);
        if !self.tls_cert_file.is_empty() {
            let certificate = read("tls-cert-file", &self.tls_cert_file)?;
            let key = read("tls-private-key-file", &self.tls_private_key_file)?;
            return Ok(Serving { listen, certificate, key });
        }
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names)
            .map_err(|error| value("tls-cert-file", error))?;
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        Ok(Serving { listen, certificate: certificate.into_bytes(), key: key.into_bytes() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_upstreams() {
        let flags = Flags::parse_from(["kube-controller-manager", "--kubeconfig=f"]);
        assert_eq!((flags.secure_port, flags.leader_elect), (10257, true));
        assert_eq!(flags.controllers, ["*"]);
        assert!((flags.kube_api_qps - 20.0).abs() < f64::EPSILON && flags.kube_api_burst == 30);
        let wishes =
            ["kube-controller-manager", "--kubeconfig=f", "--controllers=*,-job-controller"];
        assert_eq!(Flags::parse_from(wishes).controllers, ["*", "-job-controller"]);
    }
}

//! The flags of `kube-apiserver`: upstream's names and defaults, turned into a configuration.
//!
//! Upstream: cmd/kube-apiserver/app/options.

mod aggregation;
mod audit;
mod authentication;
mod authorization;
mod issuers;
mod kubelets;
mod limits;
mod request_header;
mod unbuilt;
mod webhooks;

pub use aggregation::AggregationFlags;
pub use audit::{AuditFlags, AuditLogFlags, AuditWebhookFlags};
pub use authentication::AuthenticationFlags;
pub use authorization::AuthorizationFlags;
pub use issuers::IssuerFlags;
pub use kubelets::KubeletFlags;
pub use limits::LimitFlags;
pub use request_header::RequestHeaderFlags;
pub use unbuilt::UnbuiltFlags;
pub use webhooks::{AuthorizationWebhookFlags, TokenWebhookFlags};

use crate::{go_duration, kube_apiserver_admission, kube_apiserver_services::ServiceFlags};
use apiserver::{
    Mode,
    config::{Config, Tls},
};
use clap::Parser;
use host::Host;
use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    time::Duration,
};
use wire::{
    client::Endpoint,
    tls::{ClientTls, Identity, Trust},
};

const EXAMPLES: &str = "Examples:
  Over an etcd on this machine, with a certificate made for the occasion:
    kube-apiserver --etcd-servers http://127.0.0.1:2379 --cert-dir /tmp/kube

  With certificates for clients and server:
    kube-apiserver --etcd-servers https://10.0.0.1:2379 --etcd-cafile ca.crt \\
      --etcd-certfile etcd-client.crt --etcd-keyfile etcd-client.key \\
      --tls-cert-file server.crt --tls-private-key-file server.key --client-ca-file ca.crt";

/// The one door to a cluster's state.
#[derive(Debug, Parser)]
#[command(name = "kube-apiserver", version, after_help = EXAMPLES, args_override_self = true)]
pub struct Flags {
    /// Etcd's members to connect with (scheme://ip:port), comma separated
    #[arg(long, required = true, value_delimiter = ',', help_heading = "Etcd")]
    pub etcd_servers: Vec<String>,
    /// What all keys in etcd begin with
    #[arg(long, default_value = "/registry", help_heading = "Etcd")]
    pub etcd_prefix: String,
    /// Authorities that signed etcd's certificates
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Etcd")]
    pub etcd_cafile: String,
    /// Certificate to show to etcd
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Etcd")]
    pub etcd_certfile: String,
    /// Key of that certificate
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Etcd")]
    pub etcd_keyfile: String,

    /// Address to serve on
    #[arg(long, default_value = "0.0.0.0", help_heading = "Serving")]
    pub bind_address: IpAddr,
    /// Port to serve HTTPS on
    #[arg(long, default_value_t = 6443, help_heading = "Serving")]
    pub secure_port: u16,
    /// Certificate to serve with; made in --cert-dir where there is none
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Serving")]
    pub tls_cert_file: String,
    /// Key of that certificate
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Serving")]
    pub tls_private_key_file: String,
    /// Where a certificate is made (apiserver.crt, apiserver.key) when none is given
    #[arg(long, default_value = "/var/run/kubernetes", help_heading = "Serving")]
    pub cert_dir: String,
    /// How much at a time, how long, and how it ends
    #[command(flatten)]
    pub limits: LimitFlags,

    /// Who is who
    #[command(flatten)]
    pub authentication: AuthenticationFlags,

    /// Who may do what
    #[command(flatten)]
    pub authorization: AuthorizationFlags,

    /// Servers beside this one
    #[command(flatten)]
    pub aggregation: AggregationFlags,

    /// Who runs what
    #[command(flatten)]
    pub kubelets: KubeletFlags,

    /// Who did what
    #[command(flatten)]
    pub audit: AuditFlags,

    /// Admission plugins to run besides those that run by default
    #[arg(long, value_delimiter = ',', help_heading = "Admission")]
    pub enable_admission_plugins: Vec<String>,
    /// Admission plugins not to run, though they do by default
    #[arg(long, value_delimiter = ',', help_heading = "Admission")]
    pub disable_admission_plugins: Vec<String>,
    /// File that tells admission plugins more (AdmissionConfiguration)
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Admission")]
    pub admission_control_config_file: String,

    /// Time that events are kept
    #[arg(long, default_value = "1h0m0s", value_parser = duration, help_heading = "Etcd")]
    pub event_ttl: Duration,

    #[command(flatten)]
    pub services: ServiceFlags,

    /// What upstream has besides
    #[command(flatten)]
    pub unbuilt: UnbuiltFlags,

    /// Level of the log's detail
    #[arg(short, long, default_value_t = 0, help_heading = "Log")]
    pub v: u8,
}

fn duration(text: &str) -> Result<Duration, String> {
    go_duration::parse(text).map_err(|error| error.to_string())
}

/// Why flags cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum FlagError {
    /// A file that a flag names cannot be used.
    #[error("--{flag}: {path}: {why}")]
    File {
        /// Which flag.
        flag: &'static str,
        /// Which file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// Flags do not go together, in upstream's words.
    #[error("{0}")]
    Combination(String),
    /// A flag's value makes no sense.
    #[error("--{flag}: {why}")]
    Value {
        /// Which flag.
        flag: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl Flags {
    /// The configuration; reads the files that the flags name, and makes a certificate where none
    /// is given.
    ///
    /// # Errors
    /// A file cannot be read, a value makes no sense.
    pub fn config(&self, host: &Host) -> Result<Config, FlagError> {
        self.unbuilt.check()?;
        let listen = SocketAddr::new(self.bind_address, self.secure_port);
        let mut config = Config::new(listen, self.etcd(host)?);
        config.etcd_prefix.clone_from(&self.etcd_prefix);
        config.tls = Some(self.tls()?);
        self.who_is_who(host, &mut config)?;
        config.audit = self.audit.settings(host)?;
        config.bootstrap_roles = true;
        config.aggregation = Some(self.aggregation.aggregation()?);
        config.routing = self.aggregation.routing();
        config.kubelets = self.kubelets.access()?;
        config.event_ttl = self.event_ttl;
        config.services = Some(self.services.services(listen)?);
        config.admission = kube_apiserver_admission::settings(self)?;
        self.limits.apply(&mut config)?;
        config.usage = linux::usage;
        Ok(config)
    }

    /// Authentication and authorization, and what the one takes of the other.
    fn who_is_who(&self, host: &Host, config: &mut Config) -> Result<(), FlagError> {
        let flags = &self.authentication;
        config.tokens = flags.tokens()?;
        config.service_accounts = flags.service_accounts(&self.cert_dir)?;
        config.bootstrap_tokens = flags.enable_bootstrap_token_auth;
        config.jwt = flags.issuers.settings(&flags.service_account_issuer)?;
        config.token_webhook = flags.webhook.webhook(host)?;
        if let Some(tls) = &mut config.tls {
            let proxies = flags.proxies.proxies(tls.client_authorities.as_deref())?;
            (config.request_header, tls.proxy_authorities) = proxies.unzip();
        }
        (config.authorization, config.authorization_file) = self.authorization.said(host)?;
        // Where everybody may do everything, nobody comes in unknown (upstream resets
        // --anonymous-auth too: pkg/kubeapiserver/options/authentication.go).
        let open = config.authorization.iter().any(|mode| matches!(mode, Mode::AlwaysAllow));
        config.anonymous = issuers::anonymous(flags.anonymous_auth, &config.jwt, open)?;
        Ok(())
    }

    fn etcd(&self, host: &Host) -> Result<etcd_api::client::Config, FlagError> {
        let value = |why: String| FlagError::Value { flag: "etcd-servers", why };
        let endpoints = self.etcd_servers.iter().map(|server| server.parse::<Endpoint>());
        let endpoints = endpoints.collect::<Result<Vec<_>, _>>();
        let endpoints = endpoints.map_err(|error| value(error.to_string()))?;
        let mut config = etcd_api::client::Config::new(endpoints);
        if self.etcd_cafile.is_empty() {
            return Ok(config);
        }
        let authorities = read("etcd-cafile", &self.etcd_cafile)?;
        let identity = match self.etcd_certfile.is_empty() {
            true => None,
            false => {
                let chain = read("etcd-certfile", &self.etcd_certfile)?;
                let key = read("etcd-keyfile", &self.etcd_keyfile)?;
                let made = Identity::from_pem(host, &chain, &key);
                Some(made.map_err(|error| FlagError::File {
                    flag: "etcd-certfile",
                    path: self.etcd_certfile.clone(),
                    why: error.to_string(),
                })?)
            }
        };
        let tls = ClientTls::new(host, Trust::Authorities(&authorities), identity.as_ref());
        config.channel.tls = Some(tls.map_err(|error| FlagError::File {
            flag: "etcd-cafile",
            path: self.etcd_cafile.clone(),
            why: error.to_string(),
        })?);
        Ok(config)
    }

    fn tls(&self) -> Result<Tls, FlagError> {
        let client_authorities = match self.authentication.client_ca_file.is_empty() {
            true => None,
            false => Some(read("client-ca-file", &self.authentication.client_ca_file)?),
        };
        let (certificate, key) = match self.tls_cert_file.is_empty() {
            true => self.own_certificate()?,
            false => (
                read("tls-cert-file", &self.tls_cert_file)?,
                read("tls-private-key-file", &self.tls_private_key_file)?,
            ),
        };
        Ok(Tls { certificate, key, client_authorities, proxy_authorities: None })
    }

    /// The certificate in `--cert-dir`, made now where there is none.
    fn own_certificate(&self) -> Result<(Vec<u8>, Vec<u8>), FlagError> {
        let directory = Path::new(&self.cert_dir);
        let file = |name: &str| directory.join(name).to_string_lossy().into_owned();
        let (certificate, key) = (file("apiserver.crt"), file("apiserver.key"));
        if Path::new(&certificate).exists() {
            return Ok((read("cert-dir", &certificate)?, read("cert-dir", &key)?));
        }
        let mut names =
            vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "kubernetes".to_owned()];
        if !self.bind_address.is_unspecified() {
            names.push(self.bind_address.to_string());
        }
        let made = rcgen::generate_simple_self_signed(names)
            .map_err(|error| FlagError::Value { flag: "cert-dir", why: error.to_string() })?;
        let (chain, secret) = (made.cert.pem(), made.signing_key.serialize_pem());
        std::fs::create_dir_all(directory)
            .map_err(|error| broken("cert-dir", &self.cert_dir, &error))?;
        for (path, text) in [(&key, &secret), (&certificate, &chain)] {
            std::fs::write(path, text).map_err(|error| broken("cert-dir", path, &error))?;
        }
        Ok((chain.into_bytes(), secret.into_bytes()))
    }
}

pub(crate) fn read(flag: &'static str, path: &str) -> Result<Vec<u8>, FlagError> {
    std::fs::read(path).map_err(|error| broken(flag, path, &error))
}

fn broken(flag: &'static str, path: &str, error: &std::io::Error) -> FlagError {
    FlagError::File { flag, path: path.to_owned(), why: error.to_string() }
}

//! What an API server is told at its start.

use crate::{
    Aggregation, Anonymous, AuditSettings, AuthorizationFile, JwtSettings, KubeletAccess, Mode,
    RequestHeader, Routing, ServiceAccounts, TokenWebhook, Tokens, Usage, admission::Settings,
    services::Services,
};
use std::{net::SocketAddr, time::Duration};

/// An API server's settings; defaults are upstream's flags' where these have one.
#[derive(Clone, Debug)]
pub struct Config {
    /// `--bind-address` and `--secure-port`.
    pub listen: SocketAddr,
    /// `--tls-cert-file` and `--tls-private-key-file`; plain text without.
    pub tls: Option<Tls>,
    /// `--etcd-servers` and how to reach them.
    pub etcd: etcd_api::client::Config,
    /// `--etcd-prefix`.
    pub etcd_prefix: String,
    /// `--token-auth-file`.
    pub tokens: Tokens,
    /// `--requestheader-*`: what proxies say who show a certificate of [`Tls::proxy_authorities`].
    pub request_header: Option<RequestHeader>,
    /// `--oidc-*` or `--authentication-config`.
    pub jwt: JwtSettings,
    /// `--authentication-token-webhook-*`.
    pub token_webhook: Option<TokenWebhook>,
    /// `--anonymous-auth`, or what `--authentication-config` says.
    pub anonymous: Anonymous,
    /// `--enable-admission-plugins` and its like.
    pub admission: Settings,
    /// Tokens of service accounts.
    pub service_accounts: ServiceAccounts,
    /// `--enable-bootstrap-token-auth`.
    pub bootstrap_tokens: bool,
    /// `--authorization-mode`, in the order in which they are asked.
    pub authorization: Vec<Mode>,
    /// `--authorization-config`, where it says the same: read again when it changes.
    pub authorization_file: Option<AuthorizationFile>,
    /// Whether the roles that every cluster has are made at the start; the program always asks for
    /// it.
    pub bootstrap_roles: bool,
    /// Whether the objects of flow control that every cluster has are made and kept; the program
    /// asks for it where fairness is on.
    pub bootstrap_flows: bool,
    /// `--enable-priority-and-fairness`.
    pub fair: bool,
    /// `--max-requests-inflight`; zero: no limit, where fairness is off.
    pub requests_max: u32,
    /// `--max-mutating-requests-inflight`; so too.
    pub writes_max: u32,
    /// `--event-ttl`.
    pub event_ttl: Duration,
    /// What services get; none: nothing, and there is no service `kubernetes`.
    pub services: Option<Services>,
    /// Other servers' groups beside our own; none: there are none, and no `APIService`s.
    pub aggregation: Option<Aggregation>,
    /// `--kubelet-client-certificate` and its like.
    pub kubelets: KubeletAccess,
    /// `--enable-aggregator-routing`.
    pub routing: Routing,
    /// `--audit-*`; nothing is told without.
    pub audit: Option<AuditSettings>,
    /// `--request-timeout`, for everything that is not a watch.
    pub request_timeout: Duration,
    /// `--min-request-timeout`: watches without a time of their own last this long, up to twice.
    pub watch_timeout: Duration,
    /// Between bookmarks.
    pub bookmark_interval: Duration,
    /// `--shutdown-delay-duration`: ready no more, and yet serving.
    pub shutdown_delay: Duration,
    /// `--shutdown-send-retry-after`: late requests are sent elsewhere before the listener closes.
    pub shutdown_retry_after: bool,
    /// `--shutdown-watch-termination-grace-period`: watches end one by one in this time; zero: all
    /// at once.
    pub shutdown_watch_grace: Duration,
    /// `--livez-grace-period`: a server that is still starting counts as alive so long.
    pub livez_grace: Duration,
    /// `--http2-max-streams-per-connection`.
    pub streams_max: u32,
    /// `--goaway-chance`: how often a client is told to look for another server.
    pub goaway_chance: f64,
    /// What the process uses of its machine.
    pub usage: Usage,
}

/// PEM texts of a server's identity and of whom it trusts.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Its certificate, and those between it and its root.
    pub certificate: Vec<u8>,
    /// The private key.
    pub key: Vec<u8>,
    /// `--client-ca-file`: who signs clients' certificates.
    pub client_authorities: Option<Vec<u8>>,
    /// `--requestheader-client-ca-file`: who signs the certificates of proxies that name users.
    pub proxy_authorities: Option<Vec<u8>>,
}

impl Config {
    /// Upstream's defaults.
    pub fn new(listen: SocketAddr, etcd: etcd_api::client::Config) -> Self {
        Self {
            listen,
            tls: None,
            etcd,
            etcd_prefix: "/registry".into(),
            tokens: Tokens::new(),
            request_header: None,
            jwt: JwtSettings::default(),
            token_webhook: None,
            anonymous: Anonymous::everywhere(true),
            admission: Settings::default(),
            service_accounts: ServiceAccounts::default(),
            bootstrap_tokens: false,
            authorization: vec![Mode::AlwaysAllow],
            authorization_file: None,
            bootstrap_roles: false,
            bootstrap_flows: false,
            fair: true,
            requests_max: 400,
            writes_max: 200,
            event_ttl: Duration::from_secs(3600),
            services: None,
            aggregation: None,
            kubelets: KubeletAccess::default(),
            routing: Routing::default(),
            audit: None,
            request_timeout: Duration::from_secs(60),
            watch_timeout: Duration::from_secs(1800),
            bookmark_interval: Duration::from_secs(60),
            shutdown_delay: Duration::ZERO,
            shutdown_retry_after: false,
            shutdown_watch_grace: Duration::ZERO,
            livez_grace: Duration::ZERO,
            streams_max: 100,
            goaway_chance: 0.0,
            usage: String::new,
        }
    }
}

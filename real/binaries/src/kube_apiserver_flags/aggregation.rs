//! The flags that say how servers of other groups are asked.
//!
//! Upstream: cmd/kube-apiserver/app/options/options.go and
//! pkg/controlplane/apiserver/options/options.go.

use super::{FlagError, read};
use apiserver::{Aggregation, Routing};
use clap::{ArgAction, Args};

/// Servers beside this one.
#[derive(Debug, Args)]
#[command(next_help_heading = "Aggregation")]
pub struct AggregationFlags {
    /// Certificate to show to servers of other groups
    #[arg(long, default_value = "", hide_default_value = true)]
    pub proxy_client_cert_file: String,
    /// Key of that certificate
    #[arg(long, default_value = "", hide_default_value = true)]
    pub proxy_client_key_file: String,
    /// Call a service's endpoints instead of its address
    #[arg(
        long, default_value_t = false, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true"
    )]
    pub enable_aggregator_routing: bool,
    /// Do not let servers of other groups send clients elsewhere
    #[arg(
        long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true"
    )]
    pub aggregator_reject_forwarding_redirect: bool,
}

impl AggregationFlags {
    pub(super) fn aggregation(&self) -> Result<Aggregation, FlagError> {
        let (chain, key) = (&self.proxy_client_cert_file, &self.proxy_client_key_file);
        let identity = match (chain.is_empty(), key.is_empty()) {
            (true, true) => None,
            (false, false) => {
                Some((read("proxy-client-cert-file", chain)?, read("proxy-client-key-file", key)?))
            }
            _ => {
                return Err(FlagError::Value {
                    flag: "proxy-client-cert-file",
                    why: "it comes with --proxy-client-key-file".into(),
                });
            }
        };
        let rejects_redirects = self.aggregator_reject_forwarding_redirect;
        Ok(Aggregation { identity, rejects_redirects })
    }

    pub(super) fn routing(&self) -> Routing {
        match self.enable_aggregator_routing {
            true => Routing::Endpoints,
            false => Routing::ClusterAddress,
        }
    }
}

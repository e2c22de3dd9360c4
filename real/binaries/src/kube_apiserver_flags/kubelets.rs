//! The flags that say how kubelets are reached.
//!
//! Upstream: cmd/kube-apiserver/app/options/options.go.

use super::{FlagError, duration, read};
use apiserver::KubeletAccess;
use clap::Args;
use std::time::Duration;

/// How kubelets are reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Kubelets")]
pub struct KubeletFlags {
    /// Authorities that signed the certificates of kubelets; any is believed without
    #[arg(long, default_value = "", hide_default_value = true)]
    pub kubelet_certificate_authority: String,
    /// Certificate to show to kubelets
    #[arg(long, default_value = "", hide_default_value = true)]
    pub kubelet_client_certificate: String,
    /// Key of that certificate
    #[arg(long, default_value = "", hide_default_value = true)]
    pub kubelet_client_key: String,
    /// Types of nodes' addresses, those to be tried before others first
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP"
    )]
    pub kubelet_preferred_address_types: Vec<String>,
    /// Time for a connection to a kubelet
    #[arg(long, default_value = "5s", value_parser = duration)]
    pub kubelet_timeout: Duration,
}

impl KubeletFlags {
    /// How kubelets are reached; reads the files that the flags name.
    pub(super) fn access(&self) -> Result<KubeletAccess, FlagError> {
        let certificate = &self.kubelet_client_certificate;
        let identity = match (certificate.is_empty(), self.kubelet_client_key.is_empty()) {
            (true, true) => None,
            (false, false) => Some((
                read("kubelet-client-certificate", certificate)?,
                read("kubelet-client-key", &self.kubelet_client_key)?,
            )),
            _ => {
                let why = "--kubelet-client-certificate and --kubelet-client-key go together";
                let flag = "kubelet-client-certificate";
                return Err(FlagError::Value { flag, why: why.into() });
            }
        };
        let authority = &self.kubelet_certificate_authority;
        let authorities = match authority.is_empty() {
            true => None,
            false => Some(read("kubelet-certificate-authority", authority)?),
        };
        Ok(KubeletAccess {
            identity,
            authorities,
            address_types: self.kubelet_preferred_address_types.clone(),
            connect_limit: self.kubelet_timeout,
            ..KubeletAccess::default()
        })
    }
}

//! What a component serves beside its work: whether it is well, and what it counts.
//!
//! Upstream: apiserver/pkg/server/healthz, component-base/metrics. Whether it is well anybody may
//! ask; what it counts is told to who shows a certificate that the client authority signed.

use crate::kube_apiserver_flags::{FlagError, read};
use host::{Host, Stop, event};
use http::{HeaderValue, StatusCode, header};
use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
};
use telemetry::Registry;
use wire::{
    Peer, Request, Response, full,
    server::{Limits, serve},
    tls::{ClientAuth, Identity, ServerTls},
};

/// Where and as whom; upstream's flags of the same names.
#[derive(Debug, clap::Args)]
pub struct ServingFlags {
    /// Address to serve on
    #[arg(long, default_value = "0.0.0.0", help_heading = "Serving")]
    pub bind_address: IpAddr,
    /// Port to serve HTTPS on; 0: none
    #[arg(long, default_value_t = 10259, help_heading = "Serving")]
    pub secure_port: u16,
    /// Certificate to serve with; made where there is none
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Serving")]
    pub tls_cert_file: String,
    /// Key of that certificate
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Serving")]
    pub tls_private_key_file: String,
    /// Where a certificate is kept that was made; empty: nowhere
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Serving")]
    pub cert_dir: String,
    /// Who signs certificates of clients that may see metrics
    #[arg(long, default_value = "", hide_default_value = true, help_heading = "Serving")]
    pub client_ca_file: String,
}

impl ServingFlags {
    fn identity(&self, host: &Host, name: &str) -> Result<Identity, FlagError> {
        let (chain, key) = match self.tls_cert_file.is_empty() {
            false => (
                read("tls-cert-file", &self.tls_cert_file)?,
                read("tls-private-key-file", &self.tls_private_key_file)?,
            ),
            true => self.made(name)?,
        };
        let broken = |why: String| FlagError::Value { flag: "tls-cert-file", why };
        Identity::from_pem(host, &chain, &key).map_err(|error| broken(error.to_string()))
    }

    fn made(&self, name: &str) -> Result<(Vec<u8>, Vec<u8>), FlagError> {
        let broken = |why: String| FlagError::Value { flag: "cert-dir", why };
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names);
        let made = made.map_err(|error| broken(error.to_string()))?;
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        if !self.cert_dir.is_empty() {
            let write = |ending: &str, text: &str| {
                std::fs::write(Path::new(&self.cert_dir).join(format!("{name}.{ending}")), text)
            };
            let written = std::fs::create_dir_all(&self.cert_dir)
                .and_then(|()| write("key", &key))
                .and_then(|()| write("crt", &chain));
            written.map_err(|error| broken(error.to_string()))?;
        }
        Ok((chain.into_bytes(), key.into_bytes()))
    }

    /// Serves until `stop`, in a task that is not waited for.
    ///
    /// # Errors
    /// A file cannot be used, or the port cannot be had.
    pub async fn start(
        &self,
        host: &Host,
        name: &str,
        registry: &Registry,
        stop: Stop,
    ) -> Result<(), FlagError> {
        if self.secure_port == 0 {
            return Ok(());
        }
        let broken = |flag, why: String| FlagError::Value { flag, why };
        let authority = match self.client_ca_file.as_str() {
            "" => None,
            path => Some(read("client-ca-file", path)?),
        };
        let clients = authority.as_deref().map_or(ClientAuth::None, ClientAuth::Optional);
        let tls = ServerTls::new(host, &self.identity(host, name)?, clients)
            .map_err(|error| broken("client-ca-file", error.to_string()))?;
        let at = SocketAddr::new(self.bind_address, self.secure_port);
        let listener = host.network.listen(at).await;
        let listener = listener.map_err(|error| broken("secure-port", format!("{at}: {error}")))?;
        let registry = registry.clone();
        let service = Arc::new(move |request: Request| {
            let answer = answer(&request, &registry);
            std::future::ready(answer)
        });
        let work = serve(host.clone(), listener, Some(tls), service, Limits::default(), stop);
        host.spawn("serving", work).detach();
        event!(host, Info, "serving", address = &at.to_string());
        Ok(())
    }
}

fn answer(request: &Request, registry: &Registry) -> Response {
    let known = request.extensions().get::<Peer>().is_some_and(|peer| peer.certificate.is_some());
    let (status, text) = match request.uri().path() {
        "/healthz" | "/livez" | "/readyz" => (StatusCode::OK, "ok".to_owned()),
        "/metrics" if known => (StatusCode::OK, registry.render()),
        "/metrics" => (StatusCode::UNAUTHORIZED, "Unauthorized\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, "404 page not found\n".to_owned()),
    };
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

//! `componentstatuses`: how the control plane's other parts are, asked at the moment of the request.
//!
//! Upstream: pkg/registry/core/componentstatus. Deprecated since 1.19, and yet served.

use super::{Asked, Server, answer, table::Presenter};
use crate::{failure::Failure, registry::place};
use api::resources::Resource;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;
use wire::{
    Response,
    client::{self, Endpoint},
    tls::{ClientTls, Trust},
};

/// Parts that answer health checks on this machine, and their ports.
const PROBED: [(&str, u16); 2] = [("scheduler", 10259), ("controller-manager", 10257)];
const ETCD: &str = "etcd-0";
const LIMIT: Duration = Duration::from_secs(5);
const BODY_BYTES_MAX: usize = 4096;

impl Server {
    /// Answers with one part's state, or with all.
    pub(super) async fn component_statuses(
        &self,
        asked: &Asked,
        resource: &Resource,
    ) -> Result<Response, Failure> {
        let presenter = Presenter::new(&self.host, resource, asked.form()?);
        let name = asked.info.name.as_str();
        match asked.info.verb {
            "get" => {
                let one = self.component_status(name).await;
                let one = one.ok_or_else(|| Failure::not_found(place::named(resource, name)))?;
                Ok(answer::json(StatusCode::OK, presenter.one(bytes(&one), true)))
            }
            "list" => {
                let mut all = Vec::new();
                for name in PROBED.iter().map(|(name, _)| *name).chain([ETCD]) {
                    all.extend(self.component_status(name).await);
                }
                Ok(answer::json(StatusCode::OK, presenter.values(json!({}), all)))
            }
            verb => Err(Failure::not_supported(place::named(resource, name), verb)),
        }
    }

    async fn component_status(&self, name: &str) -> Option<Value> {
        let state = match PROBED.iter().find(|(probed, _)| *probed == name) {
            Some((_, port)) => self.probe(*port).await,
            None if name != ETCD => return None,
            None if self.registry.ready().await => Ok("ok".into()),
            None => Err("etcd does not answer".to_owned()),
        };
        let mut condition = json!({"type": "Healthy", "status": "True"});
        match state {
            Ok(message) => condition["message"] = message.into(),
            Err(why) => {
                condition["status"] = "False".into();
                condition["message"] = why.into();
            }
        }
        Some(json!({
            "kind": "ComponentStatus", "apiVersion": "v1",
            "metadata": {"name": name, "creationTimestamp": null}, "conditions": [condition],
        }))
    }

    /// What a part on this machine says of its health.
    async fn probe(&self, port: u16) -> Result<String, String> {
        let url = format!("https://127.0.0.1:{port}/healthz");
        let failed = |why: String| format!("Get {url:?}: {why}");
        let tls = ClientTls::new(&self.host, Trust::Anyone, None);
        let tls = tls.map_err(|error| failed(error.to_string()))?;
        let endpoint = format!("https://127.0.0.1:{port}").parse::<Endpoint>();
        let endpoint = endpoint.map_err(|error| failed(error.to_string()))?;
        let reply =
            client::get(&self.host, &endpoint, Some(&tls), "/healthz", BODY_BYTES_MAX, LIMIT).await;
        let reply = reply.map_err(|error| failed(error.to_string()))?;
        let said = String::from_utf8_lossy(&reply.body).into_owned();
        if reply.status == StatusCode::OK { Ok(said) } else { Err(said) }
    }
}

fn bytes(object: &Value) -> Bytes {
    object.to_string().into()
}

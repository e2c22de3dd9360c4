//! What other servers have to know to believe this one: a config map in `kube-system` with the
//! authorities that sign clients' and proxies' certificates, and the headers that name users.
//!
//! Upstream: pkg/controlplane/controller/clusterauthenticationtrust.

use crate::{
    authentication::RequestHeader,
    config::Config,
    failure::Failure,
    registry::{Registry, Target, Writing},
};
use host::event;
use serde_json::{Map, Value, json};
use std::{sync::Arc, time::Duration};

const NAMESPACE: &str = "kube-system";
const NAME: &str = "extension-apiserver-authentication";
/// Between looks at whether it is still there.
const AGAIN: Duration = Duration::from_secs(60);
/// After a failure.
const RETRY: Duration = Duration::from_secs(1);

/// What this server tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    /// PEM.
    client_authorities: Option<String>,
    /// PEM, and what those say whom they signed.
    proxies: Option<(String, RequestHeader)>,
}

impl Trust {
    pub(crate) fn of(config: &Config) -> Self {
        let text = |pem: &Option<Vec<u8>>| {
            pem.as_ref().map(|pem| String::from_utf8_lossy(pem).into_owned())
        };
        let tls = config.tls.as_ref();
        let proxies = tls.and_then(|tls| text(&tls.proxy_authorities));
        Self {
            client_authorities: tls.and_then(|tls| text(&tls.client_authorities)),
            proxies: proxies.zip(config.request_header.clone()),
        }
    }

    /// What is told together with what others of this server's kind have told.
    fn joined(&self, present: &Value) -> Map<String, Value> {
        let mut data = present["data"].as_object().cloned().unwrap_or_default();
        let said = |data: &Map<String, Value>, key: &str| {
            data.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let bundle = |data: &mut Map<String, Value>, key: &str, own: &str| {
            let all = bundles(&said(data, key), own);
            data.insert(key.into(), all.into());
        };
        if let Some(own) = &self.client_authorities {
            bundle(&mut data, "client-ca-file", own);
        }
        let Some((own, header)) = &self.proxies else { return data };
        bundle(&mut data, "requestheader-client-ca-file", own);
        for (key, own) in [
            ("allowed-names", &header.allowed_names),
            ("username-headers", &header.usernames),
            ("uid-headers", &header.uids),
            ("group-headers", &header.groups),
            ("extra-headers-prefix", &header.extra_prefixes),
        ] {
            let key = format!("requestheader-{key}");
            let mut all: Vec<String> = serde_json::from_str(&said(&data, &key)).unwrap_or_default();
            let new: Vec<String> = own.iter().filter(|one| !all.contains(one)).cloned().collect();
            all.extend(new);
            data.insert(key, json!(all).to_string().into());
        }
        data
    }
}

/// The certificates of both bundles, each once.
fn bundles(present: &str, own: &str) -> String {
    const END: &str = "-----END CERTIFICATE-----";
    let mut all: Vec<String> = Vec::new();
    for block in present.split_inclusive(END).chain(own.split_inclusive(END)) {
        let block = block.trim();
        if block.ends_with(END) && !all.iter().any(|known| known == block) {
            all.push(block.to_owned());
        }
    }
    all.iter().map(|block| format!("{block}\n")).collect()
}

/// Keeps it as it has to be, for as long as the server runs.
pub(super) async fn run(registry: Arc<Registry>, trust: Trust) {
    let host = &registry.host;
    loop {
        let wait = match keep(&registry, &trust).await {
            Ok(()) => AGAIN,
            Err(failure) => {
                let why = failure.to_string();
                event!(host, Warn, "cannot say whom others are to believe", why = &why);
                RETRY
            }
        };
        host.sleep(wait).await;
    }
}

async fn keep(registry: &Registry, trust: &Trust) -> Result<(), Failure> {
    let resource = registry.resource("", "v1", "configmaps");
    let resource = resource.ok_or_else(Failure::no_such_resource)?;
    let present = registry.stored(&resource, NAMESPACE, NAME).await?;
    let target = |name: &str| Target {
        resource: resource.clone(),
        namespace: NAMESPACE.to_owned(),
        name: name.to_owned(),
        subresource: String::new(),
    };
    let how = Writing::own();
    let done = match present {
        Some(present) if Value::Object(trust.joined(&present)) == present["data"] => return Ok(()),
        Some(_) => {
            let decide = |present: &Value| {
                let mut new = present.clone();
                new["data"] = trust.joined(present).into();
                Ok(new)
            };
            registry.modify(&target(NAME), &how, decide).await
        }
        None => {
            let mut map = json!({
                "kind": "ConfigMap", "apiVersion": "v1",
                "metadata": {"name": NAME, "namespace": NAMESPACE},
            });
            map["data"] = trust.joined(&map).into();
            registry.create(&target(""), map, &how).await
        }
    };
    match done {
        Err(failure) if failure.reason != "AlreadyExists" => Err(failure),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(body: &str) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    }

    #[test]
    fn replicas_tell_what_both_believe() {
        let header = RequestHeader {
            allowed_names: vec!["front".into()],
            usernames: vec!["X-Remote-User".into()],
            ..RequestHeader::default()
        };
        let trust = Trust {
            client_authorities: Some(pem("a") + &pem("b")),
            proxies: Some((pem("p"), header)),
        };
        let present = json!({"data": {
            "client-ca-file": pem("b") + &pem("c"),
            "requestheader-allowed-names": "[\"other\"]",
        }});
        let data = trust.joined(&present);
        assert_eq!(data["client-ca-file"], pem("b") + &pem("c") + &pem("a"));
        assert_eq!(data["requestheader-allowed-names"], "[\"other\",\"front\"]");
        assert_eq!(data["requestheader-username-headers"], "[\"X-Remote-User\"]");
        assert_eq!(trust.joined(&json!({"data": data})), data);
    }

    #[test]
    fn who_knows_no_proxies_tells_of_none() {
        let trust = Trust { client_authorities: Some(pem("a")), proxies: None };
        assert_eq!(trust.joined(&json!({})).len(), 1);
    }
}

//! One group version that another server has, as its `APIService` tells it.

use api::definition::condition_is;
use base64::{Engine, engine::general_purpose::STANDARD};
use host::Host;
use serde_json::Value;
use wire::tls::{ClientTls, Identity, Trust};

/// A group version and its server.
#[derive(Clone, Debug)]
pub(crate) struct Extension {
    /// The `APIService`: `v1beta1.metrics.k8s.io`.
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) namespace: String,
    pub(crate) service: String,
    pub(crate) port: u64,
    pub(crate) group_priority: i64,
    pub(crate) version_priority: i64,
    /// The last check found it there.
    pub(crate) available: bool,
    /// `caBundle`, base64; empty where none is given.
    bundle: String,
    insecure: bool,
    /// How to connect, or why one cannot.
    pub(crate) tls: Result<ClientTls, String>,
}

/// By what they say; how to connect follows from it.
impl PartialEq for Extension {
    fn eq(&self, other: &Self) -> bool {
        let texts = |one: &Self| {
            let Self { name, namespace, service, bundle, .. } = one.clone();
            (name, namespace, service, bundle)
        };
        let numbers = |one: &Self| {
            (one.port, one.group_priority, one.version_priority, one.available, one.insecure)
        };
        texts(self) == texts(other) && numbers(self) == numbers(other)
    }
}

impl Extension {
    /// Reads an `APIService`; none: it is this server's own.
    pub(super) fn of(host: &Host, told: &Value, identity: Option<&Identity>) -> Option<Self> {
        let extension = Self::read(told)?;
        let name = format!("{}.{}.svc", extension.service, extension.namespace);
        let tls = tls(host, &name, &extension.bundle, extension.insecure, identity);
        Some(Self { tls, ..extension })
    }

    fn read(told: &Value) -> Option<Self> {
        let spec = &told["spec"];
        let reference = spec["service"].as_object()?;
        let text =
            |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let (namespace, service) = (text(reference.get("namespace")), text(reference.get("name")));
        let (bundle, insecure) =
            (text(spec.get("caBundle")), spec["insecureSkipTLSVerify"] == true);
        Some(Self {
            name: crate::object::meta(told, "name").to_owned(),
            group: text(spec.get("group")),
            version: text(spec.get("version")),
            namespace,
            service,
            port: reference.get("port").and_then(Value::as_u64).unwrap_or(443),
            group_priority: spec["groupPriorityMinimum"].as_i64().unwrap_or(0),
            version_priority: spec["versionPriority"].as_i64().unwrap_or(0),
            available: condition_is(told, "Available"),
            bundle,
            insecure,
            tls: Err(String::new()),
        })
    }

    /// One that nobody connects to.
    #[cfg(test)]
    pub(super) fn plain(told: &Value) -> Self {
        Self::read(told).expect("it names a service")
    }

    pub(crate) fn key(&self) -> (String, String) {
        (self.group.clone(), self.version.clone())
    }

    /// Where its resources are told of: `/apis/metrics.k8s.io/v1beta1`.
    pub(crate) fn path(&self) -> String {
        match self.group.is_empty() {
            true => format!("/api/{}", self.version),
            false => format!("/apis/{}/{}", self.group, self.version),
        }
    }

    /// Whether both are answered for in the same way, though one may be there and the other not.
    pub(super) fn is_at_same_place(&self, other: &Self) -> bool {
        let available = other.available;
        Self { available, ..self.clone() } == *other
    }
}

fn tls(
    host: &Host,
    name: &str,
    bundle: &str,
    insecure: bool,
    identity: Option<&Identity>,
) -> Result<ClientTls, String> {
    let authorities = STANDARD.decode(bundle).map_err(|error| error.to_string())?;
    let trust = if insecure { Trust::Anyone } else { Trust::Authorities(&authorities) };
    let tls = ClientTls::new(host, trust, identity);
    tls.and_then(|tls| tls.server_name(name)).map_err(|error| error.to_string())
}

//! Kubeconfig files: which cluster, as whom. Plug-ins that fetch credentials are not run.
//!
//! Upstream: client-go/tools/clientcmd.

use crate::Config;
use base64::{Engine, engine::general_purpose::STANDARD};
use host::Host;
use serde::Deserialize;
use wire::{
    client::Endpoint,
    tls::{ClientTls, Identity, Trust},
};

/// Why a kubeconfig cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// It is not YAML of the right shape.
    #[error("error loading config file: {0}")]
    Syntax(String),
    /// It names something that it does not define.
    #[error("{what} {name:?} does not exist")]
    Missing {
        /// `context`, `cluster` or `auth info`.
        what: &'static str,
        /// What it is called.
        name: String,
    },
    /// A file that it names, or data within it, cannot be used.
    #[error("{what}: {why}")]
    Unusable {
        /// Which of its members.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    current_context: String,
    clusters: Vec<NamedCluster>,
    users: Vec<NamedUser>,
    contexts: Vec<NamedContext>,
}

#[derive(Deserialize, Debug)]
struct NamedCluster {
    name: String,
    cluster: Cluster,
}

#[derive(Deserialize, Debug)]
struct NamedUser {
    name: String,
    #[serde(default)]
    user: User,
}

#[derive(Deserialize, Debug)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "kebab-case", default)]
struct Cluster {
    server: String,
    certificate_authority: String,
    certificate_authority_data: String,
    insecure_skip_tls_verify: bool,
    tls_server_name: String,
}

#[derive(Deserialize, Default, Debug)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    client_certificate: String,
    client_certificate_data: String,
    client_key: String,
    client_key_data: String,
    token: String,
    #[serde(rename = "tokenFile")]
    token_file: String,
    exec: Option<serde_json::Value>,
}

#[derive(Deserialize, Default, Debug)]
#[serde(default)]
struct Context {
    cluster: String,
    user: String,
    namespace: String,
}

/// A kubeconfig with one of its contexts chosen.
#[derive(Debug)]
pub struct Kubeconfig {
    cluster: Cluster,
    user: User,
    namespace: String,
}

impl Kubeconfig {
    /// Reads the file's text and chooses `context`, or the current one if it is empty.
    ///
    /// # Errors
    /// The text is none, or a name leads nowhere.
    pub fn parse(text: &str, context: &str) -> Result<Self, KubeconfigError> {
        let file: File = serde_yaml_ng::from_str(text)
            .map_err(|error| KubeconfigError::Syntax(error.to_string()))?;
        let missing = |what, name: &str| KubeconfigError::Missing { what, name: name.to_owned() };
        let wanted = if context.is_empty() { &file.current_context } else { context };
        let context = file.contexts.into_iter().find(|one| one.name == *wanted);
        let context = context.ok_or_else(|| missing("context", wanted))?.context;
        let cluster = file.clusters.into_iter().find(|one| one.name == context.cluster);
        let cluster = cluster.ok_or_else(|| missing("cluster", &context.cluster))?.cluster;
        let user = match context.user.is_empty() {
            true => User::default(),
            false => {
                let user = file.users.into_iter().find(|one| one.name == context.user);
                user.ok_or_else(|| missing("auth info", &context.user))?.user
            }
        };
        Ok(Self { cluster, user, namespace: context.namespace })
    }

    /// The namespace for what names none.
    pub fn namespace(&self) -> &str {
        if self.namespace.is_empty() { "default" } else { &self.namespace }
    }

    /// The same cluster for one who shows nothing, or will show a token later.
    #[must_use]
    pub fn without_user(self) -> Self {
        Self { user: User::default(), ..self }
    }

    /// A client's configuration; `read` gives the files that are named instead of included. Their
    /// paths are relative to the kubeconfig's own folder, which only the caller knows.
    ///
    /// # Errors
    /// A file, an address or a certificate cannot be used, or a plug-in would be needed.
    pub fn config(
        &self,
        host: &Host,
        mut read: impl FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Config, KubeconfigError> {
        if self.user.exec.is_some() {
            return Err(unusable("exec", "plug-ins for credentials are not run"));
        }
        let server: Endpoint =
            self.cluster.server.parse().map_err(|why| unusable("server", why))?;
        let tls = match server.is_tls() {
            true => Some(self.tls(host, &mut read)?),
            false => None,
        };
        let mut config = Config::new(vec![server]);
        config.tls = tls;
        // A file wins: its token may be replaced from time to time (clientcmd.go).
        config.bearer_token = match (&*self.user.token_file, &*self.user.token) {
            ("", "") => None,
            ("", token) => Some(token.to_owned()),
            (file, _) => {
                let bytes = read(file).map_err(|why| unusable("tokenFile", why))?;
                let text = String::from_utf8(bytes).map_err(|why| unusable("tokenFile", why))?;
                Some(text.trim().to_owned())
            }
        };
        Ok(config)
    }

    fn tls(
        &self,
        host: &Host,
        read: &mut impl FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<ClientTls, KubeconfigError> {
        let (cluster, user) = (&self.cluster, &self.user);
        let (data, file) = (&cluster.certificate_authority_data, &cluster.certificate_authority);
        let authorities = included("certificate-authority", data, file, read)?;
        let chain = included(
            "client-certificate",
            &user.client_certificate_data,
            &user.client_certificate,
            read,
        )?;
        let key = included("client-key", &user.client_key_data, &user.client_key, read)?;
        let identity = match (chain.is_empty(), key.is_empty()) {
            (true, true) => None,
            (false, false) => Some(
                Identity::from_pem(host, &chain, &key)
                    .map_err(|why| unusable("client-certificate", why))?,
            ),
            _ => return Err(unusable("client-certificate", "certificate and key go together")),
        };
        let trust = match (cluster.insecure_skip_tls_verify, authorities.is_empty()) {
            (true, _) => Trust::Anyone,
            (false, false) => Trust::Authorities(&authorities),
            (false, true) => {
                return Err(unusable("certificate-authority", "it is needed for https"));
            }
        };
        let tls = ClientTls::new(host, trust, identity.as_ref())
            .map_err(|why| unusable("certificate-authority", why))?;
        match cluster.tls_server_name.is_empty() {
            true => Ok(tls),
            false => tls
                .server_name(&cluster.tls_server_name)
                .map_err(|why| unusable("tls-server-name", why)),
        }
    }
}

fn unusable(what: &'static str, why: impl ToString) -> KubeconfigError {
    KubeconfigError::Unusable { what, why: why.to_string() }
}

/// Data, or else a file, or else nothing.
fn included(
    what: &'static str,
    data: &str,
    file: &str,
    read: &mut impl FnMut(&str) -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, KubeconfigError> {
    match (data, file) {
        ("", "") => Ok(Vec::new()),
        ("", file) => read(file).map_err(|why| unusable(what, why)),
        (data, _) => STANDARD.decode(data).map_err(|why| unusable(what, why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
apiVersion: v1
kind: Config
current-context: a
clusters:
- {name: c, cluster: {server: 'http://10.0.0.1:8080'}}
users:
- {name: u, user: {token: t, tokenFile: f}}
contexts:
- {name: a, context: {cluster: c, user: u, namespace: n}}
- {name: b, context: {cluster: c}}
- {name: x, context: {cluster: y}}
";

    #[test]
    fn a_context_leads_to_cluster_user_and_namespace() {
        let current = Kubeconfig::parse(FILE, "").unwrap();
        assert_eq!(
            (&*current.cluster.server, &*current.user.token, current.namespace()),
            ("http://10.0.0.1:8080", "t", "n")
        );
        let other = Kubeconfig::parse(FILE, "b").unwrap();
        assert_eq!((&*other.user.token, other.namespace()), ("", "default"));
    }

    #[test]
    fn what_leads_nowhere_is_named() {
        for (text, context, why) in [
            (FILE, "z", "context \"z\" does not exist"),
            (FILE, "x", "cluster \"y\" does not exist"),
            ("", "", "context \"\" does not exist"),
        ] {
            let error = Kubeconfig::parse(text, context).unwrap_err();
            assert_eq!(error.to_string(), why);
        }
        assert!(matches!(Kubeconfig::parse("[", ""), Err(KubeconfigError::Syntax(_))));
    }
}

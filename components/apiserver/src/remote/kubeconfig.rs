//! Kubeconfigs that say where a webhook is, whom to believe, and how to show who we are.
//!
//! Upstream: client-go/tools/clientcmd.

use super::{Place, Remote, place::client_tls};
use crate::files;
use base64::{Engine, engine::general_purpose::STANDARD};
use host::{Disk, Host};
use serde::Deserialize;
use wire::tls::{ClientTls, Identity, Trust};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Kubeconfig {
    clusters: Vec<NamedCluster>,
    users: Vec<NamedUser>,
    contexts: Vec<NamedContext>,
    current_context: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NamedCluster {
    name: String,
    cluster: Cluster,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NamedUser {
    name: String,
    user: User,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Context {
    cluster: String,
    user: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Cluster {
    server: String,
    tls_server_name: String,
    insecure_skip_tls_verify: bool,
    certificate_authority: String,
    certificate_authority_data: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    client_certificate: String,
    client_certificate_data: String,
    client_key: String,
    client_key_data: String,
    token: String,
    #[serde(rename = "tokenFile")]
    token_file: String,
    username: String,
    password: String,
    exec: serde_json::Value,
}

/// Reads files that a kubeconfig names: beside it, where they are not named from the root.
struct Folder<'a> {
    disk: &'a dyn Disk,
    path: &'a str,
}

impl Folder<'_> {
    /// What is written out, or else what a file holds; none: neither is given.
    fn bytes(&self, data: &str, file: &str) -> Result<Option<Vec<u8>>, String> {
        if !data.is_empty() {
            let bytes = STANDARD.decode(data).map_err(|error| error.to_string())?;
            return Ok(Some(bytes));
        }
        match file.is_empty() {
            true => Ok(None),
            false => files::read(self.disk, &self.beside(file)).map(Some),
        }
    }

    fn beside(&self, file: &str) -> String {
        match self.path.rsplit_once('/') {
            Some((folder, _)) if !file.starts_with('/') => format!("{folder}/{file}"),
            _ => file.to_owned(),
        }
    }
}

/// The server of the current context.
pub(super) fn remote(host: &Host, path: &str) -> Result<Remote, String> {
    let folder = Folder { disk: &*host.disk, path };
    let bytes = files::read(folder.disk, path)?;
    let config: Kubeconfig =
        serde_yaml_ng::from_slice(&bytes).map_err(|error| format!("{path}: {error}"))?;
    let (cluster, user) = current(config)?;
    let place = Place::parse(&cluster.server)?;
    let tls = match place.is_tls() {
        true => Some(tls(host, &folder, &cluster, &user)?),
        false => None,
    };
    let authorization = authorization(&folder, &user)?;
    Ok(Remote::new(place, tls, authorization))
}

fn current(config: Kubeconfig) -> Result<(Cluster, User), String> {
    let name = &config.current_context;
    if name.is_empty() {
        return Err("invalid configuration: no configuration has been provided, try setting \
                    KUBERNETES_MASTER environment variable"
            .into());
    }
    let context = config.contexts.into_iter().find(|one| one.name == *name);
    let context = context.ok_or_else(|| {
        format!("invalid configuration: context was not found for specified context: {name}")
    })?;
    let Context { cluster, user } = context.context;
    let found = config.clusters.into_iter().find(|one| one.name == cluster);
    let found = found.filter(|found| !found.cluster.server.is_empty());
    let found =
        found.ok_or_else(|| format!("invalid configuration: cluster {cluster:?} was not found"))?;
    let shown = config.users.into_iter().find(|one| one.name == user);
    Ok((found.cluster, shown.map(|one| one.user).unwrap_or_default()))
}

fn tls(
    host: &Host,
    folder: &Folder<'_>,
    cluster: &Cluster,
    user: &User,
) -> Result<ClientTls, String> {
    let told = |error: wire::tls::Error| error.to_string();
    let chain = folder.bytes(&user.client_certificate_data, &user.client_certificate)?;
    let key = folder.bytes(&user.client_key_data, &user.client_key)?;
    let identity = match (&chain, &key) {
        (Some(chain), Some(key)) => Some(Identity::from_pem(host, chain, key).map_err(told)?),
        _ => None,
    };
    let authorities =
        folder.bytes(&cluster.certificate_authority_data, &cluster.certificate_authority)?;
    let tls = match cluster.insecure_skip_tls_verify {
        true => ClientTls::new(host, Trust::Anyone, identity.as_ref()).map_err(told)?,
        false => client_tls(host, folder.disk, authorities.as_deref(), identity.as_ref())?,
    };
    match cluster.tls_server_name.as_str() {
        "" => Ok(tls),
        name => tls.server_name(name).map_err(told),
    }
}

fn authorization(folder: &Folder<'_>, user: &User) -> Result<Option<String>, String> {
    if !user.exec.is_null() {
        return Err("exec: programs that give credentials are not run for webhooks".into());
    }
    let file = folder.bytes("", &user.token_file)?;
    let file = file.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let token = file.or_else(|| Some(user.token.clone()).filter(|token| !token.is_empty()));
    if let Some(token) = token {
        return Ok(Some(format!("Bearer {token}")));
    }
    let pair = format!("{}:{}", user.username, user.password);
    Ok((!user.username.is_empty()).then(|| format!("Basic {}", STANDARD.encode(pair))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
kind: Config
current-context: webhook
clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1/authn'}}]
users: [{name: u, user: {token: secret}}]
contexts: [{name: webhook, context: {cluster: c, user: u}}]
";

    #[test]
    fn the_current_context_names_server_and_user() {
        let read = |text: &str| current(serde_yaml_ng::from_str(text).expect("it is YAML"));
        let (cluster, user) = read(FILE).expect("it has all");
        assert_eq!(
            (cluster.server.as_str(), user.token.as_str()),
            ("https://127.0.0.1:1/authn", "secret")
        );
        for (from, to, why) in [
            ("current-context: webhook", "", "no configuration has been provided"),
            ("current-context: webhook", "current-context: x", "context was not found"),
            ("cluster: c", "cluster: d", "cluster \"d\" was not found"),
        ] {
            let said = read(&FILE.replace(from, to)).expect_err(to);
            assert!(said.contains(why), "{said}");
        }
        let (_, nobody) = read(&FILE.replace("user: u", "user: v")).expect("nobody");
        assert_eq!(nobody.token, "");
    }
}

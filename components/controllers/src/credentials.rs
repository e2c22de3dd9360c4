//! Gives each controller a name of its own before the API server: a service account in kube-system.
//!
//! Upstream: controller-manager/pkg/clientbuilder/client_builder_dynamic.go
//! (`--use-service-account-credentials`).

use client::{Client, Config, Error, Resource, WriteOptions};
use host::event;
use serde_json::{Value, json};
use std::time::Duration;

const NAMESPACE: &str = "kube-system";
/// How long a token is to live, and after how much of that it is replaced.
const LIFE_SECONDS: u64 = 3600;
const RENEW_AFTER: Duration = Duration::from_secs(LIFE_SECONDS * 4 / 5);
const RETRY: Duration = Duration::from_secs(5);

/// A client that asks as the account of this name, and the work of keeping its token fresh.
///
/// # Errors
/// No client can be made so.
pub(crate) fn client_for(
    main: &Client,
    config: &Config,
    name: &'static str,
) -> Result<(Client, impl Future<Output = ()> + Send + 'static), Error> {
    let config = Config { user_agent: format!("{}/{name}", config.user_agent), ..config.clone() };
    let client = Client::new(main.host(), config)?;
    Ok((client.clone(), refresh(main.clone(), client, name)))
}

async fn refresh(main: Client, client: Client, name: &'static str) {
    let host = main.host().clone();
    loop {
        let wait = match token(&main, name).await {
            Ok(token) => match client.replace_token(&token) {
                Ok(()) => RENEW_AFTER,
                Err(_) => RETRY,
            },
            Err(error) => {
                let why = error.to_string();
                event!(host, Info, "a controller has no token", controller = name, why = &why);
                RETRY
            }
        };
        host.sleep(wait).await;
    }
}

async fn token(main: &Client, name: &str) -> Result<String, Error> {
    let accounts = main.resource(Resource::core("serviceaccounts")).within(NAMESPACE);
    let options = WriteOptions::default();
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": {"expirationSeconds": LIFE_SECONDS}});
    let asked = accounts.act((name, "token"), &request, &options).await;
    let answer = match asked {
        Err(error) if error.is_not_found() => {
            let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": name, "namespace": NAMESPACE}});
            accounts.create(&account, &options).await?;
            accounts.act((name, "token"), &request, &options).await?
        }
        other => other?,
    };
    let token = answer.pointer("/status/token").and_then(Value::as_str);
    token.map(str::to_owned).ok_or_else(|| Error::Malformed("an answer without a token".into()))
}

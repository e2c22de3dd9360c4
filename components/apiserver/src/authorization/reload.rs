//! Follows `--authorization-config`: what it says counts as soon as it is seen to make sense.
//!
//! Upstream: pkg/kubeapiserver/authorizer/reload.go.

use super::{AuthorizationConfiguration, Chain, Mode, Policy};
use crate::{files, registry::Registry};
use host::{Host, event};
use parking_lot::RwLock;
use std::sync::Arc;

/// A file, what it held, and what else it takes.
#[derive(Clone, Debug)]
pub struct AuthorizationFile {
    /// `--authorization-config`.
    pub path: String,
    /// What it held at the start.
    pub text: Vec<u8>,
    /// The same, read.
    pub configuration: AuthorizationConfiguration,
    /// `--authorization-policy-file`, for ABAC.
    pub policies: Vec<Policy>,
}

/// Puts another chain in the place of the one there is, as often as the file changes.
pub(super) async fn follow(
    registry: Arc<Registry>,
    mut file: AuthorizationFile,
    chain: Arc<RwLock<Arc<Chain>>>,
) {
    let host = registry.host.clone();
    loop {
        host.sleep(files::LOOK_EVERY).await;
        let Ok(text) = files::read_later(&host, &file.path).await else { continue };
        if text == file.text {
            continue;
        }
        file.text = text;
        match modes(&host, &file).await {
            Ok(modes) => {
                *chain.write() = Arc::new(Chain::new(&modes, &registry));
                event!(host, Info, "reloaded the authorization configuration");
            }
            Err(why) => {
                event!(host, Warn, "cannot follow the authorization configuration", why = &*why);
            }
        }
    }
}

async fn modes(host: &Host, file: &AuthorizationFile) -> Result<Vec<Mode>, String> {
    let (on, file) = (host.clone(), file.clone());
    let work = move |_: &dyn host::Disk| {
        let configuration = AuthorizationConfiguration::parse(&on, &file.text)?;
        match file.configuration.missing(&configuration).as_slice() {
            [] => configuration.modes(&on, &file.policies),
            missing => Err(format!("missing required types: [{}]", missing.join(" "))),
        }
    };
    host.disk_job(work).await
}

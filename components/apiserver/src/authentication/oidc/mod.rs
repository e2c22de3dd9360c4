//! Tokens of issuers outside of the cluster (OpenID Connect).
//!
//! Upstream: apiserver/plugin/pkg/authenticator/token/oidc, pkg/kubeapiserver/authenticator.

mod checked;
mod jws;
mod mapping;
mod provider;
mod rules;
mod settings;
#[cfg(test)]
mod tests;

pub use settings::{Anonymous, AuthenticationConfiguration, OidcFlags};

use super::User;
use crate::{configuration::aggregate, faults::forbidden, files};
use host::{Host, Task, event};
use jws::{ALGORITHMS, Token};
use mapping::Mapper;
use parking_lot::RwLock;
use provider::Provider;
use settings::Issuer;
use std::{sync::Arc, time::Duration};

/// Who issues tokens, and where that is written.
#[derive(Clone, Debug, Default)]
pub struct JwtSettings {
    /// What the flags or the file say.
    pub configuration: AuthenticationConfiguration,
    /// `--authentication-config` and what it held: read again when it changes.
    pub file: Option<(String, Vec<u8>)>,
    /// `--oidc-signing-algs`; a file allows all.
    pub algorithms: Vec<String>,
    /// This server's own issuers of service accounts' tokens, which nobody else may be.
    pub own_issuers: Vec<String>,
}

impl JwtSettings {
    /// Whether the configuration makes sense.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn check(&self) -> Result<(), String> {
        if let Some(unknown) = self.algorithms.iter().find(|it| !ALGORITHMS.contains(&it.as_str()))
        {
            return Err(format!("oidc: unsupported signing alg: {unknown:?}"));
        }
        let (_, faults) = checked::check(&self.configuration, &self.own_issuers);
        let wrong = aggregate(&faults);
        wrong.map_or(Ok(()), |why| Err(format!("invalid authentication configuration: {why}")))
    }
}

/// One issuer at work.
#[derive(Debug)]
struct Known {
    issuer: Issuer,
    mapper: Mapper,
    provider: Provider,
}

type All = Arc<Vec<Known>>;

/// All issuers that are believed now.
#[derive(Debug)]
pub(super) struct Issuers {
    host: Host,
    algorithms: Vec<String>,
    known: Arc<RwLock<All>>,
    /// Reads the file again.
    _reload: Option<Task<()>>,
}

/// Issuers of a new file must be found within this time, or the old ones stay
/// (UpdateAuthenticationConfigTimeout).
const FIND_LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);

impl Issuers {
    pub(super) fn new(host: &Host, settings: JwtSettings) -> Self {
        let (mappers, _) = checked::check(&settings.configuration, &settings.own_issuers);
        let known = Arc::new(RwLock::new(all(host, &settings.configuration, mappers)));
        let algorithms = settings.algorithms.clone();
        let reload = settings.file.clone().map(|file| {
            let work = reload(host.clone(), settings, file, known.clone());
            host.spawn("apiserver/authentication-config", work)
        });
        Self { host: host.clone(), algorithms, known, _reload: reload }
    }

    /// Whom a token names; none: it is of no issuer that is believed.
    ///
    /// # Errors
    /// It is, and not good.
    pub(super) async fn check(&self, token: &str) -> Result<Option<User>, String> {
        let known = self.known.read().clone();
        let Some(token) = (!known.is_empty()).then(|| Token::parse(token)).flatten() else {
            return Ok(None);
        };
        let Some(one) = known.iter().find(|one| one.issuer.url == token.issuer()) else {
            return Ok(None);
        };
        if !one.provider.is_ready() {
            return Err("oidc: authenticator not initialized".into());
        }
        let verify = |why: String| format!("oidc: verify token: {why}");
        token.check(&one.issuer.audiences, self.host.clock.wall().seconds()).map_err(verify)?;
        let allowed = match self.algorithms.is_empty() {
            true => ALGORITHMS.contains(&token.algorithm.as_str()),
            false => self.algorithms.contains(&token.algorithm),
        };
        if !allowed {
            let (wanted, own) = (&self.algorithms, &token.algorithm);
            return Err(verify(format!(
                "oidc: id token signed with unsupported algorithm, expected {wanted:?} got {own:?}"
            )));
        }
        one.provider.check(&token).await.map_err(verify)?;
        one.mapper.user(token.claims).map(Some)
    }
}

fn all(host: &Host, configuration: &AuthenticationConfiguration, mappers: Vec<Mapper>) -> All {
    let known = configuration.jwt.iter().zip(mappers).map(|(jwt, mapper)| Known {
        issuer: jwt.issuer.clone(),
        mapper,
        provider: Provider::new(host, &jwt.issuer),
    });
    Arc::new(known.collect())
}

/// Follows the file. One that makes no sense, and one whose issuers cannot be found, changes
/// nothing.
async fn reload(
    host: Host,
    settings: JwtSettings,
    (path, mut text): (String, Vec<u8>),
    known: Arc<RwLock<All>>,
) {
    loop {
        host.sleep(files::LOOK_EVERY).await;
        let Ok(now) = files::read_later(&host, &path).await else { continue };
        if now == text {
            continue;
        }
        let outcome = match renewed(&host, &settings, &now) {
            Ok(all) => match found(&host, &all).await {
                true => {
                    *known.write() = all;
                    Ok(())
                }
                // Its issuers may yet be found: it is tried again.
                false => continue,
            },
            Err(why) => Err(why),
        };
        text = now;
        match outcome {
            Ok(()) => event!(host, Info, "reloaded the authentication configuration"),
            Err(why) => {
                event!(host, Warn, "cannot follow the authentication configuration", why = &*why);
            }
        }
    }
}

/// The issuers of a changed file.
fn renewed(host: &Host, settings: &JwtSettings, text: &[u8]) -> Result<All, String> {
    let configuration = AuthenticationConfiguration::parse(text)?;
    let (mappers, mut faults) = checked::check(&configuration, &settings.own_issuers);
    if configuration.anonymous != settings.configuration.anonymous {
        faults.push(forbidden("anonymous", "changed from initial configuration file"));
    }
    match aggregate(&faults) {
        Some(why) => Err(why),
        None => Ok(all(host, &configuration, mappers)),
    }
}

async fn found(host: &Host, all: &All) -> bool {
    let work = async {
        while !all.iter().all(|one| one.provider.is_ready()) {
            host.sleep(LOOK).await;
        }
    };
    host.timeout(FIND_LIMIT, work).await.is_ok()
}

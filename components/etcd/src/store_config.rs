//! The store's settings, from the member's.

use crate::config::{AuthToken, Config};
use etcd_store::{
    auth::{
        jwt::Jwt,
        token::{SimpleTokens, Tokens},
    },
    lease::{LessorConfig, ttl_seconds_min},
};
use host::Defects;

/// What the store is told at start; `snapshot_index` is that of the log's newest mark.
///
/// # Errors
/// The token settings do not fit together.
pub(crate) fn of(
    config: &Config,
    snapshot_index: u64,
    defects: &Defects,
) -> Result<etcd_store::Config, String> {
    let tokens = match &config.auth_token {
        AuthToken::Simple => Tokens::Simple(SimpleTokens::new(config.auth_token_ttl)),
        AuthToken::Jwt { sign_method, private_key, public_key, ttl } => {
            let key = if private_key.is_empty() { public_key } else { private_key };
            let jwt = Jwt::new(sign_method, key, *ttl);
            Tokens::Jwt(Box::new(jwt.map_err(|error| format!("--auth-token: {error}"))?))
        }
    };
    Ok(etcd_store::Config {
        dir: config.snap_path(),
        cache_bytes: config.backend_cache_bytes,
        quota_bytes: i64::try_from(config.quota_backend_bytes).unwrap_or(i64::MAX),
        watch_buffer: config.limits.watch_buffer,
        learners_max: etcd_store::members::LEARNERS_MAX,
        lessor: LessorConfig {
            ttl_seconds_min: ttl_seconds_min(config.election),
            checkpoint_interval: Some(config.lease_checkpoint_interval),
            defects: defects.clone(),
        },
        tokens,
        snapshot_index,
    })
}

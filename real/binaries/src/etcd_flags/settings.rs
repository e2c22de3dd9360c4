//! Flags and the files that they name, as a member's settings.

use super::{FlagError, Flags};
use crate::go_duration;
use etcd::config::{
    AuthToken, AutoCompaction, ClusterState, Config, DEFAULT_QUOTA_BYTES, Limits, TlsFiles, Url,
    parse_initial_cluster,
};
use std::{collections::BTreeMap, time::Duration};

impl Flags {
    /// Reads the files that the flags name and checks everything.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn into_config(self) -> Result<Config, FlagError> {
        let advertised = urls(&self.initial_advertise_peer_urls)?;
        let config = Config {
            data_dir: self.data_directory(),
            wal_dir: (!self.wal_dir.is_empty()).then(|| self.wal_dir.clone()),
            initial_cluster: self.cluster(&advertised)?,
            initial_advertise_peer_urls: advertised,
            listen_client_urls: urls(&self.listen_client_urls)?,
            listen_peer_urls: urls(&self.listen_peer_urls)?,
            listen_metrics_urls: urls(&self.listen_metrics_urls)?,
            advertise_client_urls: urls(&self.advertise_client_urls)?,
            initial_cluster_state: match self.initial_cluster_state.as_str() {
                "existing" => ClusterState::Existing,
                _ => ClusterState::New,
            },
            initial_cluster_token: self.initial_cluster_token.clone(),
            force_new_cluster: self.force_new_cluster,
            heartbeat: Duration::from_millis(self.heartbeat_interval),
            election: Duration::from_millis(self.election_timeout),
            snapshot_count: self.snapshot_count,
            snapshot_catchup_entries: self.snapshot_catchup_entries,
            backend_batch_interval: or(self.backend_batch_interval, Duration::from_millis(100)),
            backend_batch_limit: or(self.backend_batch_limit, 10_000),
            quota_backend_bytes: self.quota(),
            auto_compaction: self.auto_compaction()?,
            compaction_batch_limit: self.compaction_batch_limit,
            compaction_sleep: self.compaction_sleep_interval,
            corrupt_check: self.corrupt_check_time,
            initial_corrupt_check: self.initial_corrupt_check,
            compact_hash_check: if self.compact_hash_check_enabled {
                self.compact_hash_check_time
            } else {
                Duration::ZERO
            },
            strict_reconfig_check: self.strict_reconfig_check,
            pre_vote: self.pre_vote,
            watch_progress_interval: self.watch_progress_notify_interval,
            auth_token: self.token()?,
            auth_token_ttl: Duration::from_secs(self.auth_token_ttl),
            bcrypt_cost: self.bcrypt_cost,
            client_tls: self.client_tls()?,
            peer_tls: self.peer_tls()?,
            limits: Limits {
                request_bytes: self.max_request_bytes,
                txn_ops: self.max_txn_ops,
                concurrent_streams: self.max_concurrent_streams,
                ..Limits::default()
            },
            name: self.name,
            ..Config::default()
        };
        config.validate()?;
        Ok(config)
    }

    fn data_directory(&self) -> String {
        if self.data_dir.is_empty() { format!("{}.etcd", self.name) } else { self.data_dir.clone() }
    }

    /// Without `--initial-cluster`, a cluster of this member alone.
    fn cluster(&self, advertised: &[Url]) -> Result<BTreeMap<String, Vec<Url>>, FlagError> {
        if !self.initial_cluster.is_empty() {
            return Ok(parse_initial_cluster(&self.initial_cluster)?);
        }
        Ok(BTreeMap::from([(self.name.clone(), advertised.to_vec())]))
    }

    fn quota(&self) -> u64 {
        match self.quota_backend_bytes {
            0 => DEFAULT_QUOTA_BYTES,
            // Upstream: a negative quota is no quota.
            quota => u64::try_from(quota).unwrap_or(u64::MAX),
        }
    }

    fn auto_compaction(&self) -> Result<AutoCompaction, FlagError> {
        let text = self.auto_compaction_retention.as_str();
        let flag = "auto-compaction-retention";
        if let Ok(number) = text.parse::<u32>() {
            return Ok(match (number, self.auto_compaction_mode.as_str()) {
                (0, _) => AutoCompaction::Off,
                (number, "revision") => AutoCompaction::Revision(number.into()),
                (hours, _) => {
                    AutoCompaction::Periodic(Duration::from_secs(3600 * u64::from(hours)))
                }
            });
        }
        if self.auto_compaction_mode == "revision" {
            return Err(FlagError::Value { flag, why: format!("{text:?} is not a number") });
        }
        match go_duration::parse(text) {
            Ok(Duration::ZERO) => Ok(AutoCompaction::Off),
            Ok(kept) => Ok(AutoCompaction::Periodic(kept)),
            Err(error) => Err(FlagError::Value { flag, why: error.to_string() }),
        }
    }

    fn token(&self) -> Result<AuthToken, FlagError> {
        let flag = "auth-token";
        let bad = |why: &str| FlagError::Value { flag, why: why.into() };
        let mut parts = self.auth_token.split(',');
        match parts.next() {
            Some("simple") => return Ok(AuthToken::Simple),
            Some("jwt") => {}
            Some(_) | None => return Err(bad("auth: invalid auth options")),
        }
        let options: BTreeMap<&str, &str> = parts.filter_map(|part| part.split_once('=')).collect();
        let read = |key: &str| match options.get(key) {
            Some(path) => read_file(flag, path),
            None => Ok(Vec::new()),
        };
        let sign_method =
            options.get("sign-method").ok_or_else(|| bad("sign-method is missing"))?;
        let ttl = options.get("ttl").map_or(Ok(Duration::from_secs(300)), |text| {
            go_duration::parse(text).map_err(|error| bad(&error.to_string()))
        })?;
        Ok(AuthToken::Jwt {
            sign_method: (*sign_method).into(),
            private_key: read("priv-key")?,
            public_key: read("pub-key")?,
            ttl,
        })
    }

    fn client_tls(&self) -> Result<Option<TlsFiles>, FlagError> {
        if self.auto_tls && self.cert_file.is_empty() {
            return self_signed(&self.listen_client_urls).map(Some);
        }
        let paths = [&self.cert_file, &self.key_file, &self.trusted_ca_file];
        let names = ["cert-file", "key-file", "trusted-ca-file"];
        tls_files(paths, names, self.client_cert_auth)
    }

    fn peer_tls(&self) -> Result<Option<TlsFiles>, FlagError> {
        if self.peer_auto_tls && self.peer_cert_file.is_empty() {
            return self_signed(&self.listen_peer_urls).map(Some);
        }
        let paths = [&self.peer_cert_file, &self.peer_key_file, &self.peer_trusted_ca_file];
        let names = ["peer-cert-file", "peer-key-file", "peer-trusted-ca-file"];
        tls_files(paths, names, self.peer_client_cert_auth)
    }
}

fn urls(text: &str) -> Result<Vec<Url>, FlagError> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    Ok(parts.map(str::parse).collect::<Result<_, _>>()?)
}

fn or<T: Default + PartialEq>(value: T, otherwise: T) -> T {
    if value == T::default() { otherwise } else { value }
}

fn read_file(flag: &'static str, path: &str) -> Result<Vec<u8>, FlagError> {
    std::fs::read(path).map_err(|error| FlagError::File { flag, path: path.into(), error })
}

fn tls_files(
    [cert, key, ca]: [&String; 3],
    [cert_flag, key_flag, ca_flag]: [&'static str; 3],
    client_cert_auth: bool,
) -> Result<Option<TlsFiles>, FlagError> {
    if cert.is_empty() && key.is_empty() {
        return Ok(None);
    }
    if cert.is_empty() || key.is_empty() {
        let why = "a certificate and its key are needed together".into();
        return Err(FlagError::Value { flag: cert_flag, why });
    }
    let trusted_ca = if ca.is_empty() { None } else { Some(read_file(ca_flag, ca)?) };
    Ok(Some(TlsFiles {
        cert: read_file(cert_flag, cert)?,
        key: read_file(key_flag, key)?,
        client_cert_auth: client_cert_auth || trusted_ca.is_some(),
        trusted_ca,
    }))
}

/// A certificate for the hosts listened on, made at every start.
fn self_signed(listen: &str) -> Result<TlsFiles, FlagError> {
    let why = |error: rcgen::Error| FlagError::Value { flag: "auto-tls", why: error.to_string() };
    let hosts: Vec<String> = urls(listen)?.into_iter().map(|url| url.host).collect();
    let made = rcgen::generate_simple_self_signed(hosts).map_err(why)?;
    Ok(TlsFiles {
        cert: made.cert.pem().into_bytes(),
        key: made.signing_key.serialize_pem().into_bytes(),
        trusted_ca: None,
        client_cert_auth: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn config(args: &[&str]) -> Result<Config, FlagError> {
        Flags::try_parse_from([&["etcd"], args].concat()).unwrap().into_config()
    }

    #[test]
    fn defaults_are_upstreams() {
        let config = config(&[]).unwrap();
        assert_eq!(config.data_dir, "default.etcd");
        assert_eq!(config.quota_backend_bytes, 2 << 30);
        assert_eq!(config.initial_cluster.keys().collect::<Vec<_>>(), ["default"]);
        assert_eq!(config.auto_compaction, AutoCompaction::Off);
    }

    #[test]
    fn retention_is_hours_a_duration_or_revisions() {
        let retention = |args: &[&str]| config(args).map(|config| config.auto_compaction);
        assert_eq!(
            retention(&["--auto-compaction-retention=1"]).unwrap(),
            AutoCompaction::Periodic(Duration::from_secs(3600))
        );
        assert_eq!(
            retention(&["--auto-compaction-retention=10m"]).unwrap(),
            AutoCompaction::Periodic(Duration::from_secs(600))
        );
        let revisions = ["--auto-compaction-mode=revision", "--auto-compaction-retention=1000"];
        assert_eq!(retention(&revisions).unwrap(), AutoCompaction::Revision(1000));
        assert!(retention(&["--auto-compaction-retention=soon"]).is_err());
    }

    #[test]
    fn bad_settings_are_refused_by_name() {
        for (args, text) in [
            (vec!["--cert-file=/nonexistent", "--key-file=k"], "--cert-file"),
            (vec!["--cert-file=/nonexistent"], "needed together"),
            (vec!["--auth-token=magic"], "invalid auth options"),
            (vec!["--listen-client-urls=localhost:1"], "URL scheme"),
            (vec!["--initial-cluster=b=http://x:1"], "couldn't find local name"),
        ] {
            let error = config(&args).unwrap_err().to_string();
            assert!(error.contains(text), "{args:?}: {error}");
        }
    }
}

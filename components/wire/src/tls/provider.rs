//! rustls' cryptography on a host: ring's algorithms, the host's chance and wall clock.
//!
//! What rustls itself draws (hello randoms, session ids) comes from [`Host::random`]. What ring
//! draws inside an algorithm — ephemeral keys of a key exchange, ECDSA nonces, RSA blinding — it
//! takes from getrandom(2), which a simulation must interpose.

use host::{Clock, Host, Random};
use rustls::{
    crypto::{CryptoProvider, GetRandomFailed, SecureRandom},
    pki_types::UnixTime,
    time_provider::TimeProvider,
};
use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

pub(super) fn provider(host: &Host) -> Arc<CryptoProvider> {
    // rustls wants chance that lives for ever. What is leaked is one weak pointer per
    // configuration: it keeps no machine alive.
    let chance: &'static Chance = Box::leak(Box::new(Chance(Arc::downgrade(&host.random))));
    Arc::new(CryptoProvider { secure_random: chance, ..rustls::crypto::ring::default_provider() })
}

pub(super) fn time(host: &Host) -> Arc<dyn TimeProvider> {
    Arc::new(Wall(host.clock.clone()))
}

struct Chance(Weak<dyn Random>);

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chance")
    }
}

impl SecureRandom for Chance {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        self.0.upgrade().ok_or(GetRandomFailed)?.fill(buffer);
        Ok(())
    }
}

struct Wall(Arc<dyn Clock>);

impl fmt::Debug for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wall")
    }
}

impl TimeProvider for Wall {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_nanos(self.0.wall().0)))
    }
}

//! What was said of a token counts for a while; of many who ask at once for the same one asks.
//!
//! Upstream: apiserver/pkg/authentication/token/cache, pkg/kubeapiserver/options/authentication.go
//! for the times.

use super::{Verdict, union::Union};
use crate::expiring::Expiring;
use futures_util::{FutureExt, future::Shared};
use host::{BoxFuture, Host, Instant};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// Tokens of which it is known what was said.
const TOKENS_MAX: usize = 8192;
/// A token that is good stays so for so long.
const SUCCESS: Duration = Duration::from_secs(10);
/// One that is not is asked about again.
const FAILURE: Duration = Duration::ZERO;

/// A token and for whom it was shown. Tokens themselves are kept nowhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn of(token: &str, audiences: &[String]) -> Self {
        let mut digest = Sha256::new();
        for part in std::iter::once(token).chain(audiences.iter().map(String::as_str)) {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

/// What was said of tokens. Whoever could not say has said nothing.
pub(super) struct Said {
    known: Mutex<Expiring<Key, Option<super::Authenticated>>>,
    success: Duration,
    failure: Duration,
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Said")
    }
}

impl Said {
    pub(super) fn new(success: Duration, failure: Duration) -> Self {
        Self { known: Mutex::new(Expiring::new(TOKENS_MAX)), success, failure }
    }

    pub(super) fn get(&self, key: Key, now: Instant) -> Option<Verdict> {
        self.known.lock().get(&key, now).map(Ok)
    }

    pub(super) fn put(&self, key: Key, verdict: &Verdict, now: Instant) {
        if let Ok(found) = verdict {
            let lasts = if found.is_some() { self.success } else { self.failure };
            self.known.lock().put(key, found.clone(), now, lasts);
        }
    }
}

type Flight = Shared<BoxFuture<'static, Verdict>>;
type Flights = Mutex<BTreeMap<Key, Flight>>;

/// Asks about tokens.
pub(super) struct Cached {
    host: Host,
    union: Arc<Union>,
    said: Said,
    flights: Flights,
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached").field("union", &self.union).finish_non_exhaustive()
    }
}

/// One of those who wait for an answer; the last to leave takes the question along.
struct Waiting<'a> {
    flights: &'a Flights,
    key: Key,
    flight: Option<Flight>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.flight = None;
        let mut flights = self.flights.lock();
        // The table's own is one.
        if flights.get(&self.key).is_some_and(|it| it.strong_count().is_none_or(|all| all <= 1)) {
            flights.remove(&self.key);
        }
    }
}

impl Cached {
    pub(super) fn new(host: &Host, union: Arc<Union>) -> Self {
        let (said, flights) = (Said::new(SUCCESS, FAILURE), Flights::default());
        Self { host: host.clone(), union, said, flights }
    }

    pub(super) fn union(&self) -> &Union {
        &self.union
    }

    /// Whom a token names.
    ///
    /// # Errors
    /// Why it is not good, or why nobody can say.
    pub(super) async fn check(&self, token: &str, audiences: &[String]) -> Verdict {
        let key = Key::of(token, audiences);
        if let Some(known) = self.said.get(key, self.host.now()) {
            return known;
        }
        let flight = self.flight(key, token, audiences);
        let waiting = Waiting { flights: &self.flights, key, flight: Some(flight.clone()) };
        let verdict = flight.await;
        drop(waiting);
        self.said.put(key, &verdict, self.host.now());
        verdict
    }

    fn flight(&self, key: Key, token: &str, audiences: &[String]) -> Flight {
        let begin = || {
            let (union, token) = (self.union.clone(), token.to_owned());
            let audiences = audiences.to_vec();
            let work = async move { union.check(&token, &audiences).await };
            let work: BoxFuture<'static, Verdict> = Box::pin(work);
            work.shared()
        };
        self.flights.lock().entry(key).or_insert_with(begin).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_for_others_is_another() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let all = [
            Key::of("a", &[]),
            Key::of("a", &list(&["b"])),
            Key::of("ab", &[]),
            Key::of("a", &list(&["b", "c"])),
            Key::of("a", &list(&["bc"])),
        ];
        for (at, key) in all.iter().enumerate() {
            assert!(!all[..at].contains(key), "{at}");
        }
    }

    #[test]
    fn who_cannot_say_has_said_nothing() {
        let said = Said::new(Duration::from_secs(1), Duration::from_secs(2));
        let (key, now) = (Key::of("a", &[]), Instant(5));
        said.put(key, &Err("a storm".into()), now);
        assert_eq!(said.get(key, now), None);
        said.put(key, &Ok(None), now);
        assert_eq!(said.get(key, now), Some(Ok(None)));
        assert_eq!(said.get(key, now + Duration::from_secs(2)), None);
    }
}

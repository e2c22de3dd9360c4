//! Tokens that say who a caller is: simple ones, remembered by each member, or signed ones.
//!
//! A simple token is `<sixteen letters>.<index>` (server/auth/simple_token.go): the letters are the
//! proposer's chance, the index is that of the entry which made it valid.

use super::{AuthInfo, jwt::Jwt};
use host::{Instant, Random, Timestamp};
use parking_lot::Mutex;
use std::{collections::BTreeMap, time::Duration};

/// Upstream's `--auth-token-ttl`.
pub const SIMPLE_TOKEN_TTL: Duration = Duration::from_secs(300);

/// A user that asks for token after token loses its oldest ones beyond this number of all tokens.
pub const SIMPLE_TOKENS_MAX: usize = 100_000;

const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The letters of a new simple token.
pub fn simple_token_prefix(chance: &dyn Random) -> String {
    let letter = |_| LETTERS[chance.below(52) as usize % 52] as char;
    (0..16).map(letter).collect()
}

/// The index of the entry that made a simple token valid.
pub fn index_of(token: &str) -> Option<u64> {
    let (_, index) = token.split_once('.')?;
    index.parse().ok()
}

/// How tokens are made (`--auth-token`).
#[derive(Debug)]
pub enum Tokens {
    /// Remembered.
    Simple(SimpleTokens),
    /// Signed.
    Jwt(Box<Jwt>),
}

impl Tokens {
    pub(super) fn assign(&self, user: &str, letters: &str, index: u64, now: Instant) -> String {
        match self {
            Self::Simple(simple) => simple.assign(user, letters, index, now),
            Self::Jwt(_) => String::new(),
        }
    }

    pub(super) fn info(
        &self,
        token: &str,
        revision: u64,
        now: Instant,
        wall: Timestamp,
    ) -> Option<AuthInfo> {
        match self {
            Self::Simple(simple) => {
                let username = simple.user_of(token, now)?;
                Some(AuthInfo { username, revision })
            }
            Self::Jwt(jwt) => jwt.verify(token, wall),
        }
    }

    pub(super) fn forget_user(&self, user: &str) {
        if let Self::Simple(simple) = self {
            simple.tokens.lock().retain(|_, held| held.user != user);
        }
    }

    pub(super) fn forget_all(&self) {
        if let Self::Simple(simple) = self {
            simple.tokens.lock().clear();
        }
    }

    pub(super) fn expire(&self, now: Instant) {
        if let Self::Simple(simple) = self {
            simple.tokens.lock().retain(|_, held| now < held.end);
        }
    }
}

/// The simple tokens this member knows. Each use writes a new end, so that they have a lock of
/// their own: requests that only read share the store.
#[derive(Debug)]
pub struct SimpleTokens {
    ttl: Duration,
    tokens: Mutex<BTreeMap<String, Held>>,
}

#[derive(Debug)]
struct Held {
    user: String,
    end: Instant,
}

impl SimpleTokens {
    /// Tokens that die when they were not used for `ttl`.
    pub fn new(ttl: Duration) -> Self {
        Self { ttl, tokens: Mutex::default() }
    }

    fn assign(&self, user: &str, letters: &str, index: u64, now: Instant) -> String {
        let mut tokens = self.tokens.lock();
        if tokens.len() >= SIMPLE_TOKENS_MAX {
            drop_oldest(&mut tokens);
        }
        let token = format!("{letters}.{index}");
        let held = Held { user: user.to_owned(), end: now + self.ttl };
        tokens.insert(token.clone(), held);
        token
    }

    /// Every use makes a token live on.
    fn user_of(&self, token: &str, now: Instant) -> Option<String> {
        let mut tokens = self.tokens.lock();
        let held = tokens.get_mut(token).filter(|held| now < held.end)?;
        held.end = now + self.ttl;
        Some(held.user.clone())
    }
}

fn drop_oldest(tokens: &mut BTreeMap<String, Held>) {
    let oldest = tokens.iter().min_by_key(|(_, held)| held.end);
    if let Some(token) = oldest.map(|(token, _)| token.clone()) {
        tokens.remove(&token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u64);

    impl Random for Always {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0xff);
        }
        fn next_u64(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn a_simple_token_lives_while_it_is_used() {
        assert_eq!(simple_token_prefix(&Always(0)), "a".repeat(16));
        assert_eq!(simple_token_prefix(&Always(u64::MAX)), "Z".repeat(16));
        let at = |seconds: u64| Instant(seconds * 1_000_000_000);
        let tokens = SimpleTokens::new(SIMPLE_TOKEN_TTL);
        let token = tokens.assign("alice", "abc", 7, at(0));
        assert_eq!((token.as_str(), index_of(&token)), ("abc.7", Some(7)));
        assert_eq!(tokens.user_of(&token, at(299)).as_deref(), Some("alice"));
        assert_eq!(tokens.user_of(&token, at(598)).as_deref(), Some("alice"));
        assert_eq!(tokens.user_of(&token, at(898)), None);
        assert_eq!((index_of("abc"), index_of("abc.x")), (None, None));
    }
}

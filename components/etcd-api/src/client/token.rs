//! The token that says who this client is: fetched before the first call, and again when refused.

use super::Client;
use crate::{
    EtcdError,
    etcdserverpb::{AuthenticateRequest, AuthenticateResponse},
};
use parking_lot::Mutex;
use std::fmt;
use tonic::{Request, Status};

/// User name, password and the token they gave.
pub(super) struct Token {
    credentials: Option<(String, String)>,
    current: Mutex<Current>,
}

#[derive(Clone, PartialEq, Eq)]
enum Current {
    Unknown,
    /// The cluster works without authentication.
    NotNeeded,
    Held(String),
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

impl Token {
    pub(super) fn new(credentials: Option<(String, String)>) -> Self {
        Self { credentials, current: Mutex::new(Current::Unknown) }
    }

    /// The token to send; `None` when there is nothing to say.
    pub(super) async fn get(&self, client: &Client) -> Result<Option<String>, Status> {
        let Some((name, password)) = &self.credentials else { return Ok(None) };
        match self.current.lock().clone() {
            Current::Held(token) => return Ok(Some(token)),
            Current::NotNeeded => return Ok(None),
            Current::Unknown => {}
        }
        let request = AuthenticateRequest { name: name.clone(), password: password.clone() };
        let mut request = Request::new(request);
        if let Some(limit) = client.options.timeout {
            request.set_timeout(limit);
        }
        let answer = client.unary("/etcdserverpb.Auth/Authenticate", request).await;
        let current = match answer.map(|answer: AuthenticateResponse| answer.token) {
            Ok(token) => Current::Held(token),
            Err(error) if is(&error, EtcdError::AuthNotEnabled) => Current::NotNeeded,
            Err(error) => return Err(error),
        };
        *self.current.lock() = current.clone();
        Ok(match current {
            Current::Held(token) => Some(token),
            Current::NotNeeded | Current::Unknown => None,
        })
    }

    /// True when the call failed for its token; the next call fetches a new one.
    pub(super) fn is_refused(&self, error: &Status) -> bool {
        let known = EtcdError::from_status(error);
        let refused = match known {
            Some(EtcdError::InvalidAuthToken | EtcdError::AuthOldRevision) => true,
            Some(EtcdError::UserEmpty) => self.credentials.is_some(),
            _ => false,
        };
        if refused {
            *self.current.lock() = Current::Unknown;
        }
        refused
    }

    /// As [`Token::is_refused`], for the reasons that watches are cancelled with.
    pub(super) fn is_refused_text(&self, reason: &str) -> bool {
        self.is_refused(&Status::unknown(reason))
    }
}

fn is(error: &Status, known: EtcdError) -> bool {
    EtcdError::from_status(error) == Some(known)
}

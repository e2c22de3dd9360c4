//! One review is sent, and the answer read; what passes by itself is tried again.
//!
//! Upstream: apiserver/pkg/util/webhook/webhook.go (WithExponentialBackoff, DefaultShouldRetry),
//! pkg/server/options/authentication.go (DefaultAuthWebhookRetryBackoff).

use super::Remote;
use bytes::Bytes;
use host::Host;
use http::{Method, StatusCode, header};
use serde_json::Value;
use std::time::Duration;
use wire::client::{RequestError, request};

/// Why a server could not be asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Fault {
    pub(crate) why: String,
    /// It may be another answer the next time.
    passes: bool,
}

/// An answer is not longer.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// So often one is asked.
const ATTEMPTS: u32 = 5;
/// Waits grow by half, and up to a fifth more is drawn.
const FIRST_WAIT: Duration = Duration::from_millis(500);

impl Remote {
    /// Asks, and asks again where that may help; each attempt has so long.
    ///
    /// # Errors
    /// Why the last attempt failed.
    pub(crate) async fn ask(
        &self,
        host: &Host,
        review: &Value,
        limit: Duration,
    ) -> Result<Value, Fault> {
        let body = Bytes::from(review.to_string());
        let passes = |fault: &Fault| fault.passes;
        read(&self.send(host, body, limit, FIRST_WAIT, passes).await?)
    }

    /// Tells, and tells again whatever went wrong.
    ///
    /// # Errors
    /// Why the last attempt failed.
    pub(crate) async fn tell(
        &self,
        host: &Host,
        text: String,
        limit: Duration,
        first_wait: Duration,
    ) -> Result<(), Fault> {
        self.send(host, text.into(), limit, first_wait, |_| true).await.map(drop)
    }

    async fn send(
        &self,
        host: &Host,
        body: Bytes,
        limit: Duration,
        mut wait: Duration,
        again: fn(&Fault) -> bool,
    ) -> Result<Bytes, Fault> {
        let Ok(_room) = self.room.clone().try_acquire_owned() else {
            return Err(self.failed(limit, "too many calls wait for it already", false));
        };
        let mut attempts = 1;
        loop {
            match self.attempt(host, body.clone(), limit).await {
                Err(fault) if attempts < ATTEMPTS && again(&fault) => {}
                done => return done,
            }
            host.sleep(wait.mul_f64(1.0 + 0.2 * chance(host))).await;
            wait = wait.mul_f64(1.5);
            attempts += 1;
        }
    }

    async fn attempt(&self, host: &Host, body: Bytes, limit: Duration) -> Result<Bytes, Fault> {
        // A call is large while it is under way.
        let call = async {
            // Never closed.
            let _turn = self.turns.acquire().await;
            self.call(host, body, limit).await
        };
        let elapsed = |host::Elapsed| self.failed(limit, "context deadline exceeded", false);
        host.timeout(limit, Box::pin(call)).await.unwrap_or_else(|it| Err(elapsed(it)))
    }

    async fn call(&self, host: &Host, body: Bytes, limit: Duration) -> Result<Bytes, Fault> {
        let broken = |why: &str| self.failed(limit, why, false);
        let (path, seconds) = (&self.place.path, told(limit));
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut asked = http::Request::builder()
            .method(Method::POST)
            .uri(format!("{path}{separator}timeout={seconds}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, */*")
            .header(header::USER_AGENT, "kube-apiserver");
        if let Some(authorization) = &self.authorization {
            asked = asked.header(header::AUTHORIZATION, authorization);
        }
        let asked = asked.body(body).map_err(|error| broken(&error.to_string()))?;
        let (endpoint, tls) = (&self.place.endpoint, self.tls.as_ref());
        let reply = request(host, endpoint, tls, asked, ANSWER_BYTES_MAX, limit).await;
        let reply = reply.map_err(|error| {
            let passes = matches!(error, RequestError::Broken(_));
            self.failed(limit, &error.to_string(), passes)
        })?;
        match reply.status.is_success() {
            true => Ok(reply.body),
            false => Err(refusal(reply.status, &reply.body)),
        }
    }

    fn failed(&self, limit: Duration, why: &str, passes: bool) -> Fault {
        let (url, seconds) = (&self.place.url, told(limit));
        Fault { why: format!("Post \"{url}?timeout={seconds}\": {why}"), passes }
    }
}

/// A part of one, drawn.
#[expect(clippy::cast_precision_loss, reason = "any part of one does")]
fn chance(host: &Host) -> f64 {
    host.random.next_u64() as f64 / u64::MAX as f64
}

/// `30s`.
fn told(limit: Duration) -> String {
    match limit.subsec_millis() {
        0 => format!("{}s", limit.as_secs()),
        _ => format!("{}ms", limit.as_millis()),
    }
}

/// The review that came back.
fn read(body: &[u8]) -> Result<Value, Fault> {
    let value: Option<Value> = serde_json::from_slice(body).ok();
    let why = "couldn't get version/kind; json parse error";
    value.filter(Value::is_object).ok_or_else(|| Fault { why: why.into(), passes: false })
}

/// What an answer says that is none.
fn refusal(status: StatusCode, body: &[u8]) -> Fault {
    let value: Option<Value> = serde_json::from_slice(body).ok();
    let said = value.filter(|value| value["kind"] == "Status");
    let said = said.and_then(|value| value["message"].as_str().map(str::to_owned));
    let passes = matches!(status.as_u16(), 429 | 500 | 504);
    Fault { why: said.unwrap_or_else(|| status_told(status)), passes }
}

/// What client-go says of an answer that is none (NewGenericServerResponse).
pub(crate) fn status_told(status: StatusCode) -> String {
    match status.as_u16() {
        401 => "Unauthorized".into(),
        403 => "forbidden".into(),
        404 => "the server could not find the requested resource".into(),
        429 => {
            "the server has received too many requests and has asked us to try again later".into()
        }
        500..=599 => {
            "an error on the server (\"unknown\") has prevented the request from succeeding".into()
        }
        code => format!(
            "the server responded with the status code {code} but did not return more information"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_reviews_or_reasons() {
        assert_eq!(read(b"{\"a\":1}").expect("a review")["a"], 1);
        assert!(read(b"[]").is_err());
        for (code, body, why, passes) in [
            (500, "oops", "an error on the server (\"unknown\") has prevented", true),
            (429, "", "the server has received too many requests", true),
            (403, r#"{"kind":"Status","message":"go away"}"#, "go away", false),
            (418, "", "the server responded with the status code 418", false),
        ] {
            let status = StatusCode::from_u16(code).expect("a status");
            let fault = refusal(status, body.as_bytes());
            assert!(fault.why.starts_with(why), "{fault}");
            assert_eq!(fault.passes, passes, "{code}");
        }
    }
}

//! Sends requests to whichever server can be reached, at a bounded rate, again where a server asks
//! for it.
//!
//! Upstream: client-go/rest/request.go and with_retry.go. Connections are HTTP/2: by ALPN over TLS,
//! by prior knowledge over plain text.

use super::{Api, Ask, watch::Lines};
use crate::{Bucket, Config, Error, Resource, Status};
use bytes::Bytes;
use host::{Backoff, Host};
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use parking_lot::Mutex;
use std::{fmt, sync::Arc, time::Duration};
use tonic::Code;
use wire::{
    GrpcBody,
    client::{Balance, Channel, ChannelConfig},
};

/// A refusal's body is read up to here.
const STATUS_BYTES_MAX: usize = 3 << 20;

/// A way to a cluster's API servers. Cheap to clone; clones share connections and rate.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    host: Host,
    config: Config,
    channel: Channel,
    rate: Option<Mutex<Bucket>>,
    token: Mutex<Option<HeaderValue>>,
    user_agent: HeaderValue,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.0.channel).finish()
    }
}

/// How connections are kept; what is not said in the client's configuration.
fn channel(config: &Config) -> ChannelConfig {
    ChannelConfig {
        tls: config.tls.clone(),
        balance: Balance::Pinned,
        connect_timeout: config.connect_timeout,
        backoff: Backoff { first: Duration::from_millis(100), max: Duration::from_secs(2) },
        // A dead connection is noticed: net/http2's ReadIdleTimeout and PingTimeout as client-go
        // sets them (apimachinery/pkg/util/net/http.go).
        keepalive_interval: Duration::from_secs(30),
        keepalive_timeout: Duration::from_secs(15),
        ..ChannelConfig::default()
    }
}

fn bearer(token: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|error| Error::Request(format!("bearer token: {error}")))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Client {
    /// Builds; connects at the first request.
    ///
    /// # Errors
    /// Token or user agent hold what no header may hold.
    pub fn new(host: &Host, config: Config) -> Result<Self, Error> {
        let token = config.bearer_token.as_deref().map(bearer).transpose()?;
        let user_agent = HeaderValue::from_str(&config.user_agent)
            .map_err(|error| Error::Request(format!("user agent: {error}")))?;
        let channel = Channel::new(host, config.servers.clone(), channel(&config));
        let rate = config.rate.map(|rate| Mutex::new(Bucket::new(rate)));
        let (host, token) = (host.clone(), Mutex::new(token));
        Ok(Self(Arc::new(Shared { host, config, channel, rate, token, user_agent })))
    }

    /// The machine that it runs on.
    pub fn host(&self) -> &Host {
        &self.0.host
    }

    /// Objects of a resource, in all namespaces until one is chosen.
    pub fn resource(&self, resource: Resource) -> Api {
        Api::new(self.clone(), resource)
    }

    /// Shows another token from the next request on: those of service accounts expire.
    ///
    /// # Errors
    /// The token holds what no header may hold.
    pub fn replace_token(&self, token: &str) -> Result<(), Error> {
        *self.0.token.lock() = Some(bearer(token)?);
        Ok(())
    }

    /// Sends a request and reads the whole answer, retries included within the timeout.
    ///
    /// # Errors
    /// [`Error`]: whatever is not a success.
    pub async fn send(&self, ask: &Ask) -> Result<Bytes, Error> {
        let shared = &*self.0;
        let work = async {
            let body = Box::pin(shared.begin(ask, shared.rate.as_ref())).await?;
            read(body, shared.config.answer_bytes_max).await
        };
        shared.host.timeout(shared.config.timeout, work).await.unwrap_or(Err(Error::Elapsed))
    }

    /// Sends a request whose answer comes line by line. The timeout is for the answer's head.
    ///
    /// # Errors
    /// [`Error`]: whatever is not the beginning of a success.
    pub(crate) async fn stream(&self, ask: &Ask) -> Result<Lines, Error> {
        let shared = &*self.0;
        // Watches are few and long: client-go does not hold them to the rate either.
        let begin = Box::pin(shared.begin(ask, None));
        let begun = shared.host.timeout(shared.config.timeout, begin).await;
        Ok(Lines::new(begun.unwrap_or(Err(Error::Elapsed))?, shared.config.answer_bytes_max))
    }
}

impl Shared {
    /// Asks until the answer is no request to come again.
    async fn begin(&self, ask: &Ask, rate: Option<&Mutex<Bucket>>) -> Result<GrpcBody, Error> {
        let mut retries = 0;
        loop {
            if let Some(rate) = rate {
                let wait = rate.lock().reserve(self.host.now());
                if wait > Duration::ZERO {
                    self.host.sleep(wait).await;
                }
            }
            let failed = match self.once(ask).await {
                Ok(body) => return Ok(body),
                Err(failed) => failed,
            };
            let Some(wait) = again(ask, &failed).filter(|_| retries < self.config.retries) else {
                return Err(failed.error);
            };
            host::sometimes!(self.host, "client: a request is repeated");
            retries += 1;
            self.host.sleep(wait).await;
        }
    }

    async fn once(&self, ask: &Ask) -> Result<GrpcBody, Failed> {
        let mut request = ask.request()?;
        self.head(request.headers_mut());
        let sent = Box::pin(self.channel.send(request)).await;
        let response = sent.map_err(|status| unsent(&status))?;
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            return Ok(body);
        }
        let header = retry_after(&head.headers);
        let body = read(body, STATUS_BYTES_MAX).await.unwrap_or_default();
        let status = serde_json::from_slice(&body).ok().and_then(|value| Status::read(&value));
        let mut status = status.unwrap_or_else(|| {
            let text = String::from_utf8_lossy(&body);
            Status::generic(head.status.as_u16(), &ask.method, &text)
        });
        status.code = head.status.as_u16();
        status.retry_after = status.retry_after.or(header);
        Err(Failed { header, error: status.into() })
    }

    fn head(&self, headers: &mut HeaderMap) {
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        if let Some(token) = &*self.token.lock() {
            headers.insert(header::AUTHORIZATION, token.clone());
        }
    }
}

/// An attempt that failed.
struct Failed {
    /// What the header `Retry-After` said.
    header: Option<Duration>,
    error: Error,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { header: None, error }
    }
}

/// How long to wait before the request is made again; none: it is not (with_retry.go,
/// `IsNextRetry` and `checkWait`). A read whose connection broke is repeated, a write is not: it may
/// have been carried out.
fn again(ask: &Ask, failed: &Failed) -> Option<Duration> {
    match &failed.error {
        Error::Refused(status) if status.code == 429 || status.code >= 500 => failed.header,
        Error::Lost(_) if ask.method == Method::GET => Some(Duration::from_secs(1)),
        _ => None,
    }
}

/// Seconds only: upstream's servers send no dates.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Tells what was never sent from what may have been carried out, by the words that `wire` has for
/// the first.
fn unsent(status: &tonic::Status) -> Error {
    let text = status.message().to_owned();
    let nothing_sent = ["connection error:", "no endpoints", "transport is closing"];
    match status.code() {
        Code::Unavailable if nothing_sent.iter().any(|words| text.starts_with(words)) => {
            Error::Unreachable(text)
        }
        Code::DeadlineExceeded => Error::Elapsed,
        _ => Error::Lost(text),
    }
}

async fn read(body: GrpcBody, bytes_max: usize) -> Result<Bytes, Error> {
    match Limited::new(body, bytes_max).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::TooLong(bytes_max)),
        Err(error) => Err(Error::Lost(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16, header: Option<u64>) -> Failed {
        let status = Status { code, ..Status::default() };
        Failed { header: header.map(Duration::from_secs), error: status.into() }
    }

    #[test]
    fn only_what_the_server_asks_for_and_broken_reads_are_repeated() {
        let lost = || Failed::from(Error::Lost(String::new()));
        let seconds = |method: Method, failed: Failed| {
            again(&Ask::new(method, "/"), &failed).map(|wait| wait.as_secs())
        };
        assert_eq!(seconds(Method::POST, refused(429, Some(3))), Some(3));
        assert_eq!(seconds(Method::POST, refused(503, Some(1))), Some(1));
        assert_eq!(seconds(Method::POST, refused(429, None)), None);
        assert_eq!(seconds(Method::POST, refused(409, Some(1))), None);
        assert_eq!(seconds(Method::GET, lost()), Some(1));
        assert_eq!(seconds(Method::POST, lost()), None);
    }

    #[test]
    fn a_request_that_was_never_sent_is_known_as_such() {
        let of = |text: &str| unsent(&tonic::Status::unavailable(text));
        assert!(of("connection error: desc = \"transport: …\"").is_unreachable());
        assert!(of("no endpoints").is_unreachable());
        assert!(of("error reading from server: EOF").is_unknown());
        assert_eq!(unsent(&tonic::Status::deadline_exceeded("")), Error::Elapsed);
    }
}

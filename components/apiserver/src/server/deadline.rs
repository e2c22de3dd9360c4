//! How long a request may take.
//!
//! Upstream: apiserver/pkg/endpoints/filters/request_deadline.go, server/filters/timeout.go.

use crate::{failure::Failure, query::Query};
use http::StatusCode;
use std::time::Duration;

/// The time that a client gives a request, at most `most`.
///
/// # Errors
/// What it says is no duration.
pub(super) fn limit(query: &Query, most: Duration) -> Result<Duration, Failure> {
    let Some(text) = query.get("timeout").filter(|text| !text.is_empty()) else { return Ok(most) };
    let nanos = scalars::duration::parse(text).ok_or_else(|| {
        let why = format!("time: invalid duration {text:?}");
        Failure::bad_request(format!("invalid timeout specified in the request URL - {why}"))
    })?;
    // No time, and time in the past, mean none of the client's own.
    let asked = u64::try_from(nanos).ok().filter(|nanos| *nanos > 0).map(Duration::from_nanos);
    Ok(asked.map_or(most, |asked| asked.min(most)))
}

/// What apiserver's timeout filter says.
pub(super) fn timed_out() -> Failure {
    let text = "Timeout: request did not complete within the allotted timeout";
    Failure::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_may_ask_for_less_time_and_not_for_more() {
        let minute = Duration::from_secs(60);
        for (query, seconds) in [
            ("", Some(60)),
            ("timeout=", Some(60)),
            ("timeout=5s", Some(5)),
            ("timeout=0", Some(60)),
            ("timeout=-5s", Some(60)),
            ("timeout=1h", Some(60)),
            ("timeout=5", None),
            ("timeout=soon", None),
        ] {
            let limit = limit(&Query::parse(query), minute);
            assert_eq!(limit.ok(), seconds.map(Duration::from_secs), "{query}");
        }
        let refused = super::limit(&Query::parse("timeout=x"), minute).unwrap_err();
        let text = "invalid timeout specified in the request URL - time: invalid duration \"x\"";
        assert_eq!(refused.message, text);
    }
}

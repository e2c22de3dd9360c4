//! Headers that a proxy keeps to itself, and those that it adds.
//!
//! Upstream: Go's net/http/httputil/reverseproxy.go.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::net::IpAddr;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What is said of one connection is not true of the next.
const OF_THE_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Removes the headers that are about the connection, and those that `Connection` says are. A
/// client that reads trailers still does.
pub(super) fn leave_behind(headers: &mut HeaderMap) {
    let trailers = crate::has_token(headers, &header::TE, "trailers");
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&OF_THE_CONNECTION) {
        headers.remove(name);
    }
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

/// Adds the client to those that the request was forwarded for.
pub(super) fn forwarded_for(headers: &mut HeaderMap, client: IpAddr) {
    let before: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let all = match before.is_empty() {
        true => client.to_string(),
        false => format!("{}, {client}", before.join(", ")),
    };
    if let Ok(value) = HeaderValue::from_str(&all) {
        headers.insert(FORWARDED_FOR, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn what_is_about_the_connection_stays_behind() {
        let mut given = headers(&[
            ("connection", "close, X-Secret"),
            ("x-secret", "1"),
            ("keep-alive", "5"),
            ("te", "gzip, trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "SPDY/3.1"),
            ("accept", "*/*"),
        ]);
        leave_behind(&mut given);
        assert_eq!(given, headers(&[("accept", "*/*"), ("te", "trailers")]));
    }

    #[test]
    fn the_client_joins_those_before_it() {
        let client = IpAddr::from([10, 0, 0, 7]);
        let mut given = headers(&[("x-forwarded-for", "a"), ("x-forwarded-for", "b")]);
        forwarded_for(&mut given, client);
        assert_eq!(given, headers(&[("x-forwarded-for", "a, b, 10.0.0.7")]));
        let mut none = HeaderMap::new();
        forwarded_for(&mut none, client);
        assert_eq!(none, headers(&[("x-forwarded-for", "10.0.0.7")]));
    }
}

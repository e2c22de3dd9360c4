//! `pods/log`: what a container has said, and says.
//!
//! Upstream: pkg/registry/core/pod/rest/log.go, ValidatePodLogOptions, and
//! apiserver/pkg/registry/generic/rest/{streamer,response_checker}.go.

use super::{container, encoded, until};
use crate::{
    failure::{Cause, Failure, Named},
    kubelets::unworded,
    query::Query,
    registry::Target,
    server::{Asked, Server, answer},
};
use api::time::Moment;
use http::StatusCode;
use http_body_util::{BodyExt, Limited};
use wire::{
    Body, Response,
    client::{Fetched, fetch},
};

/// Of a kubelet's account of what went wrong, so much is told.
const COMPLAINT_BYTES_MAX: usize = 50_000;

/// What is wanted of a log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Wanted {
    container: String,
    follow: bool,
    previous: bool,
    timestamps: bool,
    since_seconds: Option<i64>,
    since_time: Option<String>,
    tail_lines: Option<i64>,
    limit_bytes: Option<i64>,
    /// Believe any kubelet.
    insecure: bool,
    stream: bool,
}

impl Wanted {
    fn read(query: &Query) -> Result<Self, Failure> {
        let number = |name| query.number(name).map_err(Failure::bad_request);
        let text = |name| query.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let since_time = text("sinceTime");
        if let Some(time) = &since_time
            && let Err(why) = Moment::parse(time)
        {
            return Err(Failure::bad_request(why));
        }
        Ok(Self {
            container: text("container").unwrap_or_default(),
            follow: query.is_true("follow"),
            previous: query.is_true("previous"),
            timestamps: query.is_true("timestamps"),
            since_seconds: number("sinceSeconds")?,
            since_time,
            tail_lines: number("tailLines")?,
            limit_bytes: number("limitBytes")?,
            insecure: query.is_true("insecureSkipTLSVerifyBackend"),
            stream: text("stream").is_some(),
        })
    }

    fn causes(&self) -> Vec<Cause> {
        let mut causes = Vec::new();
        let mut least = |field: &str, value: Option<i64>, least: i64, why: &str| {
            if let Some(value) = value.filter(|value| *value < least) {
                let message = format!("Invalid value: {value}: {why}");
                causes.push(Cause { reason: "FieldValueInvalid", message, field: field.into() });
            }
        };
        least("tailLines", self.tail_lines, 0, "must be greater than or equal to 0");
        least("limitBytes", self.limit_bytes, 1, "must be greater than 0");
        let both = self.since_seconds.is_some() && self.since_time.is_some();
        if !both {
            least("sinceSeconds", self.since_seconds, 1, "must be greater than 0");
        }
        let mut forbid = |field: &str, why: &str| {
            let message = format!("Forbidden: {why}");
            causes.push(Cause { reason: "FieldValueForbidden", message, field: field.into() });
        };
        if both {
            forbid("", "at most one of `sinceTime` or `sinceSeconds` may be specified");
        }
        if self.stream {
            forbid("stream", "may not be specified");
        }
        causes
    }

    fn parameters(&self) -> Vec<(&'static str, String)> {
        let flags =
            [("follow", self.follow), ("previous", self.previous), ("timestamps", self.timestamps)];
        let numbers = [
            ("sinceSeconds", self.since_seconds),
            ("tailLines", self.tail_lines),
            ("limitBytes", self.limit_bytes),
        ];
        let flags = flags.into_iter().filter(|(_, set)| *set);
        let flags = flags.map(|(name, _)| (name, "true".to_owned()));
        let numbers = numbers.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let numbers = numbers.map(|(name, value)| (name, value.to_string()));
        let time = self.since_time.iter().map(|time| ("sinceTime", time.clone()));
        flags.chain(numbers).chain(time).collect()
    }
}

impl Server {
    /// Answers with a container's log.
    pub(super) async fn log(&self, asked: &Asked, target: &Target) -> Result<Response, Failure> {
        let wanted = Wanted::read(&asked.query)?;
        let causes = wanted.causes();
        if !causes.is_empty() {
            let of = Named { group: "", resource: "PodLogOptions", name: &target.name };
            return Err(Failure::invalid(of, &causes));
        }
        let pod = self.core("pods", &target.namespace, &target.name).await?;
        let container = container::chosen(&pod, &wanted.container)?;
        let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
        if node.is_empty() {
            // Nothing was said yet.
            return Ok(answer::reply(StatusCode::NO_CONTENT, "text/plain", ""));
        }
        let kubelet = self.kubelets.of(&self.core("nodes", "", node).await?)?;
        let backend = self.kubelets.backend(&kubelet, !wanted.insecure)?;
        let (namespace, name) = (&target.namespace, &target.name);
        let path = format!("/containerLogs/{namespace}/{name}/{container}");
        let uri = format!("{path}?{}", encoded(&wanted.parameters()));
        let uri = uri.trim_end_matches('?');
        let request = http::Request::get(uri).body(Body::empty()).map_err(Failure::internal)?;
        let (tls, limit) = (backend.tls.as_ref(), backend.connect_limit);
        let fetched = fetch(&self.host, &backend.endpoint, tls, request, limit).await;
        match fetched {
            Ok(Fetched::Response(response)) => self.said(target, response).await,
            Ok(Fetched::Switched(..)) => Err(unworded("the kubelet left HTTP unasked")),
            Err(error) => Err(unworded(format!("Get \"{}{uri}\": {error}", backend.endpoint))),
        }
    }

    async fn said(&self, target: &Target, response: Response) -> Result<Response, Failure> {
        let (head, body) = response.into_parts();
        if (200..=206).contains(&head.status.as_u16()) {
            let mut response = answer::reply(head.status, "text/plain", "");
            *response.body_mut() = until::stopped(body, &self.closing);
            return Ok(response);
        }
        let complaint = Limited::new(body, COMPLAINT_BYTES_MAX).collect().await;
        let complaint = complaint.map_err(Failure::internal)?.to_bytes();
        let complaint = String::from_utf8_lossy(&complaint);
        Err(match head.status {
            StatusCode::INTERNAL_SERVER_ERROR => Failure::internal(complaint),
            StatusCode::BAD_REQUEST => Failure::bad_request(complaint),
            status => Failure::of_server(status, "pods/log", &target.name, &complaint),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(query: &str) -> Wanted {
        Wanted::read(&Query::parse(query)).unwrap()
    }

    #[test]
    fn options_are_handed_on() {
        let all = "container=c&follow=true&previous=1&timestamps&sinceSeconds=5&tailLines=0\
                   &limitBytes=7&insecureSkipTLSVerifyBackend=true&pretty=x";
        assert!(wanted(all).insecure && wanted(all).causes().is_empty());
        assert_eq!(
            encoded(&wanted(all).parameters()),
            "follow=true&limitBytes=7&previous=true&sinceSeconds=5&tailLines=0&timestamps=true"
        );
        let since = wanted("sinceTime=2026-01-01T00:00:00Z");
        assert_eq!(encoded(&since.parameters()), "sinceTime=2026-01-01T00%3A00%3A00Z");
    }

    #[test]
    fn senseless_options_are_refused_in_upstreams_words() {
        let said = |query: &str| {
            let of = Named { group: "", resource: "PodLogOptions", name: "p" };
            Failure::invalid(of, &wanted(query).causes()).message
        };
        for (query, expected) in [
            ("tailLines=-1", "tailLines: Invalid value: -1: must be greater than or equal to 0"),
            ("limitBytes=0", "limitBytes: Invalid value: 0: must be greater than 0"),
            ("sinceSeconds=0", "sinceSeconds: Invalid value: 0: must be greater than 0"),
            (
                "sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z",
                "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
            ),
            ("stream=Stdout", "stream: Forbidden: may not be specified"),
        ] {
            let expected = format!("PodLogOptions \"p\" is invalid: {expected}");
            assert_eq!(said(query), expected, "{query}");
        }
        let read = |query: &str| Wanted::read(&Query::parse(query)).unwrap_err().message;
        assert!(read("tailLines=x").contains("parsing \"x\": invalid syntax"));
        assert!(read("sinceTime=x").starts_with("parsing time \"x\""));
    }
}

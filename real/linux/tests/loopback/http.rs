//! Plain text: HTTP/1.1 and gRPC on one port, statuses of what is not found, deadlines.

use crate::{
    echo::{call, count},
    setting::{Server, run},
};
use std::time::Duration;
use tonic::{Code, Request};
use wire::client::{RequestError, get};

#[test]
fn one_port_answers_both_versions() {
    run(async |host| {
        let server = Server::start(&host).await;
        let (endpoint, limit) = (server.endpoint("http"), Duration::from_secs(5));
        let reply = get(&host, &endpoint, None, "/health", 100, limit).await.unwrap();
        assert_eq!(reply.body, "HTTP/1.1 /health");
        assert!(reply.headers.get("date").is_none(), "no ambient clock in a response");
        let channel = server.channel(&host);
        let echoed = call(&channel, "/test.Echo/Echo", "hello".to_owned()).await.unwrap();
        assert_eq!(echoed, "hello");
        assert_eq!(count(&channel, 1000).await.unwrap().len(), 1000);
        let big = "x".repeat(3 << 20);
        let echoed = call(&channel, "/test.Echo/Echo", big.clone()).await.unwrap();
        assert!(echoed == big, "three megabytes pass");
    });
}

#[test]
fn what_is_not_found_is_said_in_upstreams_words() {
    run(async |host| {
        let server = Server::start(&host).await;
        let channel = server.channel(&host);
        for (path, code, message) in [
            ("/test.Nobody/Echo", Code::Unimplemented, "unknown service test.Nobody"),
            (
                "/test.Echo/Nothing",
                Code::Unimplemented,
                "unknown method Nothing for service test.Echo",
            ),
            ("/bad", Code::Unimplemented, "malformed method name: \"/bad\""),
            ("/test.Echo/Fail", Code::FailedPrecondition, "why"),
        ] {
            let status = call(&channel, path, "why".to_owned()).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (code, message), "{path}");
        }
    });
}

#[test]
fn a_deadline_ends_the_call() {
    run(async |host| {
        let server = Server::start(&host).await;
        let mut request = Request::new(String::new());
        request.set_timeout(Duration::from_millis(50));
        let channel = server.channel(&host);
        let status = call(&channel, "/test.Echo/Wait", request).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert_eq!(status.message(), "context deadline exceeded");
    });
}

#[test]
fn a_plain_reply_has_a_limit() {
    run(async |host| {
        let server = Server::start(&host).await;
        let (endpoint, limit) = (server.endpoint("http"), Duration::from_secs(5));
        let error = get(&host, &endpoint, None, "/health", 5, limit).await.unwrap_err();
        assert!(matches!(error, RequestError::TooLong(5)), "{error}");
    });
}
